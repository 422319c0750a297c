"""Announcements as sentences: what the log, ``events`` and the journal say.

Durations in sentences are relative to the announcement, so no clock is needed.
"""

from enum import Enum
from typing import assert_never

import msgspec

from selfhealingd.core.breaker import (
    PERMANENT_REASON,
    SELF_HEALING_MAIN,
    breaker_name,
    service_of,
)
from selfhealingd.core.diagnosis import in_words
from selfhealingd.core.effects import (
    AdviceTaken,
    Announcement,
    AttemptBegan,
    AttemptEnded,
    BreakerChanged,
    Escalated,
    EssentialEnded,
    FlagsSet,
    IncidentDiagnosed,
    IncidentEnded,
    IncidentOpened,
    ModelDemoted,
    OperatorActed,
    ProblemFound,
    ProblemOver,
    ReadinessChanged,
    StartedByClient,
    Transition,
)
from selfhealingd.core.exits import story
from selfhealingd.core.incident import Cause, Ending, Incident, Result
from selfhealingd.core.life import Held, Why
from selfhealingd.core.policy import Kind
from selfhealingd.core.spans import span


class Level(Enum):
    """How loud a sentence is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One announcement for people. ``kind`` is dotted; ``component`` is the log's."""

    kind: str
    component: str
    service: str | None
    words: str
    level: Level = Level.INFO


SUPERVISOR = "Supervisor"
DIAGNOSIS = "Diagnosis"
SELF_HEALING = "SelfHealing"
CIRCUIT_BREAKER = "CircuitBreaker"
CONTROL = "Control"
OBSERVER = "Observer"
FEATURE_FLAGS = "FeatureFlags"

RESUME = 'selfhealctl resume --reason "…"'


def reset_command(name: str, kind: Kind = Kind.PROGRAM) -> str:
    """What resets a service's breaker that is open for good."""
    return f'selfhealctl reset {breaker_name(name, kind)} --force --reason "…"'


def approve_command(proposal: str) -> str:
    """What carries out a proposal of a model."""
    return f'selfhealctl llm approve {proposal} --reason "…"'


def trust_command(service: str) -> str:
    """What lets a model act again that was demoted."""
    return f'selfhealctl llm trust {service} --reason "…"'


def sentence(announcement: Announcement, now: float) -> Sentence:
    """Say it. ``now``: the time of the step that it comes from."""
    match announcement:
        case Transition():
            return _transition(announcement, now)
        case ReadinessChanged() | StartedByClient() | Escalated() | EssentialEnded():
            return _of_program(announcement)
        case IncidentOpened() | IncidentEnded() | IncidentDiagnosed():
            return _incident(announcement)
        case AttemptBegan() | AttemptEnded():
            return _attempt(announcement)
        case BreakerChanged():
            return _breaker(announcement, now)
        case AdviceTaken() | ModelDemoted():
            return _model(announcement)
        case OperatorActed(action=action, target=target, by=by, reason=reason):
            because = f": {reason}" if reason else ""
            return Sentence(
                kind="operator.acted",
                component=CONTROL,
                service=announcement.service,
                words=f"{action} {target}, asked for by {by}{because}",
            )
        case ProblemFound() | ProblemOver():
            return _problem(announcement)
        case FlagsSet(off=off):
            switched = f"switched off: {', '.join(off)}" if off else "all are on"
            return Sentence(
                kind="flags.changed",
                component=FEATURE_FLAGS,
                service=None,
                words=f"feature flags changed; {switched}",
                level=Level.WARNING if off else Level.INFO,
            )
        case _:
            assert_never(announcement)


