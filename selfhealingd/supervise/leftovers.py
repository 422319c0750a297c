"""Programs of an earlier daemon that still run: who they are, and their end.

They are known by the daemon's records, by the mark in their environment, and by
living in the session of a process known that way. A process that took over a
recorded number is somebody else, and never touched.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGKILL, SIGTERM
from typing import NamedTuple

import trio

from selfhealingd.supervise.environment import INSTANCE, PROGRAM, RUN, marks_in
from selfhealingd.supervise.errors import SignalError
from selfhealingd.supervise.identity import (
    Identity,
    Stat,
    processes,
    read_proc,
    real_uid,
)
from selfhealingd.supervise.pidfd import pidfd_of, send_by
from selfhealingd.supervise.rivals import living_states

_KILL_SECS = 5.0
_AT_ONCE = 256  # well below the usual limit of 1024 descriptors

DEFAULT_GRACE = (int(SIGTERM), 10.0)
"""Signal and seconds for a program that the config no longer knows."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A program's latest run as the state file remembers it.

    ``pid`` and ``started`` (ticks since boot) are None where it had no process;
    ``awaited``: one was being started at that moment.
    """

    program: str
    run: int
    pid: int | None
    started: int | None
    awaited: bool
    boot: str

    @property
    def identity(self) -> Identity | None:
        """Who its process was."""
        if self.pid is None or self.started is None:
            return None
        return Identity(self.pid, self.started)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process of an earlier daemon; ``program`` is empty if nothing tells it.

    ``run`` is None, too, where nothing tells; ``uid`` is the real one.
    """

    pid: int
    started: int
    program: str
    session: int
    run: int | None = None
    uid: int | None = None

    @property
    def identity(self) -> Identity:
        """Who this is."""
        return Identity(self.pid, self.started)


class _Claim(NamedTuple):
    program: str
    run: int | None


async def find(
    recorded: Iterable[Recorded], instance: str, boot: str
) -> list[Leftover]:
    """Find what an earlier daemon left running, in order of pid.

    ``recorded`` counts only where it is of this ``boot``; ``instance`` is the mark
    of our daemons (not empty). Neither this process nor one that it descends from is
    ever among them.
    """
    known = {
        one.identity: _Claim(one.program, one.run)
        for one in recorded
        if one.boot == boot and one.identity is not None
    }
    return await trio.to_thread.run_sync(_find, known, instance, abandon_on_cancel=True)


def _find(known: Mapping[Identity, _Claim], instance: str) -> list[Leftover]:
    running = {
        stat.pid: stat
        for stat in processes()
        if not stat.gone or _awaits_us(stat, known)
    }
    ours = _lineage(running)
    mark = _Mark(instance)
    claims: dict[int, _Claim] = {}
    for stat in running.values():
        # The stat was read first: should the pid change hands now, then what we
        # return names the former owner, and matches nobody.
        claim = known.get(stat.identity) or mark.claim(stat.pid)
        if claim is not None:
            claims[stat.pid] = claim
    return sorted(
        (
            Leftover(
                stat.pid,
                stat.started,
                claim.program,
                stat.session,
                claim.run,
                real_uid(stat.pid) if stat.pid == stat.session else None,
            )
            for stat in running.values()
            if stat.pid not in ours and (claim := _claim(stat, claims)) is not None
        ),
        key=lambda leftover: leftover.pid,
    )


def _awaits_us(stat: Stat, known: Mapping[Identity, _Claim]) -> bool:
    """Whether a program has ended and waits for us, who began as other code."""
    return stat.parent == os.getpid() and stat.identity in known


def _claim(stat: Stat, claims: Mapping[int, _Claim]) -> _Claim | None:
    # A program that rewrites its title, or clears its environment, loses the mark.
    return claims.get(stat.pid, claims.get(stat.session))


def _lineage(running: Mapping[int, Stat]) -> set[int]:
    pid, lineage = os.getpid(), set[int]()
    while pid in running and pid not in lineage:
        lineage.add(pid)
        pid = running[pid].parent
    return lineage


class _Mark:
    """How ours are known: by the state folder, also by one that was at its place."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._folder, self._named, _ = instance.rpartition("#")
        self._sought = f"{INSTANCE}={self._folder}{self._named}".encode()
        self._home = _home(os.getpid())
        self._living: set[str] | None = None

    def claim(self, pid: int) -> _Claim | None:
        """Return what the environment of a process says, if that makes it ours."""
        environ = read_proc(pid, "environ")
        if environ is None or self._sought not in environ:
            return None
        marks = marks_in(environ)
        if not self._is_ours(pid, marks.get(INSTANCE, "")):
            return None
        run = marks.get(RUN, "")
        number = int(run) if run.isascii() and run.isdecimal() else None
        return _Claim(marks.get(PROGRAM, ""), number)

    def _is_ours(self, pid: int, instance: str) -> bool:
        if instance == self._instance:
            return True
        folder, _, number = instance.rpartition("#")
        if not self._named or folder != self._folder:
            return False
        # The same path is the same folder, but in another container; whose folder was
        # moved away is alive there, perhaps.
        if self._home is None or _home(pid) != self._home:
            return False
        if self._living is None:
            self._living = living_states()
        return number not in self._living


def _home(pid: int) -> tuple[int, int] | None:
    with suppress(OSError):
        status = os.stat(f"/proc/{pid}/ns/mnt")  # noqa: PTH116
        return status.st_dev, status.st_ino
    return None


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


def kill_at_once(leftovers: Iterable[Leftover]) -> None:
    """Send SIGKILL to those that still run; whom we may not signal is passed over."""
    for leftover in leftovers:
        with pidfd_of(leftover.identity) as fd, suppress(SignalError):
            if fd is not None:
                send_by(fd, SIGKILL, leftover.pid)


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
