"""FIFOs that are not where they belong any more, found at those who have them open.

Somebody may have deleted the folder that they were in (logind does so with all of
``$XDG_RUNTIME_DIR``, at a user's last logout), or the config names another one by now.
What is written to them can be read on nevertheless, through ``/proc/PID/fd``.
"""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from selfhealingd.supervise.identity import children, real_uid

_FLAGS = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
_GONE = " (deleted)"
_STREAMS = ("1", "2")
_OURS = 3
"""A FIFO's name, its folder, and the folder above, which is named by the state: these
three are no other daemon's. A program's own stdout or stderr is ours by the first two
alone: the state folder may be another one by now."""


def find_lost(path: Path, pid: int) -> int | None:
    """Open the FIFO that was once at ``path``, if a program has it open.

    None if that is the one which is there, or if neither the program nor any of its
    descendants has one. The descriptor is the caller's. Blocking, but short.
    """
    for one in _family(pid):
        for theirs in _open_of(one, path, own=_STREAMS if one == pid else ()):
            with suppress(OSError):  # it was closed in this moment, or is not for us
                return None if _is_at(theirs, path) else _taken(theirs, one)
    return None


def own_lost(folder: Path) -> dict[Path, int]:
    """Return, by where they belong, FIFOs of a folder that we ourselves hold open."""
    found = {}
    for theirs in _open_of(os.getpid(), folder / "*"):
        path = folder / _called(theirs).name
        with suppress(OSError):
            if path not in found and not _is_at(theirs, path):
                found[path] = os.dup(int(theirs.name))
    return found


def _family(pid: int) -> Iterator[int]:
    waiting, met = [pid], set[int]()
    while waiting:
        one = waiting.pop(0)
        if one not in met:
            met.add(one)
            yield one
            waiting += children(one)


def _open_of(pid: int, path: Path, own: Collection[str] = ()) -> Iterator[Path]:
    """Yield what a process has open that is called as ``path`` is; ``*``: anything.

    ``own``: descriptors at which name and folder suffice.
    """
    folder = Path(f"/proc/{pid}/fd")
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names suffice
    except OSError:
        return
    *where, name = path.parts[-_OURS:]
    for fd in sorted(names, key=int):
        *there, called = _called(folder / fd).parts[-_OURS:] or ("",)
        known = there == where or (fd in own and there[-1:] == where[-1:])
        if known and name in (called, "*"):
            yield folder / fd


def _called(descriptor: Path) -> Path:
    try:
        return Path(os.readlink(descriptor).removesuffix(_GONE))  # noqa: PTH115
    except OSError:
        return Path()


def _is_at(theirs: Path, path: Path) -> bool:
    try:
        return path.samefile(theirs)
    except FileNotFoundError:
        theirs.stat()  # or it is this one that is not there
        return False


def _taken(theirs: Path, pid: int) -> int | None:
    """Open it, if it can't be a stranger's that a program has open under this name."""
    found = theirs.stat()
    if not stat.S_ISFIFO(found.st_mode):
        return None
    if found.st_uid not in (os.geteuid(), real_uid(pid)):
        return None
    return os.open(theirs, _FLAGS)
