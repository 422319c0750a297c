"""The page of the protocol has every method, with the fields that there are."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from selfhealingd.commands import results
from selfhealingd.wire.methods import METHODS

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"


def rows() -> dict[str, str]:
    """Each method, and what the page says of its result."""
    chapter = PAGE.read_text().partition("\n## Results\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| (`.*?) \| (.*) \|$", chapter, re.MULTILINE)
    return {
        name: told for names, told in table for name in re.findall("[a-z-]+", names)
    }


def test_every_method_has_its_result() -> None:
    """And nothing else has."""
    assert METHODS.keys() == rows().keys()


@pytest.mark.parametrize("method", METHODS)
def test_fields_are_those_of_the_document(method: str) -> None:
    """Where the page spells them out, none is missing and none is made up."""
    told = re.match(r"(?:(?:array|list) of )?`\{([\w, ]+)\}", rows()[method])
    if told is None:
        assert not rows()[method].startswith("`{")
        return
    kind = results()[method]
    [document] = [
        one for one in (kind, *get_args(kind)) if hasattr(one, "__struct_fields__")
    ]
    fields = {one.encode_name for one in msgspec.structs.fields(document)}
    assert fields == set(told[1].split(", "))
