"""Everything that keeps the engine from acting on a service now, not only the first.

``plan`` decides by the one that holds longest; a person wants to see them all.
"""

from collections.abc import Iterator

import msgspec

from selfhealingd.core import consent, dependencies, plan, treatment
from selfhealingd.core.breaker import SELF_HEALING_MAIN, Breaker, HalfOpen, Open
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Backoff, Running, Stopped, Why, alive
from selfhealingd.core.policy import Autorestart, Policy, Program
from selfhealingd.core.remedy import Hold
from selfhealingd.core.words import RESUME, reset_command


class Hindrance(msgspec.Struct, frozen=True):
    """One thing that holds healing back; ``until`` None: no clock ends it.

    ``do``: the command with which a person does.
    """

    words: str
    until: float | None = None
    do: str | None = None


def hindrances(
    policy: Policy, host: Host, s: Service, now: float
) -> Iterator[Hindrance]:
    """Name all that would keep a remedy for a service from being carried out."""
    program = policy.programs[s.name]
    yield from _switches(policy, host, s)
    if not _in_need(host, program, s):
        return
    yield from _breakers(host, s, now)
    waiting = _waiting(s)
    if waiting is not None and waiting[1] is not None and waiting[1] > now:
        why, until = waiting
        if why is Why.BACKOFF:
            yield Hindrance("backoff after what failed", until)
        elif why in {Why.ADVICE, Why.BUDGET, Why.EVIDENCE, Why.PAUSE}:
            yield Hindrance(why.value, until)
    elif waiting is not None and waiting[0] is Why.TURN:
        yield Hindrance("others are being healed: so many at a time are allowed")
    if not isinstance(s.life, Running) and dependencies.unmet(host, program):
        missing = dependencies.hindrance(policy, host, program)
        yield Hindrance(f"it waits until {missing}")
    ill = dependencies.ill_ancestor(policy, host, program)
    if ill is not None:
        yield Hindrance(
            f"{ill}, which it depends on, is not well: that comes first",
            do=f"selfhealctl explain {ill}",
        )


def _in_need(host: Host, program: Program, s: Service) -> bool:
    """Whether there is anything that the engine would do, if nothing held it."""
    if not s.wanted:
        return False
    if alive(s.life):
        return treatment.unwell(treatment.looked(host, s))
    if isinstance(s.life, Stopped) and s.open_incident is None:
        return bool(dependencies.unmet(host, program))
    return True


def _switches(policy: Policy, host: Host, s: Service) -> Iterator[Hindrance]:
    """What only a person turns."""
    program = policy.programs[s.name]
    if host.shutting_down:
        yield Hindrance("the daemon is shutting down")
    if not s.wanted and s.run == 0 and not program.autostart:
        words = "it is not started by itself: autostart is off"
        yield Hindrance(words, do=f"selfhealctl start {s.name}")
    elif not s.wanted:
        yield Hindrance("it is stopped on request", do=f"selfhealctl start {s.name}")
    if host.dormant:
        yield Hindrance("the engine is dormant", do=RESUME)
    if s.breaker.permanent:
        yield Hindrance(
            "its breaker is open for good", do=reset_command(s.name, s.kind)
        )
    if not host.flags.auto_healing:
        yield Hindrance("FEATURE_AUTO_HEALING_ENABLED is off")
    if not host.flags.auto_detection:
        yield Hindrance(
            "FEATURE_AUTO_DETECTION_MONITORING is off: nobody looks whether it is well"
        )
    if program.autorestart is Autorestart.NEVER and not alive(s.life):
        yield Hindrance("autorestart is never", do=f"selfhealctl start {s.name}")
    if isinstance(consent.standing(policy, host, s), Hold):
        yield Hindrance(
            "the model says hold, which you allowed",
            do=f"selfhealctl restart {s.name}",
        )
    elif _left_to_you(program, s):
        yield Hindrance(
            "its ladder says hold: it is left to you",
            do=f"selfhealctl restart {s.name}",
        )


def _left_to_you(program: Program, s: Service) -> bool:
    found, leading = s.open_incident, s.leading
    if found is None or leading is None or not isinstance(s.life, Running):
        return False
    return isinstance(plan.rung(program, found, leading), Hold)


def _breakers(host: Host, s: Service, now: float) -> Iterator[Hindrance]:
    for name, which in (("its breaker", s.breaker), (SELF_HEALING_MAIN, host.main)):
        if (until := _blocks(which, now)) is not None:
            yield Hindrance(f"{name} is {which.label}", until)


def _blocks(which: Breaker, now: float) -> float | None:
    if isinstance(which.state, Open) and which.state.until > now:
        return which.state.until
    return which.state.deadline if isinstance(which.state, HalfOpen) else None


def _waiting(s: Service) -> tuple[Why, float | None] | None:
    if isinstance(s.life, Backoff):
        return s.life.why, s.life.until
    found = s.open_incident
    if found is None or found.waiting is None or found.waiting.why is None:
        return None
    return found.waiting.why, found.waiting.until
