"""TOML in which a table is written twice: read as far as it goes, both places named.

That is the usual slip of who copies a program's table and forgets to change its name.
A parser stops there, and would hide every other mistake in the file.
"""

import re
import tomllib
from typing import Any

import msgspec

_MOST = 100  # each costs a reading of the whole file
# Of CPython's tomllib; another wording is told as it is.
_TWICE = re.compile(r"Cannot declare .* twice \(at line (?P<line>\d+)")
_STAND_IN = "selfhealingd-written-again-"


class Twice(msgspec.Struct, frozen=True):
    """A table that is written twice, and in which lines; ``first`` None: unknown."""

    keys: tuple[str, ...]
    first: int | None
    again: int


def parse(text: str) -> tuple[dict[str, Any], tuple[Twice, ...]]:
    """Return the tables in ``text``, and which of them are written twice.

    Both are put together, the first one's values where they contradict each other.
    Raises what ``tomllib.loads`` does of anything else that is wrong.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    found: list[Twice] = []
    while isinstance(tables := _loads(lines, patient=len(found) < _MOST), Twice):
        # Out of the way, but with as many lines as before.
        lines[tables.again - 1] = f"[{_STAND_IN}{len(found)}]"
        found.append(tables)
    for number, twice in enumerate(found):
        more = tables.pop(f"{_STAND_IN}{number}")
        for key in reversed(twice.keys):
            more = {key: more}
        _fill(tables, more)
    return tables, tuple(found)


def _loads(lines: list[str], *, patient: bool) -> dict[str, Any] | Twice:
    """Return the tables, or the first that is written twice."""
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        twice = _twice(lines, str(error)) if patient else None
        if twice is None:
            raise
        return twice


def _twice(lines: list[str], problem: str) -> Twice | None:
    told = _TWICE.search(problem)
    if told is None:
        return None
    again = int(told["line"])
    keys = _header(lines[again - 1])
    if not keys:
        return None
    above = enumerate(lines[: again - 1], start=1)
    first = next((number for number, line in above if _header(line) == keys), None)
    return Twice(keys, first, again)


def _header(line: str) -> tuple[str, ...]:
    """Return the keys in a table's header; none if the line is something else."""
    if not line.lstrip().startswith("["):
        return ()
    try:
        table: object = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    keys: list[str] = []
    while isinstance(table, dict) and len(table) == 1:
        [(key, table)] = table.items()
        keys.append(key)
    return tuple(keys)


def _fill(table: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        present = table.setdefault(key, value)
        if present is not value and isinstance(present, dict):
            _fill(present, value if isinstance(value, dict) else {})
