"""What takes time to learn of a family, so that it is done aside and shared."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from time import sleep
from typing import Generic, NamedTuple, TypeVar

import trio

from selfhealingd.supervise.environment import marks_in
from selfhealingd.supervise.handles import Pipe, pipe_of
from selfhealingd.supervise.identity import (
    Stat,
    children,
    lists_children,
    processes,
    read_proc,
)
from selfhealingd.supervise.register import Orphan

T = TypeVar("T")

_READ_SECS = 2.0
_EXEC_SECS = 0.01
_READS_AT_ONCE = 4

_reading = trio.CapacityLimiter(_READS_AT_ONCE)


class Inhabitant(NamedTuple):
    """A process, the marks in its environment, and where it writes to."""

    stat: Stat
    marks: Mapping[str, str]
    pipes: frozenset[Pipe]


async def read_marks(unread: Sequence[Orphan]) -> None:
    """Read the environments of orphans and note their marks, and where they write to.

    One that can't be read within 2 s, since it is stuck, counts as unmarked.
    """
    pids = [orphan.identity.pid for orphan in unread]
    found: list[tuple[Mapping[str, str], frozenset[Pipe]]] = []
    with trio.move_on_after(_READ_SECS):
        # The kernel lets us wait while it fetches the page, from a dead disk perhaps.
        found = await trio.to_thread.run_sync(
            _marks, pids, abandon_on_cancel=True, limiter=_reading
        )
    nothing: list[tuple[Mapping[str, str], frozenset[Pipe]]] = [({}, frozenset())]
    for orphan, read in zip(unread, found or nothing * len(pids), strict=True):
        orphan.marks, orphan.pipes = read


def pipes(pid: int) -> frozenset[Pipe]:
    """Return which pipes and FIFOs a process has as its stdout and stderr."""
    found = set()
    for fd in (1, 2):
        with suppress(OSError):  # it is gone, or another user's
            found.add(pipe_of(os.stat(f"/proc/{pid}/fd/{fd}")))  # noqa: PTH116
    return frozenset(pipe for pipe in found if pipe)


def _marks(
    pids: Iterable[int],
) -> list[tuple[Mapping[str, str], frozenset[Pipe]]]:
    return [(marks_in(_environ(pid)), pipes(pid)) for pid in pids]


def _environ(pid: int) -> bytes:
    environ = read_proc(pid, "environ")
    if environ == b"":
        # Either it has none, or is in the middle of an exec.
        sleep(_EXEC_SECS)
        environ = read_proc(pid, "environ")
    return environ or b""


async def kin() -> Callable[[int], Iterable[int]]:
    """Return what knows the children of a pid."""
    if lists_children():
        return children
    families = await _families.get()
    return lambda pid: families.get(pid, ())


async def census() -> Sequence[Inhabitant]:
    """Return every process that runs, with what it may be known by."""
    return await _census.get()


class Scans(Generic[T]):
    """Readings of all of ``/proc``, each shared by who asked before it began."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = trio.Lock()
        self._asked = 0
        self._answered = 0
        self._found: T | None = None

    async def get(self) -> T:
        """Return what is read after this call began."""
        self._asked += 1
        mine = self._asked
        async with self._lock:
            if self._found is None or self._answered < mine:
                covered = self._asked
                self._found = await trio.to_thread.run_sync(self._read)
                self._answered = covered
            return self._found


def _read_families() -> Mapping[int, Sequence[int]]:
    families = defaultdict[int, list[int]](list)
    for stat in processes():
        families[stat.parent].append(stat.pid)
    return families


def _read_census() -> Sequence[Inhabitant]:
    return [
        Inhabitant(
            stat, marks_in(read_proc(stat.pid, "environ") or b""), pipes(stat.pid)
        )
        for stat in processes()
        if not stat.gone
    ]


_families = Scans(_read_families)
_census = Scans(_read_census)
