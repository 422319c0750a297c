"""Events as the journal keeps them."""

from typing import Any, get_args

import msgspec
import pytest

from selfhealingd.core import events
from selfhealingd.core.breaker import By
from selfhealingd.core.exits import Exit
from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Autorestart, Flags, Policy, Program
from selfhealingd.core.readiness import Readiness, Tcp
from selfhealingd.core.remedy import Hold, Run, SendSignal
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.undertaking import Undertaking, Verb

RUN: dict[str, Any] = {"at": 1.25, "service": "web", "run": 3}
ASKED: dict[str, Any] = {"at": 1 / 3, "request": 9, "by": By(1000, 42), "reason": "why"}
WEB = Program(
    name="web",
    autorestart=Autorestart.NEVER,
    exitcodes=frozenset({0, 2}),
    priority=1,
    readiness=Readiness(sign=Tcp("127.0.0.1", 80)),
)

SYMPTOM = Symptom(
    key="liveness",
    cause=Cause.PROBE,
    words="refused",
    at=1.0,
    ladder=(SendSignal(1), Run("clear"), Hold()),
)

EVENTS: list[events.Event] = [
    events.Began(at=0.1),
    events.Reconfigured(at=0.1, policy=Policy(programs={"web": WEB})),
    events.FlagsChanged(at=0.1, flags=Flags(auto_healing=False)),
    events.Spawned(**RUN, pid=7, started=123),
    events.SpawnFailed(**RUN, problem="no such file"),
    events.Exited(**RUN, exit=Exit(at=1.25, signal=9, dumped=True), left=2),
    events.Emptied(**RUN),
    events.Ready(**RUN),
    events.Unready(**RUN, lack="nothing listens on 127.0.0.1:80"),
    events.MoreTimeAsked(**RUN, seconds=2.5),
    events.Sickened(**RUN, symptom=SYMPTOM),
    events.Recovered(**RUN, key="liveness"),
    events.Appeared(**RUN, pid=81, started=5),
    events.Gathered(at=0.1, service="web", incident="web-3"),
    events.CommandEnded(at=0.1, service="web", incident="web-3", attempt=2),
    events.Advised(
        at=0.1, service="web", incident="web-3", action=Run("clear"), digest="d"
    ),
    events.Due(at=0.1, service="web"),
    events.Knocked(at=0.1, service="web", opened=False),
    events.Noticed(at=0.1, key="rule load > 5", words="host: load", over=True),
    events.Diagnosed(
        at=0.1, service="web", incident="web-1", cause="crash", action="hold", model="a"
    ),
    events.Undertaken(
        at=0.1,
        what=Undertaking(
            number=3,
            verb=Verb.RESTART,
            options="--rolling",
            names=("web", "api"),
            left=("api",),
            by=By(1000, 42),
        ),
    ),
    events.StartAsked(**ASKED, service="web"),
    events.StopAsked(**ASKED, service="web"),
    events.RestartAsked(**ASKED, service="web"),
    events.SignalAsked(**ASKED, service="web", signal=1),
    events.ResumeAsked(**ASKED),
    events.ResetAsked(**ASKED, breaker="program:web", force=True),
    events.ApproveAsked(**ASKED, proposal="a1", digest="d"),
    events.TrustAsked(**ASKED, service="web"),
    events.Acted(**ASKED, action="pause-all", target="tasks"),
    events.ShutdownAsked(**ASKED),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_an_event_reads_back_as_it_was(event: events.Event) -> None:
    """To the last bit of its time: a replay decides as the daemon did."""
    text = msgspec.json.encode(event)
    assert event == msgspec.json.decode(text, type=events.Event)


def test_every_event_is_in_the_list() -> None:
    """A new event without a round trip fails here."""
    assert set(get_args(events.Event)) == {type(event) for event in EVENTS}
