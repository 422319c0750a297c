"""Programs of an earlier daemon that still run: who they are, and their end.

They are known by the daemon's records, by the mark in their environment, and by
living in the session of a process known that way. A process that took over a
recorded number is somebody else, and never touched.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from signal import SIGKILL, SIGTERM

import trio

from selfhealingd.supervise.environment import INSTANCE, PROGRAM
from selfhealingd.supervise.errors import SignalError
from selfhealingd.supervise.identity import Identity, Stat, processes, read_proc
from selfhealingd.supervise.pidfd import pidfd_of, send_by

_KILL_SECS = 5.0
_AT_ONCE = 256  # well below the usual limit of 1024 descriptors

DEFAULT_GRACE = (int(SIGTERM), 10.0)
"""Signal and seconds for a program that the config no longer knows."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as the state file remembers it; ``started`` in ticks since boot."""

    program: str
    pid: int
    started: int
    boot: str


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process of an earlier daemon; ``program`` is empty if nothing tells it."""

    pid: int
    started: int
    program: str
    session: int

    @property
    def identity(self) -> Identity:
        """Who this is."""
        return Identity(self.pid, self.started)


async def find(
    recorded: Iterable[Recorded], instance: str, boot: str
) -> list[Leftover]:
    """Find what an earlier daemon left running, in order of pid.

    ``recorded`` counts only where it is of this ``boot``; ``instance`` is the mark
    of our daemons (not empty). Neither this process nor one that it descends from is
    ever among them.
    """
    known = {Identity(r.pid, r.started): r.program for r in recorded if r.boot == boot}
    return await trio.to_thread.run_sync(_find, known, instance, abandon_on_cancel=True)


def _find(known: Mapping[Identity, str], instance: str) -> list[Leftover]:
    running = {stat.pid: stat for stat in processes() if not stat.gone}
    ours = _lineage(running)
    programs: dict[int, str] = {}
    for stat in running.values():
        # The stat was read first: should the pid change hands now, then what we
        # return names the former owner, and matches nobody.
        program = known.get(stat.identity)
        if program is None:
            program = _marked(stat.pid, instance)
        if program is not None:
            programs[stat.pid] = program
    return sorted(
        (
            Leftover(stat.pid, stat.started, program, stat.session)
            for stat in running.values()
            if stat.pid not in ours and (program := _claim(stat, programs)) is not None
        ),
        key=lambda leftover: leftover.pid,
    )


def _claim(stat: Stat, programs: Mapping[int, str]) -> str | None:
    # A program that rewrites its title, or clears its environment, loses the mark.
    return programs.get(stat.pid, programs.get(stat.session))


def _lineage(running: Mapping[int, Stat]) -> set[int]:
    pid, lineage = os.getpid(), set[int]()
    while pid in running and pid not in lineage:
        lineage.add(pid)
        pid = running[pid].parent
    return lineage


def _marked(pid: int, instance: str) -> str | None:
    mark = f"{INSTANCE}={instance}".encode()
    environ = read_proc(pid, "environ")
    if environ is None or mark not in environ:
        return None
    entries = environ.split(b"\0")
    if mark not in entries:
        return None
    prefix = f"{PROGRAM}=".encode()
    named = (entry[len(prefix) :] for entry in entries if entry.startswith(prefix))
    return os.fsdecode(next(named, b""))


async def stop_leftovers(
    leftovers: Iterable[Leftover], *, grace: Mapping[str, tuple[int, float]]
) -> list[Leftover]:
    """Stop all of them at once; return those that would not die.

    Each gets its program's signal from ``grace`` and its seconds to end by itself,
    then SIGKILL and up to 5 s more. What they forked meanwhile is found by ``find``.
    """
    survivors: list[Leftover] = []
    room = trio.CapacityLimiter(_AT_ONCE)

    async def stop(leftover: Leftover) -> None:
        async with room:
            signo, seconds = grace.get(leftover.program, DEFAULT_GRACE)
            if not await _stopped(leftover.identity, signo, seconds):
                survivors.append(leftover)

    async with trio.open_nursery() as nursery:
        for leftover in leftovers:
            nursery.start_soon(stop, leftover)
    return survivors


async def _stopped(identity: Identity, signo: int, seconds: float) -> bool:
    with pidfd_of(identity) as fd:
        if fd is None:
            return True
        for number, patience in ((signo, seconds), (SIGKILL, _KILL_SECS)):
            try:
                send_by(fd, number, identity.pid)
            except SignalError:
                return False  # it is another user's: the caller tells who survived
            with trio.move_on_after(patience):
                await trio.lowlevel.wait_readable(fd)
                return True
    return False
