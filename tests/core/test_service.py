"""One program's life: every state under everything that can happen to it."""

from typing import Any

import pytest

from selfhealingd.core import events, service
from selfhealingd.core.effects import Deed, Signal, Spawn
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Service
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.policy import Autorestart, Program

NOW = 100.0
WEB = Program(name="web")
ALWAYS = Program(name="web", autorestart=Autorestart.ALWAYS)
NEVER = Program(name="web", autorestart=Autorestart.NEVER)
STAY, AGAIN, SETTLE = Purpose.STAY, Purpose.AGAIN, Purpose.SETTLE
DOWN: list[Life] = [
    Stopped(0),
    Backoff(0, Why.TURN),
    Exited(0, Held.FINISHED),
    Fatal(0),
]


def in_state(life: Life, **values: Any) -> Service:
    return Service(**{"name": "web", "life": life, "wanted": True, "run": 3, **values})


def signal(number: int, *, group: bool = True) -> Signal:
    return Signal(service="web", run=3, signal=number, group=group)


TERM, KILL, CONT = signal(15), signal(9), signal(18)


@pytest.mark.parametrize("life", DOWN)
def test_start(life: Life) -> None:
    """A new run, with a number of its own."""
    s, deeds = service.start(in_state(life, started=5), at=NOW)
    assert (Starting(NOW), 4, None) == (s.life, s.run, s.started)
    assert (Spawn(service="web", run=4),) == deeds


@pytest.mark.parametrize(
    ("life", "after", "deeds"),
    [
        (Starting(99), Stopping(NOW, STAY, 110.0), ()),
        (Starting(99, 7), Stopping(NOW, STAY, 110.0, 7), (TERM, CONT)),
        (Running(99, 7), Stopping(NOW, STAY, 110.0, 7), (TERM, CONT)),
        (Stopping(95, AGAIN, 105.0, 7), Stopping(95, STAY, 105.0, 7), ()),
    ],
)
def test_stop(life: Life, after: Life, deeds: tuple[Deed, ...]) -> None:
    """The signal once there is a process, and a frozen one is woken to hear it.

    A stop under way only changes its end.
    """
    s, found = service.stop(WEB, in_state(life), at=NOW, purpose=STAY)
    assert (after, deeds) == (s.life, found)


@pytest.mark.parametrize("life", DOWN)
def test_stop_of_what_is_down_is_a_mistake_of_ours(life: Life) -> None:
    """Impossible raises."""
    with pytest.raises(AssertionError):
        service.stop(WEB, in_state(life), at=NOW, purpose=STAY)


@pytest.mark.parametrize(
    ("life", "after", "deeds"),
    [
        (Starting(99), Starting(NOW, 8), ()),
        (Stopping(95, STAY, 105.0), Stopping(95, STAY, 110.0, 8), (TERM, CONT)),
        *[
            (life, life, ())
            for life in [
                *DOWN,
                Running(99, 7),
                Stopping(95, STAY, 105.0, 7),
                Stopping(95, STAY, 105.0, ended=True),
            ]
        ],
    ],
)
def test_spawned(life: Life, after: Life, deeds: tuple[Deed, ...]) -> None:
    """It has a process; a stop that came first is carried out now."""
    event = events.Spawned(at=NOW, service="web", run=3, pid=8, started=5)
    s, found = service.spawned(WEB, in_state(life), event)
    assert (after, deeds) == (s.life, found)


def test_what_came_up_while_nobody_looked() -> None:
    """One that is adopted is RUNNING since its startsecs were over."""
    event = events.Spawned(at=NOW, service="web", run=3, pid=8)
    s, _ = service.spawned(WEB, in_state(Starting(80, 8), failed_starts=2), event)
    assert (Running(81, 8), 0) == (s.life, s.failed_starts)
    s, _ = service.spawned(WEB, in_state(Starting(NOW - 0.5, 8)), event)
    assert Starting(NOW - 0.5, 8) == s.life


def test_no_startsecs_is_running_at_once() -> None:
    """A program without startsecs is RUNNING as soon as it has a process."""
    event = events.Spawned(at=NOW, service="web", run=3, pid=8)
    program = Program(name="web", startsecs=0)
    s, _ = service.spawned(program, in_state(Starting(99), failed_starts=2), event)
    assert (Running(NOW, 8), 0) == (s.life, s.failed_starts)


def exited(
    program: Program, life: Life, *, code: int = 1, left: int = 0
) -> service.Step:
    end = Exit(at=NOW, code=code, lasted=9)
    event = events.Exited(at=NOW, service="web", run=3, exit=end, left=left)
    return service.exited(program, in_state(life, failed_starts=1), event)


TURN, PAUSE = Backoff(NOW, Why.TURN), Backoff(NOW, Why.PAUSE)
FINISHED, HELD = Exited(NOW, Held.FINISHED), Exited(NOW, Held.NEVER)
YOUNG, OLD, UP = Starting(99.5, 7), Starting(90, 7), Running(90, 7)


@pytest.mark.parametrize(
    ("program", "life", "code", "after", "failed_starts"),
    [
        (WEB, YOUNG, 0, TURN, 2),
        (WEB, YOUNG, 1, TURN, 2),
        (WEB, OLD, 0, FINISHED, 0),
        (WEB, UP, 0, FINISHED, 0),
        (WEB, UP, 1, TURN, 0),
        (ALWAYS, YOUNG, 0, TURN, 2),
        (ALWAYS, UP, 0, PAUSE, 0),
        (ALWAYS, UP, 1, TURN, 0),
        (NEVER, YOUNG, 0, FINISHED, 2),
        (NEVER, YOUNG, 1, HELD, 2),
        (NEVER, UP, 0, FINISHED, 0),
        (NEVER, UP, 1, HELD, 0),
        (WEB, Stopping(95, STAY, 105.0, 7), 0, Stopped(NOW), 1),
        (WEB, Stopping(95, AGAIN, 105.0, 7), 1, Stopped(NOW), 1),
    ],
)
def test_exited(
    program: Program, life: Life, code: int, after: Life, failed_starts: int
) -> None:
    """By autorestart, by how it ended, and by whether it had been told to."""
    s, _ = exited(program, life, code=code)
    assert (after, failed_starts) == (s.life, s.failed_starts)
    assert s.exit is not None
    assert isinstance(life, Stopping) is s.exit.told
    assert (life is YOUNG) is s.exit.early


