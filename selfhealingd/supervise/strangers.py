"""Orphans of ours of whom nothing tells whose they are.

Whoever leaves his session, clears his environment, writes elsewhere, and loses his
parent before we saw him, leads back to no program: it isn't stopped with the one that
it came from. Since all that comes to a subreaper descends from what it started, it can
be told of, and stopped with everything else. PID 1 is given the orphans of all, such as
those that ``docker exec`` left, so there nobody is called a stranger.

A watch's processes, and whatever its commands have left, are the watch's.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGKILL, SIGTERM, Signals

import trio

from selfhealingd.supervise.errors import SignalError
from selfhealingd.supervise.identity import Identity, alive, read_proc
from selfhealingd.supervise.kinship import read_marks
from selfhealingd.supervise.pidfd import pidfd_of, send_by
from selfhealingd.supervise.reaper import orphans
from selfhealingd.supervise.register import REGISTER, Orphan

END_SECS = 10.0
"""Longest that ``end_strangers`` takes: half of it for each of two signals."""

_AT_ONCE = 64  # descriptors
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Stranger:
    """An orphan that is nobody's; ``command`` is its command line, or its begin."""

    identity: Identity
    command: str

    def __str__(self) -> str:
        return f"pid {self.identity.pid} ({self.command})"


async def strangers() -> list[Stranger]:
    """Return those that run now; nobody while we are PID 1. In the main thread.

    One system call in the usual case: there are no orphans.
    """
    if os.getpid() == 1:
        return []
    nobodys = _nobodys()
    unread = [orphan for orphan in nobodys if orphan.marks is None]
    if unread:
        await read_marks(unread)
        nobodys = _nobodys()
    return [
        Stranger(orphan.identity, _command(orphan.identity.pid))
        for orphan in nobodys
        if orphan.marks is not None and not orphan.marks
    ]


async def end_strangers(
    meant: Callable[[Stranger], bool] = lambda _: True,
) -> list[Stranger]:
    """End all that are meant, and what they leave; return survivors.

    SIGTERM first, then SIGKILL.
    """

    async def those() -> list[Stranger]:
        return [one for one in await strangers() if meant(one)]

    for signo in (SIGTERM, SIGKILL):
        met: set[Identity] = set()
        with trio.move_on_after(END_SECS / 2):
            while found := await those():
                async with trio.open_nursery() as nursery:
                    for stranger in found[:_AT_ONCE]:
                        nursery.start_soon(_end, stranger.identity, signo, met)
    return await those()


async def _end(identity: Identity, signo: Signals, met: set[Identity]) -> None:
    with pidfd_of(identity) as fd:
        if fd is None:
            return
        if identity not in met:
            met.add(identity)
            # Another user's may end by itself, or is told as a survivor.
            with suppress(SignalError):
                send_by(fd, signo, identity.pid)
        await trio.lowlevel.wait_readable(fd)


def _nobodys() -> list[Orphan]:
    ours, home = os.getsid(0), _cgroup(os.getpid())
    known = (REGISTER.orphan(pid) for pid in orphans())
    found = [orphan for orphan in known if orphan is not None]
    watched = {orphan.session for orphan in found if orphan.watched}
    for orphan in found:
        # Known from now on, also once whoever shares the session has gone.
        orphan.watched = orphan.watched or orphan.session in watched
    return [
        orphan
        for orphan in found
        if orphan.owner is None
        and not orphan.watched
        # What a library started stays in our session, and is the library's.
        and orphan.session != ours
        # Another cgroup says whose it is: a program's, or of whoever moved it there.
        and _cgroup(orphan.identity.pid) == home
        and alive(orphan.identity)
    ]


def _cgroup(pid: int) -> bytes | None:
    return read_proc(pid, "cgroup")


def _command(pid: int) -> str:
    words = (read_proc(pid, "cmdline") or b"").replace(b"\0", b" ").strip()
    shown = "".join(c if c.isprintable() else "?" for c in os.fsdecode(words))
    shown = shown.encode("utf-8", "replace").decode()
    return f"{shown[:_LONGEST]}…" if len(shown) > _LONGEST else shown
