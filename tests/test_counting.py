"""Events are counted by what few words say of them."""

from typing import Any

import msgspec

from selfhealingd.counting import Counts
from selfhealingd.wire.documents import EventDocument


def event(kind: str, **data: Any) -> EventDocument:
    return EventDocument(
        at="2026-11-26T13:09:00.123Z",
        seq=1,
        kind=kind,
        component="SelfHealing",
        service="web",
        words="words",
        data={k: msgspec.Raw(msgspec.json.encode(v)) for k, v in data.items()},
    )


def test_what_is_counted() -> None:
    """Incidents by cause and outcome, remedies by result, everything by its kind."""
    counts = Counts()
    incident = {"id": "web-1", "service": "web", "cause": "exit", "detail": "x"}
    attempt = {"remedy": "restart", "started": "x", "result": "healed"}
    counts.note(event("incident.opened", incident=incident))
    counts.note(event("attempt.began", incident="web-1", attempt=attempt))
    counts.note(event("attempt.ended", incident="web-1", attempt=attempt))
    counts.note(event("incident.ended", incident={**incident, "outcome": "healed"}))
    counts.note(event("service.transition", after="RUNNING"))
    assert {"exit": 1} == counts.opened
    assert {"healed": 1} == counts.ended
    assert {("restart", "healed"): 1} == counts.attempts
    assert 5 == counts.events.total()
    assert 1 == counts.events["service.transition"]
