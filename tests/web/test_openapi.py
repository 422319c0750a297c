"""The OpenAPI document: whole, true to the protocol, and leading nowhere wrong."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from selfhealingd.commands import results
from selfhealingd.web.methods import ELSEWHERE, RESUME
from selfhealingd.web.openapi import described
from selfhealingd.wire.methods import METHODS, Access

DESCRIBED = msgspec.json.decode(described(results()))
PATHS = DESCRIBED["paths"]


def references(value: Any) -> Iterator[str]:
    """Everything that is referred to, wherever."""
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for one in value.values():
                yield from references(one)
        case list():
            for one in value:
                yield from references(one)


def test_every_reference_leads_somewhere() -> None:
    """And every schema is used."""
    found = set(references(DESCRIBED))
    schemas = DESCRIBED["components"]["schemas"]
    assert found <= {f"#/components/schemas/{name}" for name in schemas}
    assert "#/components/schemas/Status" in found


def test_every_method_is_there_by_its_verb() -> None:
    """Those that operate take the token, and say what they need."""
    for name, method in METHODS.items():
        if name in ELSEWHERE:
            continue
        [(verb, operation)] = PATHS[f"/api/{name}"].items()
        looks = method.access is Access.OBSERVE
        assert ("get" if looks else "post") == verb
        assert ({} in operation["security"]) is looks
        assert ("requestBody" in operation) is not looks
    assert PATHS[RESUME]["post"]["requestBody"]["required"]
    assert {"names", "last"} == {
        one["name"] for one in PATHS["/api/samples"]["get"]["parameters"]
    }


def test_its_form_is_that_of_openapi() -> None:
    """What the specification (3.1) demands of what is used here."""
    assert "3.1.0" == DESCRIBED["openapi"]
    assert {"title", "version"} <= DESCRIBED["info"].keys()
    names = [one["operationId"] for path in PATHS.values() for one in path.values()]
    assert len(names) == len(set(names))
    for path, operations in PATHS.items():
        assert re.fullmatch(r"/[a-z/.-]*", path)
        for operation in operations.values():
            assert operation["summary"]
            for status, answer in operation["responses"].items():
                assert re.fullmatch(r"200|202|default", status)
                assert answer["description"]
                for media, content in answer["content"].items():
                    assert re.fullmatch(r"[a-z]+/[a-z-]+", media)
                    assert content["schema"]
            for one in operation.get("parameters", ()):
                assert {"name", "in", "required", "schema"} == one.keys()
