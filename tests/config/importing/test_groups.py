"""Groups keep their names, members and order, as far as ours can."""

import tomllib
from pathlib import Path
from typing import Any

from selfhealingd.config.importing import import_file


def imported(tmp_path: Path, *lines: str) -> dict[str, Any]:
    file = tmp_path / "supervisord.conf"
    file.write_text("\n".join(lines))
    return tomllib.loads(import_file(file, environ={}, host="box").text)


def programs(**priorities: int) -> list[str]:
    return [
        f"[program:{name}]\ncommand={name}\npriority={priority}"
        for name, priority in priorities.items()
    ]


def test_priorities_that_agree(tmp_path: Path) -> None:
    """They stay as they are where they give supervisord's order already."""
    tables = imported(
        tmp_path, *programs(a=1, b=2), "[group:g]\nprograms=a\npriority=1"
    )
    found = {name: one["priority"] for name, one in tables["program"].items()}
    assert found == {"a": 1, "b": 2}


def test_priorities_that_a_group_overrules(tmp_path: Path) -> None:
    """A group's priority comes first for supervisord, so programs get it all."""
    tables = imported(
        tmp_path, *programs(a=1, b=2, c=3), "[group:late]\nprograms=a,b\npriority=50"
    )
    found = {name: one["priority"] for name, one in tables["program"].items()}
    assert found == {"c": 1, "a": 2, "b": 3}


def test_a_group_named_as_a_program(tmp_path: Path) -> None:
    """Two things cannot have one name here: the group gets another."""
    tables = imported(tmp_path, *programs(a=1, b=1), "[group:a]\nprograms=a,b")
    assert tables["group"] == {"a-2": {"programs": ["a", "b"]}}
