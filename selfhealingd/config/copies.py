"""``numprocs``: several processes of one table, told apart by their number.

Only a table that has the key is looked through for ``%(process_num)d`` and the like;
anywhere else a percent sign is a percent sign.
"""

import re
from collections.abc import Iterator
from typing import Any

from selfhealingd.config.mistakes import Spot, show

KEY = "numprocs"
MOST = 1000

_PLACE = re.compile(
    r"%%|%\((?P<key>process_num|program_name|group_name|numprocs)\)"
    r"(?P<format>0?\d*[ds])"
)


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
    for process_num in range(number):
        values: dict[str, int | str] = {
            "process_num": process_num,
            "program_name": name,
            "group_name": name,
            "numprocs": number,
        }
        yield f"{name}_{process_num:02d}", _filled(table, values)


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
