"""Whatever shows a service says the same of it."""

from functools import partial

import pytest
from topped import down, model, service

from selfhealctl.capture import printed
from selfhealctl.ink import Paint
from selfhealctl.top import rows
from selfhealctl.views.status import show_programs
from selfhealingd.wire.documents import ProbeDocument, ProgramDocument, SymptomDocument

SYMPTOM = SymptomDocument(
    key="flapping", cause="exit", words="keeps failing: 6 incidents", since=""
)
ILL = SymptomDocument(key="liveness", cause="probe", words="x: silent", since="")
SILENT = ProbeDocument(
    name="liveness", asks="x", answer="failed", words="silent", failing=True
)
UNKNOWN = ProbeDocument(name="liveness", asks="x", answer="unknown", words="no file")
HEARTBEAT = "nothing written for 5 s; restarted by us"


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        (
            service("a", state="STARTING", incident="a-1", exit=HEARTBEAT, next="then"),
            [HEARTBEAT, "then"],
        ),
        (service("a", incident="a-1", exit=HEARTBEAT), [HEARTBEAT]),
        (service("a", exit="exited with status 1", next="later"), ["later"]),
        (
            service("a", symptoms=(SYMPTOM,), probes=(UNKNOWN,)),
            [SYMPTOM.words, "liveness unknown: no file"],
        ),
        (
            service(
                "a", incident="a-1", symptoms=(ILL,), probes=(SILENT,), exit="by us"
            ),
            ["x: silent", "by us"],
        ),
        (
            down("a", "BACKOFF", exit="exited with status 1", next="restart"),
            ["exited with status 1", "restart"],
        ),
        (
            service("a", removed=True, not_ready="no answer"),
            [
                "not ready: no answer",
                "gone from the config: selfhealctl update STOPS it",
            ],
        ),
    ],
)
def test_top_says_what_status_says(item: ProgramDocument, parts: list[str]) -> None:
    """The same words, all of them, in the same order."""
    assert "; ".join(parts) == rows.next_words(item)
    view = model(item, columns=300, rows=20)
    shown = rows.row(view, item, rows.columns(view), Paint())
    assert "; ".join(parts) in " ".join(piece.text for piece in shown.pieces)
    status = " ".join(printed(partial(show_programs, [item])).split())
    assert "; ".join(parts) in status
    assert ("exited" in status) == ("exited" in parts[0])
