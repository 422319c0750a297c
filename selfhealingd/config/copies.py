"""``numprocs``: several processes of one table, told apart by their number.

Only a table that has the key is looked through for ``%(process_num)d`` and the like;
anywhere else a percent sign is a percent sign.
"""

import re
from collections.abc import Iterator
from typing import Any

from selfhealingd.config.mistakes import Spot, likely, show

KEY = "numprocs"
MOST = 1000

_KNOWN = ("process_num", "program_name", "group_name", "numprocs")
_PLACE = re.compile(rf"%%|%\((?P<key>{'|'.join(_KNOWN)})\)(?P<format>0?\d*[ds])")
_MEANT = re.compile(r"%%|%\((?P<key>[^()]*)\)(?P<format>[-+ #]*\d*(\.\d+)?[a-zA-Z])?")


def copies(name: str, raw: object, spot: Spot) -> Iterator[tuple[str, object]]:
    """Name and table of each process: the table itself where it has no ``numprocs``.

    Three processes of ``web`` are ``web_00``, ``web_01`` and ``web_02``, and are its
    group.
    """
    if not isinstance(raw, dict) or KEY not in raw:
        yield name, raw
        return
    table = {key: value for key, value in raw.items() if key != KEY}
    number = raw[KEY]
    if not isinstance(number, int) or isinstance(number, bool) or number not in _RANGE:
        spot.at(KEY).wrong(f"expected a number from 1 to {MOST}, got {show(number)}")
        number = 1
    _check(table, spot)
    for process_num in range(number):
        values: dict[str, int | str] = {
            "process_num": process_num,
            "program_name": name,
            "group_name": name,
            "numprocs": number,
        }
        yield f"{name}_{process_num:02d}", _filled(table, values)


def _check(value: object, spot: Spot) -> None:
    """Note what looks like a place for one of the values, and is none."""
    match value:
        case dict():
            for key, item in value.items():
                _check(item, spot.at(key))
        case list():
            for index, item in enumerate(value):
                _check(item, spot.item(index))
        case str():
            for found in _MEANT.finditer(value):
                if not _PLACE.fullmatch(found[0]):
                    _tell(found, spot)
        case _:
            pass


def _tell(found: re.Match[str], spot: Spot) -> None:
    key = found["key"]
    literal = 'a literal one is written "%%("'
    if key in _KNOWN:
        shape = "s" if key.endswith("name") else "d"
        better = f'write "%({key}){shape}"'
        spot.wrong(f"numprocs can't fill in {found[0]!r}", f"{better}; {literal}")
        return
    better = likely(key, _KNOWN) or f"there are {', '.join(_KNOWN)}"
    spot.wrong(f"numprocs knows no {found[0]!r}", f"{better}; {literal}")


_RANGE = range(1, MOST + 1)


def _filled(value: Any, values: dict[str, int | str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, str):
        return _PLACE.sub(lambda found: _fill(found, values), value)
    return value


def _fill(found: re.Match[str], values: dict[str, int | str]) -> str:
    if found["key"] is None:
        return "%"
    value, style = values[found["key"]], found["format"]
    if isinstance(value, str) or style.endswith("s"):
        return str(value)
    return f"{value:{style}}"
