"""Where a program's output goes: plain data."""

from enum import Enum
from pathlib import Path
from typing import TypeAlias

import msgspec

MAX_BYTES = 50 * 1024 * 1024
BACKUPS = 10


class LogTo(msgspec.Struct, frozen=True, kw_only=True):
    """Output goes to a file, of which ``backups`` older ones are kept.

    It is rotated before it passes ``max_bytes`` (0: never), and in the first moment
    of each period of ``max_age`` seconds (0: never), counted from local midnight:
    86,400 is daily. ``compress``: all but the newest older one are gzipped.
    """

    path: Path
    max_bytes: int = MAX_BYTES
    max_age: float = 0.0
    backups: int = BACKUPS
    compress: bool = False


class Elsewhere(Enum):
    """Output goes to what is no file of the program's own."""

    NOWHERE = "/dev/null; there is no FIFO"
    STDOUT = "the daemon's own stdout, each line with the program's name in front"
    STDERR = "the daemon's own stderr, likewise"
    JOURNAL = "systemd's journal"


Target: TypeAlias = LogTo | Elsewhere
