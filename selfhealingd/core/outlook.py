"""What the engine will do next about one program, and when."""

import msgspec

from selfhealingd.core import dependencies, engine, knocking, service
from selfhealingd.core.breaker import HalfOpen
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.spans import span
from selfhealingd.core.words import RESUME, reset_command


class Outlook(msgspec.Struct, frozen=True):
    """``words`` is None where nothing is going to happen; ``at`` where no time is."""

    words: str | None
    at: float | None = None


def outlook(policy: Policy, host: Host, s: Service, now: float) -> Outlook:
    """Say what comes next for one program."""
    program = policy.programs[s.name]
    if knocking.opens_at(program, s) is not None:
        return Outlook(f"starts on the first connection to {_either(program)}")
    match s.life:
        case Stopped():
            return _pending(policy, host, s)
        case Starting():
            return _starting(program, s, s.life, now)
        case Running():
            until = engine.verified_at(program, s)
            words = "healed" if s.open_incident else "proven well"
            return Outlook(None) if until is None else _lasting(words, until, now)
        case Backoff():
            return _waiting(policy, host, s, s.life, now)
        case Stopping():
            return _stopping(s.life, now)
        case Exited():
            return Outlook(_held(s, s.life))
        case Fatal():
            return Outlook(f"nothing until: {reset_command(s.name, s.kind)}")


def _either(program: Program) -> str:
    return " or ".join(program.starts_on)


def _pending(policy: Policy, host: Host, s: Service) -> Outlook:
    missing = (
        dependencies.hindrance(policy, host, policy.programs[s.name])
        if s.wanted
        else None
    )
    return Outlook(f"starts once {missing}" if missing else None)


def _waiting(
    policy: Policy, host: Host, s: Service, life: Backoff, now: float
) -> Outlook:
    number = s.incident.attempts[-1].number + 1 if _tried(s) and s.incident else 1
    attempt = f"restart, attempt {number},"
    match life.why:
        case Why.BACKOFF:
            return _timed(attempt, life.until, now)
        case Why.BREAKER:
            words = f"one try, attempt {number}, by its breaker"
            return _timed(words, life.until, now)
        case Why.MAIN_BREAKER if isinstance(host.main.state, HalfOpen):
            return Outlook(f"{attempt} once the engine's one try succeeded", life.until)
        case Why.MAIN_BREAKER:
            return _timed(f"{attempt} by the engine's breaker", life.until, now)
        case Why.TURN:
            return Outlook(f"{attempt} as soon as another remedy is done")
        case Why.BUDGET:
            return _timed(f"{attempt} by the hourly budget", life.until, now)
        case Why.DEPENDENCY:
            missing = dependencies.hindrance(policy, host, policy.programs[s.name])
            return Outlook(f"{attempt} once {missing or 'what it depends on is well'}")
        case Why.PAUSE:
            return _timed("starts again", life.until, now)


def _tried(s: Service) -> bool:
    return s.open_incident is not None and bool(s.open_incident.attempts)


def _starting(program: Program, s: Service, life: Starting, now: float) -> Outlook:
    begins = "its process is being started"
    if program.readiness is None or life.ready:
        if life.pid is None:
            return Outlook(begins)
        return _lasting("RUNNING", service.deadline(program, s), now)
    waits = f"waits for {program.readiness.sign.sought}"
    if life.pid is None:
        return Outlook(f"{begins}; then {waits}")
    seen = "" if life.lack is None else f" ({life.lack})"
    by = service.ready_by(program, life)
    return _timed(f"{waits}{seen}; a failed start", by, now)


def _stopping(life: Stopping, now: float) -> Outlook:
    kill = "SIGKILL again" if life.killed else "SIGKILL if it hasn't ended"
    if life.problem is not None:
        kill = f"{life.problem}; {kill}"
    if life.purpose is Purpose.AGAIN:
        kill += "; then it starts again"
    return _timed(kill, life.deadline, now)


def _held(s: Service, life: Exited) -> str | None:
    match life.held:
        case Held.FINISHED:
            return "nothing: it ended as it should"
        case Held.NEVER:
            return f"nothing: autorestart is never; selfhealctl start {s.name}"
        case Held.DORMANT:
            return f"nothing: the engine is dormant; {RESUME}"
        case Held.SWITCHED_OFF:
            return "nothing: automatic healing is switched off by its flag"


def _lasting(words: str, at: float | None, now: float) -> Outlook:
    if at is None:
        return Outlook(words)
    return Outlook(f"{words} if it stays up for {span(at - now)} more", at)


def _timed(words: str, at: float | None, now: float) -> Outlook:
    if at is None:
        return Outlook(words)
    return Outlook(f"{words} in {span(at - now)}", at)
