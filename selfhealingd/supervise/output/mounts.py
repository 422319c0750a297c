"""Which file system a path is on, told without touching it: it may be a dead one."""

import os
import re
from pathlib import Path

_TABLE = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(rb"\\([0-7]{3})")
_MOUNT_POINT = 4


def mount_points() -> frozenset[str]:
    """Return where something is mounted, of this process's view; only ``/`` unseen."""
    try:
        table = _TABLE.read_bytes()
    except OSError:  # no /proc: then all is one file system for us
        return frozenset("/")
    fields = (line.split() for line in table.splitlines())
    return frozenset(_decoded(field[_MOUNT_POINT]) for field in fields)


def mount_of(path: Path, points: frozenset[str]) -> str:
    """Return the mount point that an absolute path belongs to.

    Symbolic links on the way are not followed, as that may wait for a dead server.
    """
    for folder in path.parents:
        if str(folder) in points:
            return str(folder)
    return "/"


def _decoded(field: bytes) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda code: bytes([int(code[1], 8)]), field))