@pytest.mark.parametrize("life", DOWN)
def test_an_exit_of_what_is_down_changes_nothing(life: Life) -> None:
    """It was told before."""
    before = in_state(life, failed_starts=1)
    assert (before, ()) == exited(WEB, life)


@pytest.mark.parametrize(
    ("life", "after", "deeds"),
    [
        (YOUNG, Stopping(NOW, SETTLE, 110.0, ended=True, early=True), (TERM,)),
        (UP, Stopping(NOW, SETTLE, 110.0, ended=True), (TERM,)),
        (
            Stopping(95, STAY, 105.0, 7),
            Stopping(95, STAY, 105.0, ended=True),
            (),
        ),
    ],
)
def test_exited_with_leftovers(
    life: Life, after: Life, deeds: tuple[Deed, ...]
) -> None:
    """They are told to end, once; the run is not over before they are gone."""
    assert (after, deeds) == (
        exited(WEB, life, left=2)[0].life,
        exited(WEB, life, left=2)[1],
    )


def test_leftovers_stay_without_killasgroup() -> None:
    """The operator said so: then the run is over with its process."""
    program = Program(name="web", killasgroup=False)
    assert TURN == exited(program, UP, left=2)[0].life


@pytest.mark.parametrize(
    ("life", "after"),
    [
        (Stopping(95, STAY, 105.0, ended=True), Stopped(NOW)),
        (Stopping(95, AGAIN, 105.0, ended=True), Stopped(NOW)),
        (Stopping(95, SETTLE, 105.0, ended=True), TURN),
        *[
            (life, life)
            for life in [*DOWN, YOUNG, UP, Stopping(95, STAY, 105.0, 7), Starting(99)]
        ],
    ],
)
def test_emptied(life: Life, after: Life) -> None:
    """The run is over if its own process had ended."""
    s = in_state(life, exit=Exit(at=95, code=1))
    event = events.Emptied(at=NOW, service="web", run=3)
    assert after == service.emptied(WEB, s, event)[0].life


@pytest.mark.parametrize(
    ("life", "after"),
    [
        (Starting(99), TURN),
        (Stopping(95, STAY, 105.0), Stopped(NOW)),
        (Stopping(95, AGAIN, 105.0), Stopped(NOW)),
        *[(life, life) for life in [*DOWN, UP]],
    ],
)
def test_spawn_failed(life: Life, after: Life) -> None:
    """A failed start, or the end of a stop."""
    event = events.SpawnFailed(at=NOW, service="web", run=3, problem="no such file")
    s, _ = service.spawn_failed(WEB, in_state(life), event)
    assert after == s.life
    if s.life != life:
        assert s.exit == Exit(at=NOW, problem="no such file", early=True)


@pytest.mark.parametrize(
    ("life", "after", "deeds"),
    [
        (Starting(99, 7), Running(NOW, 7), ()),
        (Starting(99.5, 7), Starting(99.5, 7), ()),
        (Starting(50), Starting(50), ()),
        (
            Stopping(90, STAY, 100.0, 7),
            Stopping(90, STAY, 105.0, 7, killed=True),
            (KILL,),
        ),
        (
            Stopping(90, STAY, 100.0, 7, killed=True),
            Stopping(90, STAY, 105.0, 7, killed=True),
            (KILL,),
        ),
        (
            Stopping(90, STAY, 100.0, ended=True),
            Stopping(90, STAY, 105.0, ended=True, killed=True),
            (KILL,),
        ),
        (Stopping(90, STAY, 100.0), Stopping(90, STAY, 105.0), ()),
        (Stopping(90, STAY, 100.1, 7), Stopping(90, STAY, 100.1, 7), ()),
        *[(life, life, ()) for life in [*DOWN, UP]],
    ],
)
def test_due(life: Life, after: Life, deeds: tuple[Deed, ...]) -> None:
    """RUNNING after startsecs, SIGKILL after stopwaitsecs; too early, nothing."""
    s, found = service.due(WEB, in_state(life), at=NOW)
    assert (after, deeds) == (s.life, found)


@pytest.mark.parametrize(
    ("life", "when"),
    [
        (Starting(99), None),
        (Starting(99, 7), 100.0),
        (UP, None),
        (Stopping(90, STAY, 105.0, 7), 105.0),
        (Backoff(0, Why.BACKOFF, 130.0), 130.0),
        *[(life, None) for life in DOWN],
    ],
)
def test_deadline(life: Life, when: float | None) -> None:
    """A timer where there is something to do at a time, and nowhere else."""
    assert when == service.deadline(WEB, in_state(life))


@pytest.mark.parametrize(
    ("end", "well"),
    [
        (Exit(at=0, code=0), True),
        (Exit(at=0, code=0, early=True), False),
        (Exit(at=0, code=0, told=True), False),
        (Exit(at=0, code=1), False),
        (Exit(at=0, signal=15), False),
    ],
)
def test_routine(end: Exit, well: bool) -> None:  # noqa: FBT001
    """It ended by itself, after startsecs, and with a status that was named."""
    assert well is service.routine(WEB, end)
