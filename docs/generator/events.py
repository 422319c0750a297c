"""What events look like: one of each kind, made by the code that makes them.

It is the story of a program that crashed and was healed, and of what else there is.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from generator.markdown import heads, row
from selfhealingd.core.breaker import By, Change
from selfhealingd.core.diagnosis import RestartOnce
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
from selfhealingd.core.exits import Exit
from selfhealingd.core.incident import (
    Attempt,
    Cause,
    Ending,
    Incident,
    Result,
    begin,
    close,
    conclude,
)
from selfhealingd.core.kinds import KINDS
from selfhealingd.core.record import document
from selfhealingd.core.snapshot import Anchor
from selfhealingd.wire.documents import EventDocument

_NOW = 1000.0
_ANCHOR = Anchor(_NOW, datetime(2026, 11, 26, 3, 0, tzinfo=UTC))
_TRY = Attempt(
    number=1,
    remedy="restart",
    began=_NOW,
    deadline=_NOW + 41,
    ticket=1,
    main_ticket=1,
)
_OPEN = Incident(
    id="web-12",
    service="web",
    cause=Cause.EXIT,
    detail="killed by SIGSEGV after 3h",
    opened=_NOW,
)
_TRIED = begin(_OPEN, _TRY)
_HEALED = conclude(_TRIED, result=Result.HEALED, detail="up for 10 s", now=_NOW + 10)
_BY = By(uid=1000, pid=4711)

STORY: tuple[Announcement, ...] = (
    IncidentOpened(incident=_OPEN),
    AttemptBegan(service="web", incident="web-12", attempt=_TRY),
    Transition(
        service="web",
        before="BACKOFF",
        after="STARTING",
        run=8,
        exit=Exit(at=_NOW, signal=11, lasted=10800),
    ),
    AttemptEnded(
        service="web", incident="web-12", attempt=_HEALED.attempts[0], failures=0
    ),
    IncidentEnded(incident=close(_HEALED, ending=Ending.HEALED, now=_NOW + 10)),
    IncidentDiagnosed(
        service="web",
        incident="web-12",
        cause="crash",
        action="hold",
        model="claude-haiku-5-5",
        tokens=9500,
    ),
    AdviceTaken(
        service="web",
        incident="web-12",
        action=RestartOnce(),
        words="it is done next, as its llm_actions allow",
    ),
    ModelDemoted(service="web", remedies=2),
    ReadinessChanged(service="web", lack="GET /ready: status 503"),
    StartedByClient(service="report"),
    Escalated(service="web", run=8, waited=10),
    EssentialEnded(service="db"),
    BreakerChanged(
        breaker="program:web",
        before="CLOSED",
        after="OPEN",
        failures=5,
        change=Change(at=_NOW, reason="5 failed healings in a row"),
        until=_NOW + 63,
    ),
    ProblemFound(key="rule disk /", words="disk /: 93% (disk / > 90%)"),
    ProblemOver(key="rule disk /", words="disk / > 90%"),
    OperatorActed(
        action="resume",
        target="self-healing-main",
        by=str(_BY),
        reason="disk replaced",
    ),
    FlagsSet(off=("FEATURE_AUTO_HEALING_ENABLED",)),
)
"""One announcement of each kind."""


def table() -> Iterator[str]:
    """Give a row for each kind of event, as hooks and others name it."""
    yield from heads("Event", "`kind`", "What happened")
    for kind, meaning in KINDS.items():
        yield row(f"`{kind.replace('.', '-')}`", f"`{kind}`", meaning)


def kinds() -> Iterator[str]:
    """Give a chapter for each kind of event, in the order of the code's list."""
    told = {one.kind: one for one in map(_told, STORY)}
    for kind, meaning in KINDS.items():
        yield from (f"## {kind}", "", f"{meaning[0].upper()}{meaning[1:]}.", "")
        if kind in told:
            whole = msgspec.json.format(msgspec.json.encode(told[kind]), indent=2)
            yield from ("```json", whole.decode(), "```", "")


def _told(announcement: Announcement) -> EventDocument:
    return document(announcement, now=_NOW, seq=501, anchor=_ANCHOR)
