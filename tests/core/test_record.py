"""What the journal and subscribers are told."""

from typing import Any, get_args

import msgspec
import pytest
from core.simulator import NOON

from selfhealingd.core import events, record
from selfhealingd.core.breaker import By, Change
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
from selfhealingd.core.host import Host, Service
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
from selfhealingd.core.life import Running
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.remedy import Run
from selfhealingd.core.snapshot import Anchor
from selfhealingd.wire.documents import EventDocument

NOW = 100.0
ANCHOR = Anchor(NOW, NOON)
OPENED = Incident(
    id="web-1", service="web", cause=Cause.EXIT, detail="exited", opened=NOW
)
BEGUN = begin(
    OPENED,
    Attempt(
        number=1, remedy="restart", began=NOW, deadline=141, ticket=0, main_ticket=0
    ),
)
DONE = conclude(BEGUN, result=Result.HEALED, detail="up for 10 s", now=NOW)

TOLD: list[tuple[Announcement, str, dict[str, Any]]] = [
    (
        Transition(
            service="web",
            before="RUNNING",
            after="BACKOFF",
            run=3,
            exit=Exit(at=NOW, code=1, lasted=9),
            until=NOW + 5,
            why="backoff",
        ),
        "service.transition",
        {
            "before": "RUNNING",
            "after": "BACKOFF",
            "run": 3,
            "exit": "exited with status 1",
            "until": "2026-01-01T12:00:05.000Z",
            "why": "backoff",
        },
    ),
    (
        Transition(service="web", before="STARTING", after="RUNNING", run=3, pid=7),
        "service.transition",
        {"before": "STARTING", "after": "RUNNING", "run": 3, "pid": 7},
    ),
    (
        Escalated(service="web", run=3, waited=10),
        "service.killed",
        {"run": 3, "waited": 10},
    ),
    (EssentialEnded(service="web"), "essential.ended", {}),
    (StartedByClient(service="web"), "service.called", {}),
    (
        ReadinessChanged(service="web", lack="no answer"),
        "service.readiness",
        {"lack": "no answer"},
    ),
    (
        IncidentOpened(incident=OPENED),
        "incident.opened",
        {
            "incident": {
                "id": "web-1",
                "service": "web",
                "cause": "exit",
                "detail": "exited",
                "opened": "2026-01-01T12:00:00.000Z",
                "ended": None,
                "outcome": None,
                "attempts": [],
            }
        },
    ),
    (
        IncidentEnded(incident=close(OPENED, ending=Ending.HEALED, now=NOW)),
        "incident.ended",
        {
            "incident": {
                "id": "web-1",
                "service": "web",
                "cause": "exit",
                "detail": "exited",
                "opened": "2026-01-01T12:00:00.000Z",
                "ended": "2026-01-01T12:00:00.000Z",
                "outcome": "healed",
                "attempts": [],
            }
        },
    ),
    (
        AttemptBegan(service="web", incident="web-1", attempt=BEGUN.attempts[0]),
        "attempt.began",
        {
            "incident": "web-1",
            "attempt": {
                "remedy": "restart",
                "started": "2026-01-01T12:00:00.000Z",
                "ended": None,
                "result": None,
                "detail": None,
            },
        },
    ),
    (
        AttemptEnded(
            service="web", incident="web-1", attempt=DONE.attempts[0], failures=0
        ),
        "attempt.ended",
        {
            "incident": "web-1",
            "attempt": {
                "remedy": "restart",
                "started": "2026-01-01T12:00:00.000Z",
                "ended": "2026-01-01T12:00:00.000Z",
                "result": "healed",
                "detail": "up for 10 s",
            },
            "failures": 0,
        },
    ),
    (
        BreakerChanged(
            breaker="program:web",
            before="CLOSED",
            after="OPEN",
            failures=5,
            change=Change(at=NOW, reason="5 failed healings in a row"),
            until=NOW + 60,
        ),
        "breaker.changed",
        {
            "breaker": "program:web",
            "before": "CLOSED",
            "after": "OPEN",
            "failures": 5,
            "reason": "5 failed healings in a row",
            "openUntil": "2026-01-01T12:01:00.000Z",
        },
    ),
    (
        BreakerChanged(
            breaker="self-healing-main",
            before="PERMANENT_OPEN",
            after="CLOSED",
            failures=0,
            change=Change(at=NOW, reason="mended", by=By(0, 42)),
        ),
        "breaker.changed",
        {
            "breaker": "self-healing-main",
            "before": "PERMANENT_OPEN",
            "after": "CLOSED",
            "failures": 0,
            "reason": "mended",
            "by": "uid 0, pid 42",
        },
    ),
    (
        AdviceTaken(
            service="web",
            incident="web-1",
            action=Run("prune"),
            words="it waits for approval",
            proposal="a1",
        ),
        "model.advised",
        {"incident": "web-1", "action": "run prune", "proposal": "a1"},
    ),
    (ModelDemoted(service="web", remedies=2), "model.demoted", {"remedies": 2}),
    (
        OperatorActed(action="stop", target="web", by="uid 0, pid 42", service="web"),
        "operator.acted",
        {"action": "stop", "target": "web", "by": "uid 0, pid 42"},
    ),
    (
        ProblemFound(key="forecast web memory", words="web: memory", service="web"),
        "problem.found",
        {"key": "forecast web memory"},
    ),
    (
        ProblemOver(key="rule load > 5", words="host: load"),
        "problem.over",
        {"key": "rule load > 5"},
    ),
    (FlagsSet(off=("auto_healing",)), "flags.changed", {"off": ["auto_healing"]}),
    (
        IncidentDiagnosed(
            service="web",
            incident="web-4",
            cause="bad config",
            action="hold",
            model="a",
            tokens=120,
            cost=0.25,
        ),
        "incident.diagnosed",
        {
            "incident": "web-4",
            "cause": "bad config",
            "action": "hold",
            "model": "a",
            "tokens": 120,
            "cost": 0.25,
        },
    ),
]


@pytest.mark.parametrize(("told", "kind", "data"), TOLD)
def test_an_announcement_as_a_document(
    told: Announcement, kind: str, data: dict[str, Any]
) -> None:
    """Its kind, sentence and data; what is not known is left out."""
    said = record.document(told, now=NOW, seq=9, anchor=ANCHOR)
    assert (kind, 9, "2026-01-01T12:00:00.000Z") == (said.kind, said.seq, said.at)
    assert said.words
    text = msgspec.json.encode(said)
    assert said == msgspec.json.decode(text, type=EventDocument)
    assert data == msgspec.json.decode(text)["data"]


def test_every_announcement_is_in_the_list() -> None:
    """A new one without a document fails here."""
    assert set(get_args(Announcement)) == {type(told) for told, _, _ in TOLD}


def test_the_opening_and_an_input_read_back() -> None:
    """With them a replay begins where the daemon began, to the last bit."""
    policy = Policy(programs={"web": Program(name="web", exitcodes=frozenset({0, 2}))})
    web = Service(name="web", life=Running(1 / 3, 7), wanted=True, incident=BEGUN)
    opening = record.Opening(
        at="2026-01-01T12:00:00.000Z",
        seq=1,
        version="0",
        pid=1,
        boot="x",
        anchor=ANCHOR,
        policy=policy,
        host=Host(services={"web": web}, remedies=(0.1, 0.2), seed="here"),
    )
    text = msgspec.json.encode(opening)
    assert opening == msgspec.json.decode(text, type=record.Opening)
    line = record.Input(seq=2, event=events.Due(at=1 / 7, service="web"))
    assert line == msgspec.json.decode(msgspec.json.encode(line), type=record.Input)
