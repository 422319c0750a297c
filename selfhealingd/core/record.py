"""What the journal and subscribers are told: announcements as documents.

The journal also holds every event that changed something, and an opening record with
the state before them: from these a replay decides again what the daemon decided.
"""

from typing import Any, assert_never

import msgspec

from selfhealingd.core import diagnosis, report
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
from selfhealingd.core.events import Event
from selfhealingd.core.exits import in_words
from selfhealingd.core.host import Host
from selfhealingd.core.policy import Policy
from selfhealingd.core.snapshot import Anchor
from selfhealingd.core.words import sentence
from selfhealingd.wire.documents import EventDocument

OPENING = "journal.opened"
INPUT = "input"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """First record of a daemon's life, and of each file of the journal."""

    at: str
    seq: int
    version: str
    pid: int
    boot: str
    anchor: Anchor
    policy: Policy
    host: Host
    kind: str = OPENING


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One event that changed something. ``seq`` is shared with what it led to."""

    seq: int
    event: Event
    kind: str = INPUT


def document(
    announcement: Announcement, *, now: float, seq: int, anchor: Anchor
) -> EventDocument:
    """One announcement as the journal keeps it and ``events`` shows it."""
    said = sentence(announcement, now)
    data = {k: v for k, v in _data(announcement, anchor).items() if v is not None}
    return EventDocument(
        at=anchor.rfc3339(now),
        seq=seq,
        kind=said.kind,
        component=said.component,
        service=said.service,
        words=said.words,
        level=said.level.value,
        data={k: msgspec.Raw(msgspec.json.encode(v)) for k, v in data.items()},
    )


def _data(told: Announcement, anchor: Anchor) -> dict[str, Any]:
    match told:
        case Transition():
            return {
                "before": told.before,
                "after": told.after,
                "run": told.run,
                "pid": told.pid,
                "exit": None if told.exit is None else in_words(told.exit),
                "until": None if told.until is None else anchor.rfc3339(told.until),
                "why": told.why,
            }
        case Escalated():
            return {"run": told.run, "waited": told.waited}
        case ReadinessChanged(lack=lack):
            return {"lack": lack}
        case EssentialEnded() | StartedByClient():
            return {}
        case IncidentOpened(incident=incident) | IncidentEnded(incident=incident):
            return {"incident": report.incident_document(incident, anchor)}
        case (
            AttemptBegan(incident=name, attempt=attempt)
            | AttemptEnded(incident=name, attempt=attempt)
        ):
            return {
                "incident": name,
                "attempt": report.attempt_document(attempt, anchor),
                "failures": told.failures if isinstance(told, AttemptEnded) else None,
            }
        case BreakerChanged():
            return {
                "breaker": told.breaker,
                "before": told.before,
                "after": told.after,
                "failures": told.failures,
                "reason": told.change.reason,
                "by": str(told.change.by) if told.change.by else None,
                "openUntil": None if told.until is None else anchor.rfc3339(told.until),
            }
        case AdviceTaken() | ModelDemoted():
            return _of_model(told)
        case OperatorActed():
            return {
                "action": told.action,
                "target": told.target,
                "by": told.by,
                "reason": told.reason,
            }
        case ProblemFound(key=key) | ProblemOver(key=key):
            return {"key": key}
        case FlagsSet() | IncidentDiagnosed():
            fields = [one for one in told.__struct_fields__ if one != "service"]
            return {name: getattr(told, name) for name in fields}
        case _:
            assert_never(told)


def _of_model(told: AdviceTaken | ModelDemoted) -> dict[str, Any]:
    if isinstance(told, ModelDemoted):
        return {"remedies": told.remedies}
    return {
        "incident": told.incident,
        "action": diagnosis.in_words(told.action),
        "proposal": told.proposal,
    }
