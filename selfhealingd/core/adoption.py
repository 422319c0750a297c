"""Runs that outlived their daemon: which life they go on with, and what was missed.

A run of which the process still lives goes on as if nobody had been away. One that
ended meanwhile goes on, too, up to the news of its end, which the shell brings: so
that is judged as any other end is.
"""

from collections.abc import Container, Iterator, Mapping
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from selfhealingd.core.events import Emptied, Exited
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Life, Starting, Stopped, Stopping, alive, pid_of
from selfhealingd.core.policy import Program
from selfhealingd.core.readiness import Line, Notify

UNSEEN = "ended while no daemon was there to see how"


class Survivor(msgspec.Struct, frozen=True, kw_only=True):
    """The process of a run, found alive by who knows it from any other.

    ``started`` is in clock ticks since boot, ``at`` the same on the monotonic clock.
    """

    run: int
    pid: int
    started: int
    at: float


Survivors: TypeAlias = Mapping[str, Survivor]
"""By program."""


def had_process(life: Life) -> bool:
    """Whether a process, or what it left, was known to be there."""
    if isinstance(life, Stopping) and life.ended:
        return True
    return pid_of(life) is not None


def awaits_process(life: Life) -> bool:
    """Whether a spawn was under way, so that a process may be there unrecorded."""
    return alive(life) and not had_process(life)


def take_up(program: Program, s: Service, survivor: Survivor) -> Service:
    """Let a service go on with a process that was found.

    A sign that is given once, and may have been while nobody looked, counts as given.
    """
    missed = program.readiness is not None and isinstance(
        program.readiness.sign, Notify | Line
    )
    if survivor.run > s.run:
        # Started in the last moment before the daemon's end, when that was written
        # nowhere; nobody starts what is not wanted.
        life = Starting(survivor.at, survivor.pid, ready=missed)
        return replace(
            s, life=life, run=survivor.run, started=survivor.started, wanted=True
        )
    s = replace(s, started=survivor.started)
    match s.life:
        case Starting(pid=None):
            life = Starting(survivor.at, survivor.pid, ready=missed)
            return replace(s, life=life)
        case Starting(ready=False) if missed:
            return replace(s, life=replace(s.life, ready=True))
        case _:
            # One that is STOPPING without a pid is owed its signal: ``Spawned``, which
            # is reported for what is adopted, too, brings it.
            return s


def missed(
    host: Host, adopted: Container[str], left: Mapping[str, int], *, now: float
) -> Iterator[Exited | Emptied]:
    """Tell what became of runs while nobody looked, but for those that go on.

    ``left``: of how many processes that a run left behind the end is still awaited.
    """
    for s in host.services.values():
        if not alive(s.life) or s.name in adopted:
            continue
        remaining = left.get(s.name, 0)
        if not (isinstance(s.life, Stopping) and s.life.ended):
            end = Exit(at=now, problem=UNSEEN)
            yield Exited(at=now, service=s.name, run=s.run, exit=end, left=remaining)
        elif not remaining:
            yield Emptied(at=now, service=s.name, run=s.run)


def fresh(program: Program, *, now: float) -> Service:
    """Return a service that has never run."""
    return Service(
        name=program.name,
        kind=program.kind,
        life=Stopped(now),
        wanted=program.autostart,
    )
