"""What the engine will do next about one program, and when."""

import msgspec

from selfhealingd.core import (
    consent,
    dependencies,
    knocking,
    plan,
    remedy,
    service,
    treatment,
)
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
from selfhealingd.core.policy import Kind, Policy, Program
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
            return _running(policy, host, treatment.looked(host, s), now)
        case Backoff(why=why, until=until):
            return _waiting(policy, host, s, _Next(_restart(host, s), why, until), now)
        case Stopping():
            return _stopping(s.life, now)
        case Exited():
            return Outlook(_held(s, s.life.held))
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


def _running(policy: Policy, host: Host, s: Service, now: float) -> Outlook:
    program, found = policy.programs[s.name], s.open_incident
    until = treatment.verified_at(program, s)
    if until is not None:
        return _lasting("healed" if found else "proven well", until, now)
    if s.attempt is not None:
        tried = f"{s.attempt.remedy}, attempt {s.attempt.number}"
        return _timed(f"{tried}, is given up", s.attempt.deadline, now)
    if found is None or found.waiting is None or s.leading is None:
        return Outlook(None)
    waiting = found.waiting
    if waiting.held is not None:
        return Outlook(_held(s, waiting.held))
    if waiting.why is None:
        raise AssertionError(waiting)
    ordered = consent.remedy(consent.standing(policy, host, s))
    words = remedy.in_words(ordered or plan.rung(program, found, s.leading))
    ahead = _Next(f"{words}, attempt {_number(s)},", waiting.why, waiting.until)
    return _waiting(policy, host, s, ahead, now)


class _Next(msgspec.Struct, frozen=True):
    """The next attempt, and what it waits for."""

    attempt: str
    why: Why
    until: float | None


def _restart(host: Host, s: Service) -> str:
    words = remedy.start_in_words(plan.before_start(host, s))
    return f"{words}, attempt {_number(s)},"


def _number(s: Service) -> int:
    tried = s.open_incident is not None and s.open_incident.attempts
    return tried[-1].number + 1 if tried else 1


def _waiting(
    policy: Policy, host: Host, s: Service, ahead: _Next, now: float
) -> Outlook:
    attempt, until = ahead.attempt, ahead.until
    match ahead.why:
        case Why.BACKOFF:
            return _timed(attempt, until, now)
        case Why.BREAKER:
            words = f"one try, attempt {_number(s)}, by its breaker"
            return _timed(words, until, now)
        case Why.MAIN_BREAKER if isinstance(host.main.state, HalfOpen):
            return Outlook(f"{attempt} once the engine's one try succeeded", until)
        case Why.MAIN_BREAKER:
            return _timed(f"{attempt} by the engine's breaker", until, now)
        case Why.TURN:
            return Outlook(f"{attempt} as soon as another remedy is done")
        case Why.BUDGET:
            return _timed(f"{attempt} by the hourly budget", until, now)
        case Why.DEPENDENCY:
            missing = dependencies.hindrance(policy, host, policy.programs[s.name])
            return Outlook(f"{attempt} once {missing or 'what it depends on is well'}")
        case Why.PAUSE:
            return _timed("starts again", until, now)
        case Why.ADVICE:
            return _timed(f"{attempt} by the model's advice", until, now)
        case Why.RUNBOOK:
            return Outlook("it starts once a runbook is done")
        case Why.EVIDENCE:
            words = f"{attempt} once its evidence is kept, at the latest"
            return _timed(words, until, now)


def _starting(program: Program, s: Service, life: Starting, now: float) -> Outlook:
    begins = "its process is being started"
    if program.kind is Kind.WATCH:
        begins = "its process is being looked for, or started"
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


def _held(s: Service, held: Held) -> str:
    match held:
        case Held.FINISHED:
            return "nothing: it ended as it should"
        case Held.NEVER:
            return f"nothing: autorestart is never; selfhealctl start {s.name}"
        case Held.DORMANT:
            return f"nothing: the engine is dormant; {RESUME}"
        case Held.SWITCHED_OFF:
            return "nothing: automatic healing is switched off by its flag"
        case Held.ADVICE:
            return (
                "nothing: the model says that a restart can't help;"
                f" selfhealctl restart {s.name}"
            )
        case Held.LADDER:
            return "nothing: it is left to you (hold)"


def _lasting(words: str, at: float | None, now: float) -> Outlook:
    if at is None:
        return Outlook(words)
    return Outlook(f"{words} if it stays up for {span(at - now)} more", at)


def _timed(words: str, at: float | None, now: float) -> Outlook:
    if at is None:
        return Outlook(words)
    return Outlook(f"{words} in {span(at - now)}", at)
