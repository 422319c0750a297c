"""Whether a program that is down may be started again now, or what it waits for.

Level-triggered: looks at what is, and may be asked as often as one likes.
"""

from enum import Enum
from typing import TypeAlias

import msgspec

from selfhealingd.core import dependencies, service
from selfhealingd.core.backoff import delay
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Held, Running, Why, alive
from selfhealingd.core.policy import Autorestart, Policy, Program

HOUR = 3600.0

PAUSE_SECS = 1.0
"""Least time from one start to the next of a program that ends well and is always
restarted: without it ``startsecs = 0`` would be a busy loop. runit and s6 wait 1 s."""


class Act(msgspec.Struct, frozen=True):
    """Start it now. ``remedy``: this is a healing, counted and verified."""

    remedy: bool


class Wait(msgspec.Struct, frozen=True):
    """Not yet. ``until`` is None where it waits for something other than time."""

    why: Why
    until: float | None


class Hold(msgspec.Struct, frozen=True):
    """Not while a switch that only a person moves is where it is."""

    held: Held


class GiveUp(Enum):
    """Never by itself."""

    GIVE_UP = "its breaker is open for good"


Decision: TypeAlias = Act | Wait | Hold | GiveUp


def plan(
    policy: Policy, host: Host, program: Program, s: Service, now: float
) -> Decision:
    """Decide about one program that is wanted, down, and not finished."""
    if program.autorestart is Autorestart.NEVER:
        return Hold(Held.NEVER)  # it was not when the program went down
    if s.breaker.permanent:
        return GiveUp.GIVE_UP
    if host.dormant:
        return Hold(Held.DORMANT)
    if not host.flags.auto_healing:
        return Hold(Held.SWITCHED_OFF)
    if dependencies.hindrance(policy, host, program) is not None:
        return Wait(Why.DEPENDENCY, None)
    if s.exit is not None and service.routine(program, s.exit):
        until = pause_until(s.exit)
        return Wait(Why.PAUSE, until) if until > now else Act(remedy=False)
    return _latest_wait(host, program, s, now) or _limits(policy, host, now)


def pause_until(end: Exit) -> float:
    """When what ended well may be started again."""
    return end.at + max(0.0, PAUSE_SECS - end.lasted)


def backoff_until(host: Host, program: Program, s: Service) -> float:
    """When the wait after the last failure is over."""
    if s.exit is None:
        return 0.0
    return s.exit.at + backoff_delay(host, program, s, s.exit)


def backoff_delay(host: Host, program: Program, s: Service, end: Exit) -> float:
    """Seconds to wait after a run that ended so.

    The first crash of a program that was well is followed by no wait at all.
    """
    failures = s.breaker.failures
    if failures == 0 and not end.early:
        return 0.0
    return delay(program.healing, failures) * (1 + host.jitter(s.name, s.run))


def supervised(host: Host) -> int:
    """How many services are wanted: what shares are shares of."""
    return sum(s.wanted for s in host.services.values())


def failing(host: Host) -> int:
    """How many of them are not well now."""
    return sum(s.wanted and dependencies.failing(s) for s in host.services.values())


def systemic(policy: Policy, host: Host) -> bool:
    """Whether so many fail that it is the host's failure, not one program's."""
    return failing(host) >= policy.systemic_share * supervised(host)


def busy(s: Service) -> bool:
    """Whether a remedy for it is being carried out; verifying is only watching."""
    return s.attempt is not None and alive(s.life) and not isinstance(s.life, Running)


def _latest_wait(host: Host, program: Program, s: Service, now: float) -> Wait | None:
    waits = [
        (backoff_until(host, program, s), Why.BACKOFF),
        (s.breaker.blocked_until(now), Why.BREAKER),
        (host.main.blocked_until(now), Why.MAIN_BREAKER),
    ]
    until, why = max(
        ((when, why) for when, why in waits if when is not None), key=lambda w: w[0]
    )
    return Wait(why, until) if until > now else None


def _limits(policy: Policy, host: Host, now: float) -> Decision:
    recent = [at for at in host.remedies if at + HOUR > now]
    over = len(recent) - policy.max_remedies_per_hour
    if over >= 0:
        # With a budget of none there is no remedy whose hour could run out.
        freed = recent[over] + HOUR if over < len(recent) else None
        return Wait(Why.BUDGET, freed)
    most = max(1, int(policy.max_concurrent_remedies * supervised(host)))
    if sum(map(busy, host.services.values())) >= most:
        return Wait(Why.TURN, None)
    return Act(remedy=True)