def _of_program(
    announcement: ReadinessChanged | StartedByClient | Escalated | EssentialEnded,
) -> Sentence:
    match announcement:
        case ReadinessChanged(service=service, lack=lack):
            return Sentence(
                kind="service.readiness",
                component=SUPERVISOR,
                service=service,
                words="ready" if lack is None else f"not ready: {lack}",
                level=Level.INFO if lack is None else Level.WARNING,
            )
        case StartedByClient(service=service):
            return Sentence(
                kind="service.called",
                component=SUPERVISOR,
                service=service,
                words="a client connected: starting",
            )
        case Escalated(service=service, waited=waited):
            return Sentence(
                kind="service.killed",
                component=SUPERVISOR,
                service=service,
                words=f"has not ended within {span(waited)}: SIGKILL",
                level=Level.WARNING,
            )
        case EssentialEnded(service=service):
            return Sentence(
                kind="essential.ended",
                component=SUPERVISOR,
                service=service,
                words=f"essential program {service} ended for good: shutting down",
                level=Level.ERROR,
            )


def _model(announcement: AdviceTaken | ModelDemoted) -> Sentence:
    service, level = announcement.service, Level.INFO
    if isinstance(announcement, AdviceTaken):
        kind = "model.advised"
        action = in_words(announcement.action)
        words = f"the model advises {action} ({announcement.incident}):"
        if announcement.again:
            words = f"what the model advises ({announcement.incident})"
        words += f" {announcement.words}"
    else:
        kind, level = "model.demoted", Level.WARNING
        words = (
            f"{announcement.remedies} remedies of the model in a row did not help: it"
            f" only advises until: {trust_command(service)}"
        )
    return Sentence(
        kind=kind, component=DIAGNOSIS, service=service, words=words, level=level
    )


def _diagnosed(told: IncidentDiagnosed) -> Sentence:
    took = "" if told.tokens is None else f"; {told.tokens} tokens"
    cost = "" if told.cost is None else f", cost {told.cost:.4g}"
    same = "" if told.same_as is None else f" (as of {told.same_as}, which is the same)"
    return Sentence(
        kind="incident.diagnosed",
        component=DIAGNOSIS,
        service=told.service,
        words=f"the model says of {told.incident}{same}: {told.cause}, it advises:"
        f" {told.action}{took}{cost}",
    )


def _problem(announcement: ProblemFound | ProblemOver) -> Sentence:
    words, level = f"over: {announcement.words}", Level.INFO
    kind = "problem.over"
    if isinstance(announcement, ProblemFound):
        kind, words = "problem.found", announcement.words
        level = Level.ERROR if announcement.critical else Level.WARNING
    return Sentence(
        kind=kind,
        component=OBSERVER,
        service=announcement.service,
        words=words,
        level=level,
    )


def _transition(t: Transition, now: float) -> Sentence:
    # What went down and is to be healed is told by its incident or attempt already.
    told = t.after == "FATAL" or (t.after == "BACKOFF" and t.why != Why.PAUSE.value)
    ended = "" if t.exit is None or told else f"{story(t.exit)}; "
    words, level = _state(t, now)
    return Sentence(
        kind="service.transition",
        component=SUPERVISOR,
        service=t.service,
        words=ended + words,
        level=level,
    )


def _state(t: Transition, now: float) -> tuple[str, Level]:
    if t.after == "BACKOFF":
        if t.until is None:
            return f"next try waits for {t.why}", Level.WARNING
        return f"next try in {span(t.until - now)} ({t.why})", Level.WARNING
    if t.after == "STOPPING" and t.why is not None:
        return f"stopping: {t.why}", Level.WARNING
    if t.after == "EXITED":
        level = Level.INFO if t.why == Held.FINISHED.value else Level.WARNING
        return f"not started again: {t.why}", level
    return {
        "STARTING": (f"starting (run {t.run})", Level.DEBUG),
        "RUNNING": (f"running, pid {t.pid}", Level.INFO),
        "STOPPED": ("stopped", Level.INFO),
        "STOPPING": ("stopping", Level.DEBUG),
        "FATAL": (f"FATAL until: {reset_command(t.service, t.kind)}", Level.ERROR),
    }[t.after]


_WHAT = {
    Cause.EXIT: "crashed",
    Cause.FAILED_START: "failed to start",
    Cause.MISSING: "is missing",
    Cause.PREDICTION: "will run into a limit",
}


