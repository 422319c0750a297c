"""Other daemons that live, known by the locks that they hold open.

A state folder may be deleted or moved away while its daemon lives, and another be made
in its place: then that daemon's programs are its own nevertheless. Blocking, but short.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from selfhealingd.supervise.identity import processes, read_proc

_NAME = b"selfhealingd"
_GONE = " (deleted)"


def rival(lock: Path) -> int | None:
    """Return the pid of a daemon that holds a lock which was deleted from there."""
    gone = f"{lock}{_GONE}"
    return next((pid for pid, link in _locks(lock.name) if link == gone), None)


def living_states(lock_name: str = "lock") -> set[str]:
    """Return the folders, as ``number`` has them, of states with a living daemon."""
    found = set()
    for _, link in _locks(lock_name):
        with suppress(OSError):
            found.add(number(Path(link).parent))
    return found


def number(folder: Path) -> str:
    """Tell a folder from any other, also one that was at its place before."""
    status = folder.stat()
    return f"{status.st_dev:x}.{status.st_ino:x}"


def _locks(name: str) -> Iterator[tuple[int, str]]:
    ours = os.getpid()
    for stat in processes():
        if stat.pid == ours or _NAME not in (read_proc(stat.pid, "cmdline") or b""):
            continue
        with suppress(OSError):  # it is gone, or another user's
            for fd in os.listdir(f"/proc/{stat.pid}/fd"):  # noqa: PTH208
                link = os.readlink(f"/proc/{stat.pid}/fd/{fd}")  # noqa: PTH115
                if link.removesuffix(_GONE).endswith(f"/{name}"):
                    yield stat.pid, link
