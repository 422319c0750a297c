"""One program's life: what each thing that happens makes of its state.

Knows nothing of healing: whether a program that went down is started again is
``engine``'s to decide; it finds the program in BACKOFF with nothing to wait for.
"""

from typing import TypeAlias

from msgspec.structs import replace

from selfhealingd.core import events
from selfhealingd.core.effects import Deed, Order, Signal, Spawn
from selfhealingd.core.exits import Exit, expected
from selfhealingd.core.host import Service
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.policy import Autorestart, Kind, Program
from selfhealingd.core.readiness import Sign
from selfhealingd.core.spans import span

Step: TypeAlias = tuple[Service, tuple[Deed, ...]]

SIGTERM, SIGKILL, SIGCONT = 15, 9, 18

NOT_ASKED = "not asked yet whether it is ready"
"""What is lacking until the first answer, where that is asked of what is RUNNING."""

KILL_AGAIN_SECS = 5.0
"""SIGKILL is repeated, as supervisord does, for a process stuck in the kernel."""


def start(s: Service, *, at: float, look: bool = False) -> Step:
    """Begin a new run of a service that is down; ``look``: if it has a process."""
    run = s.run + 1
    began = replace(
        s, run=run, started=None, called=False, symptoms=(), life=Starting(at)
    )
    return began, (Spawn(service=s.name, run=run, look=look),)


def stop(program: Program, s: Service, *, at: float, purpose: Purpose) -> Step:
    """End the run that is alive, or change what follows on its end."""
    match s.life:
        case Stopping():
            return replace(s, life=replace(s.life, purpose=purpose)), ()
        case Starting(pid=pid) | Running(pid=pid):
            deadline = at + program.stopwaitsecs
            stopping = Stopping(at, purpose, deadline, pid)
            deeds = () if pid is None else _stop_signals(program, s, purpose)
            # Without stopwaitsecs, SIGKILL is due already.
            s, more = due(program, replace(s, life=stopping), at=at)
            return s, (*deeds, *more)
        case _:
            raise AssertionError(s.life)


def spawned(program: Program, s: Service, event: events.Spawned) -> Step:
    """Take in the process of the latest run."""
    s = replace(s, started=event.started)
    match s.life:
        case Starting(pid=None):
            starting = replace(s.life, at=event.at, pid=event.pid)
            return due(program, replace(s, life=starting), at=event.at)
        case Starting():
            # It was adopted, and may have come up while nobody looked.
            return due(program, s, at=event.at)
        case Stopping(pid=None, ended=False, purpose=purpose):
            # The stop came while the spawn was under way: its signal is still owed.
            life = replace(
                s.life, pid=event.pid, deadline=event.at + program.stopwaitsecs
            )
            return replace(s, life=life), _stop_signals(program, s, purpose)
        case _:
            return s, ()


def ready(program: Program, s: Service, event: events.Ready) -> Step:
    """Take in that a run has given its sign, perhaps before ``Spawned``.

    One that is RUNNING is ready again.
    """
    match s.life:
        case Running(lack=str()):
            return replace(s, life=replace(s.life, lack=None)), ()
        case Starting():
            starting = replace(s.life, ready=True, until=None, lack=None)
            s, deeds = due(program, replace(s, life=starting), at=event.at)
            if isinstance(s.life, Running):
                s = replace(s, life=replace(s.life, at=event.at))
            return s, deeds
        case _:
            return s, ()


def unready(s: Service, event: events.Unready) -> Step:
    """Take in what was seen instead of the sign."""
    match s.life:
        case Running():
            return replace(s, life=replace(s.life, lack=event.lack)), ()
        case Starting(ready=False):
            return replace(s, life=replace(s.life, lack=event.lack)), ()
        case _:
            return s, ()


def more_time(program: Program, s: Service, event: events.MoreTimeAsked) -> Step:
    """Let a run that asks for it take longer; never shorter than it could anyway."""
    until = event.at + event.seconds
    match s.life:
        case Starting(ready=False):
            before = ready_by(program, s.life)
            if before is None or until <= before:
                return s, ()
            return replace(s, life=replace(s.life, until=until)), ()
        case Stopping(killed=False, ended=False, deadline=deadline):
            return replace(s, life=replace(s.life, deadline=max(deadline, until))), ()
        case _:
            return s, ()


def sickened(s: Service, event: events.Sickened) -> Service:
    """Take in that something is wrong with a run; since when, it was told before."""
    found = event.symptom
    for known in s.symptoms:
        if known.key == found.key:
            found = replace(found, at=known.at)
            kept = (found if one is known else one for one in s.symptoms)
            return replace(s, symptoms=tuple(kept))
    return replace(s, symptoms=(*s.symptoms, found))


def recovered(s: Service, event: events.Recovered) -> Service:
    """Take in that something isn't wrong with a run any more."""
    left = tuple(one for one in s.symptoms if one.key != event.key)
    if len(left) == len(s.symptoms):
        return s
    return replace(s, symptoms=left, cleared=event.at)


def exited(program: Program, s: Service, event: events.Exited) -> Step:
    """Take in the end of the run's process; wait for what is left of its group."""
    at = event.at
    match s.life:
        case Starting(at=since):
            # By the clock, not by the state: the timer may have been late.
            unready = ready_by(program, s.life) is not None
            early = unready or at < since + program.startsecs
            stopping = Stopping(at, Purpose.SETTLE, at, early=early)
        case Running():
            stopping = Stopping(at, Purpose.SETTLE, at)
        case Stopping():
            stopping = s.life
        case _:
            return s, ()
    s = replace(s, exit=_judged(event.exit, stopping, told=stopping is s.life))
    if event.left == 0 or not program.killasgroup:
        return _over(program, s, stopping, at)
    if isinstance(s.life, Stopping):
        return replace(s, life=replace(stopping, ended=True, pid=None)), ()
    waiting = replace(stopping, ended=True, deadline=at + program.stopwaitsecs)
    ask = Signal(service=s.name, run=s.run, signal=SIGTERM, group=True)
    return replace(s, life=waiting), (ask,)


