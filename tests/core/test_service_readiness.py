"""A start that is over only with a sign, for which there is a deadline."""

from typing import Any

import pytest
from core.simulator import FOREVER, Run, Simulator
from msgspec.structs import replace

from selfhealingd.core import effects, events, service
from selfhealingd.core.effects import Deed, Signal
from selfhealingd.core.exits import Exit
from selfhealingd.core.graph import Condition
from selfhealingd.core.host import Service
from selfhealingd.core.incident import Result
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.policy import Autorestart, Healing, Program
from selfhealingd.core.readiness import Readiness, Tcp

NOW = 100.0
PORT = Readiness(sign=Tcp("", 8000), within=5)
WEB = Program(name="web", readiness=PORT)
LATE = "not ready within 5 s: nothing listens on :8000"
RUN: dict[str, Any] = {"at": NOW, "service": "web", "run": 3}
TERM = Signal(service="web", run=3, signal=15, group=True)
CONT = Signal(service="web", run=3, signal=18, group=True)
STAY, SETTLE = Purpose.STAY, Purpose.SETTLE


def in_state(life: Life, **values: Any) -> Service:
    return Service(**{"name": "web", "life": life, "wanted": True, "run": 3, **values})


def given_up(problem: str, at: float = NOW) -> Stopping:
    return Stopping(at, SETTLE, at + 10, 7, early=True, problem=problem)


@pytest.mark.parametrize(
    ("life", "after"),
    [
        (Starting(99), Starting(99, ready=True)),
        (Starting(99.5, 7), Starting(99.5, 7, ready=True)),
        (Starting(99.5, 7, lack="no"), Starting(99.5, 7, ready=True)),
        (Starting(99, 7), Running(NOW, 7)),
        (Starting(90, 7), Running(NOW, 7)),
        *[
            (life, life)
            for life in [
                Running(90, 7),
                Stopping(95, STAY, 105, 7),
                Stopped(0),
                Backoff(0, Why.TURN),
            ]
        ],
    ],
)
def test_ready(life: Life, after: Life) -> None:
    """RUNNING takes the sign and startsecs, in any order; a late sign still counts."""
    s, deeds = service.ready(WEB, in_state(life), events.Ready(**RUN))
    assert (after, ()) == (s.life, deeds)


def test_ready_again() -> None:
    """What is RUNNING stays so, and lacks nothing any more."""
    s, _ = service.ready(WEB, in_state(Running(90, 7, lack="why")), events.Ready(**RUN))
    assert Running(90, 7) == s.life


def test_ready_only_once_it_was_asked() -> None:
    """Until then it lacks the answer."""
    later = replace(WEB, asked_later=True)
    s, _ = service.ready(later, in_state(Starting(90, 7)), events.Ready(**RUN))
    assert Running(NOW, 7, lack=service.NOT_ASKED) == s.life


def test_ready_before_its_spawn_was_answered() -> None:
    """It isn't forgotten."""
    event = events.Spawned(**RUN, pid=8)
    s, _ = service.spawned(WEB, in_state(Starting(99, ready=True)), event)
    assert Starting(NOW, 8, ready=True) == s.life


@pytest.mark.parametrize(
    ("life", "after"),
    [
        (Starting(99, 7), Starting(99, 7, lack="why")),
        (Starting(99, 7, ready=True), Starting(99, 7, ready=True)),
        (Running(90, 7), Running(90, 7, lack="why")),
        (Stopping(95, STAY, 105, 7), Stopping(95, STAY, 105, 7)),
    ],
)
def test_unready(life: Life, after: Life) -> None:
    """What is seen instead is kept as long as the sign is waited for, or missed."""
    event = events.Unready(**RUN, lack="why")
    assert after == service.unready(in_state(life), event)[0].life


@pytest.mark.parametrize(
    ("life", "seconds", "after"),
    [
        (Starting(99, 7), 60, Starting(99, 7, until=160)),
        (Starting(99, 7), 1, Starting(99, 7)),
        (Starting(99, 7, until=150), 20, Starting(99, 7, until=150)),
        (Starting(99, 7, ready=True), 60, Starting(99, 7, ready=True)),
        (Stopping(95, STAY, 105, 7), 60, Stopping(95, STAY, 160, 7)),
        (Stopping(95, STAY, 105, 7), 1, Stopping(95, STAY, 105, 7)),
        (
            Stopping(95, STAY, 105, 7, killed=True),
            60,
            Stopping(95, STAY, 105, 7, killed=True),
        ),
        (Running(90, 7), 60, Running(90, 7)),
    ],
)
def test_more_time(life: Life, seconds: float, after: Life) -> None:
    """A start, or an end, may take longer when the program says so; never shorter."""
    event = events.MoreTimeAsked(**RUN, seconds=seconds)
    assert after == service.more_time(WEB, in_state(life), event)[0].life


