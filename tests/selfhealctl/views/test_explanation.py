"""Why a service is as it is, in one screen."""

import msgspec
import pytest

from selfhealctl.views.explanation import show_explanation
from selfhealingd.wire.explanation import ExplanationDocument

FOUND = msgspec.convert(
    {
        "program": {
            "name": "web",
            "group": None,
            "state": "RUNNING",
            "pid": 7,
            "since": "2026-01-01T00:00:00.000Z",
            "uptime": 9.0,
            "exit": None,
            "next": "restart, attempt 2, in 9 s",
            "nextAt": None,
            "breaker": "CLOSED",
            "wanted": True,
            "runs": 1,
            "consecutiveFailures": 1,
            "incident": "web-1",
        },
        "words": ["program web is RUNNING for 9 s", "not well: no \x1b[31manswer"],
        "hindrances": [{"words": "backoff", "do": "selfhealctl restart web"}],
        "incident": {
            "id": "web-1",
            "service": "web",
            "cause": "probe",
            "detail": "no answer",
            "opened": "2026-01-01T00:00:00.000Z",
            "attempts": [
                {"remedy": "signal HUP", "started": "x", "result": "no effect"},
                {"remedy": "restart", "started": "x"},
            ],
        },
        "ladder": ["signal HUP", "restart"],
        "rung": 1,
        "limits": "after 4 more its breaker opens for 1 min",
        "events": [
            {
                "at": "2026-01-01T00:00:00.000Z",
                "seq": 1,
                "kind": "incident.opened",
                "component": "SelfHealing",
                "service": "web",
                "words": "is not well",
                "level": "warning",
                "data": {},
            }
        ],
    },
    ExplanationDocument,
)


@pytest.mark.parametrize(
    "words",
    [
        "program web is RUNNING for 9 s",
        "not well: no answer",
        "1. signal HUP, no effect",
        "2. restart, under way",
        "restart, attempt 2, in 9 s",
        "backoff; do: selfhealctl restart web",
        "signal HUP > [restart]",
        "after 4 more its breaker opens",
        "SelfHealing  web: is not well",
    ],
)
def test_all_of_it_is_on_the_screen(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is, what was tried, what comes, what hinders, what follows."""
    show_explanation(FOUND)
    assert words in capsys.readouterr().out
