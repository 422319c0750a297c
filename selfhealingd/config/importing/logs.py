"""Logs that several processes write to: one file is rotated in one way only.

supervisord lets each of them rotate it, and loses what the others write meanwhile.
"""

import os
from collections.abc import Iterable

from selfhealingd.config import values
from selfhealingd.config.importing.document import Key, Table
from selfhealingd.config.output import SPECIAL
from selfhealingd.core.output import BACKUPS, MAX_BYTES

_DEFAULTS = {"logfile_maxbytes": MAX_BYTES, "logfile_backups": BACKUPS}


def agree(tables: Iterable[Table]) -> None:
    """Let the first that names a file decide how it is rotated, and say so."""
    first: dict[str, tuple[str, Table, str]] = {}
    for table in tables:
        if table.doubtful or table.header[:1] != ("program",):
            continue
        for stream in ("stdout", "stderr"):
            log = _value(table, f"{stream}_logfile")
            if not isinstance(log, str) or log == "AUTO" or log in SPECIAL:
                continue
            who = f"{stream} of {table.header[1]}"
            decides = first.setdefault(os.path.normpath(log), (who, table, stream))
            _follow(table, stream, decides)


def _follow(table: Table, stream: str, decides: tuple[str, Table, str]) -> None:
    who, other, its = decides
    for ending, default in _DEFAULTS.items():
        wanted = _value(other, f"{its}_{ending}", default)
        key = f"{stream}_{ending}"
        found = _value(table, key, default)
        if values.size(found) == values.size(wanted):
            continue
        line = Key(key, wanted, f"was {found}; as for {who}: it is the same file")
        rest = [old for old in table.lines if not _is(old, key)]
        table.lines[:] = [*rest, line]


def _value(table: Table, key: str, default: object = None) -> object:
    found = (line for line in table.lines if isinstance(line, Key))
    return next((line.value for line in found if line.key == key), default)


def _is(line: object, key: str) -> bool:
    return isinstance(line, Key) and line.key == key