def emptied(program: Program, s: Service, event: events.Emptied) -> Step:
    """Nothing is left of the group: the run is over."""
    match s.life:
        case Stopping(ended=True):
            return _over(program, s, s.life, event.at)
        case _:
            return s, ()


def spawn_failed(program: Program, s: Service, event: events.SpawnFailed) -> Step:
    """Take in that the run never began."""
    end = Exit(at=event.at, problem=event.problem, early=True)
    match s.life:
        case Starting():
            early = Stopping(event.at, Purpose.SETTLE, event.at, early=True)
            return _over(program, replace(s, exit=end), early, event.at)
        case Stopping():
            return _over(program, replace(s, exit=end), s.life, event.at)
        case _:
            return s, ()


def due(program: Program, s: Service, *, at: float) -> Step:
    """Do what the clock asks for.

    That is RUNNING after startsecs, an end to what did not get ready in time, SIGKILL
    after stopwaitsecs. Looks at what is, so a timer that comes early or twice changes
    nothing, nor does a late one change since when it is RUNNING.
    """
    match s.life:
        case Starting(pid=int(), ready=False) if program.readiness is not None:
            return _await_sign(program, s, s.life, program.readiness.sign, at=at)
        case Starting(at=since, pid=int(pid)) if at >= since + program.startsecs:
            lack = NOT_ASKED if program.asked_later else None
            up = Running(since + program.startsecs, pid, lack)
            return replace(s, life=up, failed_starts=0), ()
        case Stopping(deadline=deadline, pid=pid, ended=ended) if at >= deadline:
            again = replace(s.life, deadline=at + KILL_AGAIN_SECS)
            if pid is None and not ended:
                return replace(s, life=again), ()  # its spawn is still under way
            group = ended or program.killasgroup
            kill = Signal(service=s.name, run=s.run, signal=SIGKILL, group=group)
            return replace(s, life=replace(again, killed=True)), (kill,)
        case _:
            return s, ()


def deadline(program: Program, s: Service) -> float | None:
    """When ``due`` has something to do next."""
    match s.life:
        case Starting(at=since, pid=int()):
            by = ready_by(program, s.life)
            return since + program.startsecs if by is None else by
        case Stopping(deadline=when):
            return when
        case Backoff(until=until):
            return until
        case _:
            return None


def ready_by(program: Program, life: Starting) -> float | None:
    """Until when it has to be ready; None where it is, or need not be."""
    if program.readiness is None or life.ready:
        return None
    return life.until or life.at + program.readiness.within


def routine(program: Program, end: Exit) -> bool:
    """Whether a run ended well: by itself, after startsecs, with a named status."""
    return expected(program, end) and not end.early and not end.told


def _await_sign(
    program: Program, s: Service, life: Starting, sign: Sign, *, at: float
) -> Step:
    """End a run that has not given its sign in time, as a stop would."""
    by = ready_by(program, life)
    if by is None or at < by:
        return s, ()
    problem = f"not ready within {span(by - life.at)}: {life.lack or sign.missing}"
    deadline = at + program.stopwaitsecs
    stopping = Stopping(
        at, Purpose.SETTLE, deadline, life.pid, early=True, problem=problem
    )
    # Without stopwaitsecs, SIGKILL is due already.
    s, more = due(program, replace(s, life=stopping), at=at)
    return s, (*_stop_signals(program, s, Purpose.SETTLE), *more)


def _judged(end: Exit, stopping: Stopping, *, told: bool) -> Exit:
    if stopping.problem is None:
        return replace(end, early=stopping.early, told=told)
    # How it then died says nothing, nor would a good status make it a good end.
    return Exit(at=end.at, problem=stopping.problem, lasted=end.lasted, early=True)


def _over(program: Program, s: Service, stopping: Stopping, at: float) -> Step:
    match stopping.purpose:
        case Purpose.STAY | Purpose.AGAIN:
            # One that is wanted is brought up by ``engine``, when nothing hinders it.
            called = stopping.purpose is Purpose.AGAIN
            return replace(s, life=Stopped(at), called=called), ()
        case Purpose.SETTLE:
            starts = s.failed_starts + 1 if stopping.early else 0
            return replace(s, life=_settled(program, s, at), failed_starts=starts), ()


def _settled(program: Program, s: Service, at: float) -> Life:
    if s.exit is None:
        raise AssertionError(s)
    # supervisord would run a one-shot again that ended well before its startsecs;
    # "never" is believed here, whenever it ended.
    if program.autorestart is Autorestart.NEVER:
        good = expected(program, s.exit)
        return Exited(at, Held.FINISHED if good else Held.NEVER)
    if routine(program, s.exit):
        if program.autorestart is Autorestart.UNEXPECTED:
            return Exited(at, Held.FINISHED)
        return Backoff(at, Why.PAUSE)
    return Backoff(at, Why.TURN)


def _stop_signals(program: Program, s: Service, purpose: Purpose) -> tuple[Signal, ...]:
    """Tell a run to end; one that is frozen is woken, as systemd does, to hear it."""
    stop = Signal(
        service=s.name,
        run=s.run,
        signal=program.stopsignal,
        group=program.stopasgroup,
    )
    if program.kind is Kind.WATCH:
        order = Order.RESTART if purpose is Purpose.AGAIN else Order.STOP
        return (replace(stop, order=order),)
    return stop, replace(stop, signal=SIGCONT)
