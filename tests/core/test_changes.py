"""What a step changed, named by comparing."""

from msgspec.structs import replace

from selfhealingd.core.breaker import Breaker, Change, Closed, HalfOpen, Open
from selfhealingd.core.changes import changes
from selfhealingd.core.effects import BreakerChanged, ReadinessChanged, Transition
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopping,
    Why,
)

NOW = 100.0
RUNNING = Service(name="web", life=Running(0, 7), wanted=True, run=1)
CHANGE = Change(at=NOW, reason="because")


def told(before: Service, after: Service) -> list[object]:
    return list(
        changes(
            Host(services={"web": before}),
            Host(services={"web": after}),
            ["web"],
            at=NOW,
        )
    )


def moved(life: Life, **values: object) -> Service:
    return replace(RUNNING, life=life, **values)


def test_nothing_changed() -> None:
    """A service that was only looked at is not announced."""
    assert [] == told(RUNNING, RUNNING)
    waiting = moved(Backoff(0, Why.TURN))
    longer = moved(Backoff(0, Why.BUDGET, 200.0))
    assert [] == told(waiting, longer)


def test_a_transition_says_why_and_until_when() -> None:
    """With the end of the run, where one ended."""
    end = Exit(at=NOW, code=1)
    after = moved(Backoff(NOW, Why.BACKOFF, 105.0), exit=end)
    expected = Transition(
        service="web",
        before="RUNNING",
        after="BACKOFF",
        run=1,
        exit=end,
        until=105.0,
        why="backoff",
    )
    assert [expected] == told(RUNNING, after)


def test_an_exit_is_told_once() -> None:
    """The next transition doesn't repeat it."""
    end = Exit(at=NOW, code=1)
    waiting = moved(Backoff(NOW, Why.TURN), exit=end)
    (found,) = told(waiting, replace(waiting, life=Exited(NOW, Held.DORMANT)))
    assert isinstance(found, Transition)
    assert (None, "dormant") == (found.exit, found.why)


def test_another_run_is_a_transition_whatever_its_name() -> None:
    """STARTING again at once is news, though the name stays."""
    first = moved(Starting(0, 7))
    (found,) = told(first, replace(first, life=Starting(NOW), run=2))
    assert isinstance(found, Transition)
    assert ("STARTING", "STARTING", 2) == (found.before, found.after, found.run)


def test_readiness_of_what_runs() -> None:
    """That it came or went, or is missing for another reason; of one run."""
    well, ill = Running(0, 7), Running(0, 7, lack="this")
    other = Running(0, 7, lack="that")
    for before, after, lack in (
        (well, ill, "this"),
        (ill, other, "that"),
        (other, well, None),
    ):
        expected = [ReadinessChanged(service="web", lack=lack)]
        assert expected == told(moved(before), moved(after))
    assert [] == told(moved(ill), moved(ill))


def test_a_kill_is_told_once_for_a_run() -> None:
    """SIGKILL after the time to stop is announced; its repetitions are not."""
    asked = moved(Stopping(90.0, Purpose.STAY, NOW, 7))
    killed = moved(Stopping(90.0, Purpose.STAY, 105.0, 7, killed=True))
    (found,) = told(asked, killed)
    assert ("Escalated", 10.0) == (type(found).__name__, getattr(found, "waited", 0))
    assert [] == told(killed, replace(killed, life=replace(killed.life, deadline=110)))


def test_breakers() -> None:
    """A change of state is told, with its time where it is OPEN; a count is not."""
    opened = Breaker(state=Open(5, 160.0), change=CHANGE)
    expected = BreakerChanged(
        breaker="program:web",
        before="CLOSED",
        after="OPEN",
        failures=5,
        change=CHANGE,
        until=160.0,
    )
    assert [expected] == told(RUNNING, replace(RUNNING, breaker=opened))
    assert [] == told(RUNNING, replace(RUNNING, breaker=Breaker(state=Closed(3))))
    half = Breaker(state=HalfOpen(5, 200.0), change=CHANGE)
    main = list(changes(Host(main=opened), Host(main=half), [], at=NOW))
    assert [("self-healing-main", "OPEN", "HALF_OPEN", None)] == [
        (x.breaker, x.before, x.after, x.until)
        for x in main
        if isinstance(x, BreakerChanged)
    ]


def test_what_came_or_went_is_no_transition() -> None:
    """A service of only one of the two hosts has nothing to compare."""
    one, none = Host(services={"web": RUNNING}), Host()
    assert [] == list(changes(one, none, ["web"], at=NOW))
    assert [] == list(changes(none, one, ["web"], at=NOW))