def _incident(
    announcement: IncidentOpened | IncidentEnded | IncidentDiagnosed,
) -> Sentence:
    if isinstance(announcement, IncidentDiagnosed):
        return _diagnosed(announcement)
    incident = announcement.incident
    level = Level.WARNING
    if isinstance(announcement, IncidentOpened):
        kind = "incident.opened"
        what = _WHAT.get(incident.cause, "is not well")
        words = f"{what}: {incident.detail} (incident {incident.id})"
    else:
        kind = "incident.ended"
        match incident.ending:
            case Ending.HEALED:
                words = f"healed{_proof(incident)} (incident {incident.id})"
                level = Level.INFO
            case Ending.PASSED:
                words = f"passed by itself (incident {incident.id})"
                level = Level.INFO
            case Ending.SUPERSEDED:
                words = f"something worse came up (incident {incident.id})"
            case Ending.GIVEN_UP:
                words = f"given up (incident {incident.id}): {incident.detail}"
                level = Level.ERROR
            case Ending.OPERATOR:
                words = f"left to the operator (incident {incident.id})"
                level = Level.INFO
            case _:
                raise AssertionError(incident)
    return Sentence(
        kind=kind,
        component=SELF_HEALING,
        service=incident.service,
        words=words,
        level=level,
    )


def _proof(incident: Incident) -> str:
    tries = len(incident.attempts)
    words = f" after {tries} attempts" if tries > 1 else ""
    detail = incident.attempts[-1].detail if tries else None
    return f"{words}, verified: {detail}" if detail else words


def _attempt(announcement: AttemptBegan | AttemptEnded) -> Sentence:
    attempt = announcement.attempt
    name = f"{attempt.remedy} (attempt {attempt.number})"
    level = Level.INFO
    if isinstance(announcement, AttemptBegan):
        kind, words = "attempt.began", f"trying to {name}"
        words += ", as the model advises" if attempt.advised else ""
    else:
        kind = "attempt.ended"
        detail = f": {attempt.detail}" if attempt.detail else ""
        match attempt.result:
            case Result.HEALED:
                words, level = f"{name} verified{detail}", Level.DEBUG
            case Result.INTERRUPTED:
                words = f"{name} interrupted{detail}"
            case Result.RELAPSED | Result.NO_EFFECT:
                how = "did not last" if attempt.result is Result.RELAPSED else "failed"
                row = announcement.failures
                words = f"{name} {how}{detail} ({row} failed in a row)"
                level = Level.WARNING
            case _:
                raise AssertionError(attempt)
    return Sentence(
        kind=kind,
        component=SELF_HEALING,
        service=announcement.service,
        words=words,
        level=level,
    )


def _breaker(b: BreakerChanged, now: float) -> Sentence:
    because = b.change.reason
    level = Level.WARNING
    match b.after:
        case "OPEN" if b.until is not None and b.until > now:
            words = f"{b.breaker} is OPEN for {span(b.until - now)}: {because}"
        case "PERMANENT_OPEN":
            level = Level.ERROR
            row = f"{b.failures} failed healings in a row"
            words = f"{b.breaker} is PERMANENT_OPEN after {row}: {because}"
            if b.breaker == SELF_HEALING_MAIN:
                words = (
                    f"{b.breaker} is PERMANENT_OPEN, the engine is DORMANT:"
                    f" {dormant_reason(b.failures, because)}; until: {RESUME}"
                )
        case "CLOSED":
            by = f" ({b.change.by})" if b.change.by else ""
            words, level = f"{b.breaker} is CLOSED: {because}{by}", Level.INFO
        case _:
            words = f"{b.breaker} is {b.after}: {because}"
    return Sentence(
        kind="breaker.changed",
        component=CIRCUIT_BREAKER,
        service=service_of(b.breaker),
        words=words,
        level=level,
    )


def dormant_reason(failures: int, reason: str) -> str:
    """Why the engine is dormant, as operators were promised to read it."""
    if reason == PERMANENT_REASON:
        return f"Exceeded maximum consecutive failures ({failures})"
    return reason