@pytest.mark.parametrize(
    ("life", "after", "deeds"),
    [
        (Starting(95.5, 7), Starting(95.5, 7), ()),
        (Starting(95, 7), given_up(LATE), (TERM, CONT)),
        (Starting(90, 7, until=120), Starting(90, 7, until=120), ()),
        (
            Starting(90, 7, until=NOW, lack="no answer"),
            given_up("not ready within 10 s: no answer"),
            (TERM, CONT),
        ),
        (Starting(90, 7, ready=True), Running(91, 7), ()),  # the timer was late
        (Starting(0), Starting(0), ()),
    ],
)
def test_due(life: Life, after: Life, deeds: tuple[Deed, ...]) -> None:
    """What isn't ready in time is told to end, and why is kept."""
    s, found = service.due(WEB, in_state(life), at=NOW)
    assert (after, deeds) == (s.life, found)


def test_without_patience_it_is_killed_at_once() -> None:
    """No timer is needed for that."""
    program = Program(name="web", readiness=PORT, stopwaitsecs=0)
    s, deeds = service.due(program, in_state(Starting(90, 7)), at=NOW)
    assert (TERM, CONT, Signal(service="web", run=3, signal=9, group=True)) == deeds
    assert isinstance(s.life, Stopping)
    assert s.life.killed


@pytest.mark.parametrize(
    ("life", "when"),
    [
        (Starting(99), None),
        (Starting(99, 7), 104.0),
        (Starting(99, 7, until=130), 130.0),
        (Starting(99, 7, ready=True), 100.0),
    ],
)
def test_deadline(life: Life, when: float | None) -> None:
    """First for the sign, then for startsecs."""
    assert when == service.deadline(WEB, in_state(life))


@pytest.mark.parametrize(
    ("life", "early"),
    [
        (Starting(90, 7), True),
        (Starting(90, 7, ready=True), False),
        (Starting(99.5, 7, ready=True), True),
    ],
)
def test_an_end_before_it_is_ready_is_a_failed_start(
    life: Life,
    early: bool,  # noqa: FBT001
) -> None:
    """However long it was up, and whatever its status."""
    event = events.Exited(**RUN, exit=Exit(at=NOW, code=0, lasted=9))
    s, _ = service.exited(WEB, in_state(life), event)
    assert s.exit is not None
    assert (early, int(early)) == (s.exit.early, s.failed_starts)


@pytest.mark.parametrize("autorestart", Autorestart)
def test_one_that_was_given_up_failed_to_start(autorestart: Autorestart) -> None:
    """Even if it then ends with a good status: why it had to end is what counts."""
    program = Program(name="web", readiness=PORT, autorestart=autorestart)
    event = events.Exited(**RUN, exit=Exit(at=NOW, code=0, lasted=9))
    s, _ = service.exited(program, in_state(given_up(LATE)), event)
    assert Exit(at=NOW, problem=LATE, lasted=9, early=True) == s.exit
    assert 1 == s.failed_starts
    held = autorestart is Autorestart.NEVER
    assert (Exited(NOW, Held.NEVER) if held else Backoff(NOW, Why.TURN)) == s.life


def story(*runs: Run, **settings: Any) -> Simulator:
    program = Program(
        name="web", readiness=PORT, healing=Healing(verify_secs=10), **settings
    )
    return Simulator([program], {"web": runs}).begin()


def test_ready_is_running() -> None:
    """Not before, though it has been up for startsecs."""
    sim = story(Run(ready=3))
    sim.run_for(2.9)
    assert "STARTING" == sim.state("web")
    sim.run_for(0.2)
    assert "RUNNING" == sim.state("web")


def test_never_ready_is_healed_by_another_start() -> None:
    """A failed start: its incident says why, and the next one is verified."""
    sim = story(Run(ready=None), FOREVER)
    sim.run_for(100)
    (opened,) = sim.heard(effects.IncidentOpened)
    assert LATE == opened.incident.detail
    (attempt,) = sim.heard(effects.AttemptEnded)
    assert Result.HEALED is attempt.attempt.result
    assert "RUNNING" == sim.state("web")
    assert ["STARTING", "STOPPING", "BACKOFF"] == sim.path("web")[:3]


def test_an_attempt_may_take_as_long_as_a_start() -> None:
    """Also one that asked for more time, with a breaker's only try."""
    slow = Run(ready=300)
    healing = Healing(verify_secs=10)
    program = Program(name="web", readiness=PORT, healing=healing)
    sim = Simulator([program], {"web": [Run(ready=None), slow]}).begin()
    sim.run_until(lambda: len(sim.spawned) == 2)
    sim.feed(
        events.MoreTimeAsked(at=sim.now, service="web", run=2, seconds=400),
    )
    sim.run_for(400)
    (attempt,) = sim.heard(effects.AttemptEnded)
    assert Result.HEALED is attempt.attempt.result


def test_who_depends_on_it_waits_until_it_is_ready() -> None:
    """``ready`` is what was declared, not an age."""
    db = Program(name="db", readiness=PORT)
    web = Program(name="web", depends_on={"db": Condition.READY})
    sim = Simulator([web, db], {"db": [Run(ready=4)]}).begin()
    sim.run_for(3.5)
    assert {"web": "STOPPED", "db": "STARTING"} == sim.states()
    sim.run_for(2)
    assert {"web": "RUNNING", "db": "RUNNING"} == sim.states()
