"""Whether a service may be healed now, or what its next remedy waits for.

Level-triggered: looks at what is, and may be asked as often as one likes.
"""

from enum import Enum
from typing import TypeAlias

import msgspec

from selfhealingd.core import consent, dependencies, service
from selfhealingd.core.backoff import delay
from selfhealingd.core.breaker import Breaker
from selfhealingd.core.diagnosis import Action, DelayRestart
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Cause, Incident
from selfhealingd.core.life import Held, Running, Why, alive
from selfhealingd.core.policy import Autorestart, Policy, Program
from selfhealingd.core.remedy import Hold as HoldRemedy
from selfhealingd.core.remedy import Remedy, Run
from selfhealingd.core.symptom import Symptom, ladder

HOUR = 3600.0

PAUSE_SECS = 1.0
"""Least time from one start to the next of a program that ends well and is always
restarted: without it ``startsecs = 0`` would be a busy loop. runit and s6 wait 1 s."""

LOOK_SECS = 2.0
"""After a person has closed a breaker nothing is tried for so long: who looks at once
sees what they did, zero failures, and not yet what came of it."""


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
    ordered = consent.standing(policy, host, s)
    put_off = _put_off(policy, s, ordered, now)
    if put_off is not None:
        return put_off
    insists = consent.approved(s) and ordered is not None
    after = 0.0 if insists else backoff_until(host, program, s)
    return _latest_wait(host, s, after, now) or _limits(policy, host, now)


def treat(
    policy: Policy, host: Host, s: Service, symptom: Symptom, now: float
) -> Decision:
    """Decide about a service that is up and not well, with its incident open."""
    program, incident = policy.programs[s.name], s.open_incident
    if incident is None:
        raise AssertionError(s)
    if s.breaker.permanent:
        return GiveUp.GIVE_UP
    if host.dormant:
        return Hold(Held.DORMANT)
    if not _switched_on(host, symptom):
        return Hold(Held.SWITCHED_OFF)
    ordered = consent.standing(policy, host, s)
    insists = consent.approved(s) and consent.remedy(ordered) is not None
    if isinstance(rung(program, incident, symptom), HoldRemedy) and not insists:
        return Hold(Held.LADDER)
    if incident.evidence_by is not None and incident.evidence_by > now:
        return Wait(Why.EVIDENCE, incident.evidence_by)
    if dependencies.ill_ancestor(policy, host, program) is not None:
        return Wait(Why.DEPENDENCY, None)
    if symptom.cause is Cause.PREDICTION and _another_of_group(policy, host, program):
        return Wait(Why.TURN, None)
    put_off = _put_off(policy, s, ordered, now)
    if put_off is not None:
        return put_off
    after = 0.0 if insists else _tried_until(host, program, s, incident)
    return _latest_wait(host, s, after, now) or _limits(policy, host, now)


def rung(program: Program, incident: Incident, symptom: Symptom) -> Remedy:
    """Which remedy is next: each that failed leads to the one after it."""
    steps = ladder(program, symptom)
    return steps[min(incident.failed, len(steps) - 1)]


def before_start(host: Host, s: Service) -> Run | None:
    """Which runbook comes before the next start, as it was started too often."""
    if not host.flags.auto_detection:
        return None
    tried = (one.ladder for one in s.symptoms if one.of_starts and not one.quiet)
    return next(
        (step for steps in tried for step in steps if isinstance(step, Run)), None
    )


def _put_off(
    policy: Policy, s: Service, ordered: Action | None, now: float
) -> Wait | Hold | None:
    """Wait or hold where that is what a model advised, and may be done."""
    match ordered:
        case HoldRemedy():
            return Hold(Held.ADVICE)
        case DelayRestart() if (until := consent.delayed_until(policy, s)) > now:
            return Wait(Why.ADVICE, until)
        case _:
            return None


def pause_until(end: Exit) -> float:
    """When what ended well may be started again."""
    return end.at + max(0.0, PAUSE_SECS - end.lasted)


def _switched_on(host: Host, symptom: Symptom) -> bool:
    if symptom.cause is Cause.PREDICTION and not host.flags.preventive_healing:
        return False
    return host.flags.auto_healing


def _another_of_group(policy: Policy, host: Host, program: Program) -> bool:
    """Whether some other member of its groups is not simply up: one at a time."""
    groups = set(program.groups)
    others = (
        host.services[other.name]
        for other in policy.programs.values()
        if other.name != program.name and groups.intersection(other.groups)
    )
    return any(
        s.wanted and (s.attempt is not None or not isinstance(s.life, Running))
        for s in others
    )


def _tried_until(host: Host, program: Program, s: Service, incident: Incident) -> float:
    """When the wait after the last attempt that failed is over."""
    failures = s.breaker.failures
    last = incident.attempts[-1].ended if incident.attempts else None
    if failures == 0 or last is None:
        return 0.0
    jitter = host.jitter(s.name, s.run, failures)
    return last + delay(program.healing, failures) * (1 + jitter)


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
    if s.attempt is None:
        return False
    if s.attempt.command:
        return True
    if isinstance(s.life, Running):
        return s.run < s.attempt.run
    return alive(s.life)


def _latest_wait(host: Host, s: Service, after: float, now: float) -> Wait | None:
    waits = [
        (max(after, *map(_looked_until, (s.breaker, host.main))), Why.BACKOFF),
        (s.breaker.blocked_until(now), Why.BREAKER),
        (host.main.blocked_until(now), Why.MAIN_BREAKER),
    ]
    until, why = max(
        ((when, why) for when, why in waits if when is not None), key=lambda w: w[0]
    )
    return Wait(why, until) if until > now else None


def _looked_until(breaker: Breaker) -> float:
    """Until when a person who has just closed it may look, before it counts again."""
    change = breaker.change
    if breaker.failures or change is None or change.by is None:
        return 0.0
    return change.at + LOOK_SECS


def _limits(policy: Policy, host: Host, now: float) -> Decision:
    recent = [at for at in host.remedies if at + HOUR > now]
    over = len(recent) - policy.max_remedies_per_hour
    if over >= 0:
        # With a budget of none there is no remedy whose hour could run out.
        freed = recent[over] + HOUR if over < len(recent) else None
        return Wait(Why.BUDGET, freed)
    # Asked at each crash, so the many that never had an incident are passed by fast.
    now_busy = sum(busy(s) for s in host.services.values() if s.incident is not None)
    if now_busy == 0:
        return Act(remedy=True)
    most = max(1, int(policy.max_concurrent_remedies * supervised(host)))
    return Wait(Why.TURN, None) if now_busy >= most else Act(remedy=True)
