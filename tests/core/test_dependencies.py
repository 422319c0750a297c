"""What depends on what, in virtual time."""

import pytest
from core.simulator import FOREVER, Run, Simulator, crash

from selfhealingd.core import effects, events
from selfhealingd.core.dependencies import hindrance, met
from selfhealingd.core.graph import Condition
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Cause, Incident
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Running,
    Starting,
    Stopped,
    Why,
)
from selfhealingd.core.policy import Autorestart, BreakerPolicy, Policy, Program

DB = Program(name="db")
ILL = Incident(id="db-1", service="db", cause=Cause.EXIT, detail="x", opened=0)


def needing(name: str, **conditions: Condition) -> Program:
    return Program(name=name, depends_on=conditions)


WEB = needing("web", db=Condition.READY)


@pytest.mark.parametrize(
    ("life", "incident", "conditions"),
    [
        (Stopped(0), None, set()),
        (Starting(0), None, set()),
        (Starting(0, 7), None, {"started"}),
        (Running(0, 7), None, {"started", "ready", "healthy"}),
        (Running(0, 7), ILL, {"started", "ready"}),
        (Running(0, 7, lack="why"), None, {"started"}),
        (Backoff(0, Why.TURN), ILL, set()),
        (Exited(0, Held.FINISHED), None, {"completed"}),
        (Exited(0, Held.NEVER), None, set()),
        (Fatal(0), None, set()),
    ],
)
def test_how_far_each_state_is(
    life: Life, incident: Incident | None, conditions: set[str]
) -> None:
    """Each condition, in each state."""
    s = Service(name="db", life=life, wanted=True, incident=incident)
    assert conditions == {c.value for c in Condition if met(s, c)}


def test_starts_go_in_waves() -> None:
    """Each as soon as what it depends on is ready, and no sooner."""
    api = needing("api", db=Condition.READY, cache=Condition.STARTED)
    front = needing("front", api=Condition.READY)
    sim = Simulator([front, api, Program(name="cache"), DB]).begin()
    sim.run_for(10)
    ready = DB.startsecs
    assert [0] == sim.starts("db")
    assert [0] == sim.starts("cache")
    assert [ready] == sim.starts("api")
    assert [2 * ready] == sim.starts("front")


def test_what_is_not_ready_any_more_is_waited_for() -> None:
    """What runs already runs on; what is yet to start waits until it is ready again."""
    later = Program(name="later", autostart=False, depends_on=WEB.depends_on)
    sim = Simulator([WEB, DB, later]).begin()
    sim.run_for(10)
    sim.feed(events.Unready(at=sim.now, service="db", run=1, lack="no answer"))
    sim.start("later")
    sim.run_for(10)
    assert [] == sim.starts("later")
    assert 1 == len(sim.starts("web"))
    sim.feed(events.Ready(at=sim.now, service="db", run=1))
    sim.run_for(10)
    assert [20] == sim.starts("later")


def test_a_job_that_must_complete_first() -> None:
    """Its dependent starts when it ended well."""
    job = Program(name="migrate", autorestart=Autorestart.NEVER)
    web = needing("web", migrate=Condition.COMPLETED)
    sim = Simulator([web, job], {"migrate": [Run(lasts=5, code=0)]}).begin()
    sim.run_for(10)
    assert [5] == sim.starts("web")


def test_what_waits_says_for_what() -> None:
    """In the words of the outlook, and it does not count as stopped by hand."""
    sim = Simulator([WEB, DB], {"db": [Run(lasts=0.1)] * 3}).begin()
    sim.run_for(1)
    web = next(p for p in sim.status().programs if p.name == "web")
    assert ("STOPPED", "starts once db is ready", True) == (
        web.state,
        web.next,
        web.wanted,
    )


def test_stops_go_in_reverse() -> None:
    """Nothing stops before what depends on it is gone, whatever its priority."""
    db = Program(name="db", priority=2000)
    slow = {"web": [Run(obeys=3)], "db": [FOREVER]}
    sim = Simulator([db, WEB], slow).begin()
    sim.run_for(10)
    sim.shut_down()
    sim.run_until(lambda: sim.finished)
    assert ["web", "db"] == [signal.service for _, signal in sim.signals]
    assert 3 == sim.signals[1][0] - sim.signals[0][0]


def test_the_root_is_healed_before_its_symptoms() -> None:
    """What fails while an ancestor fails waits for the ancestor, uncounted."""
    api = needing("api", db=Condition.STARTED)
    web = needing("web", api=Condition.STARTED)
    scripts = {
        "db": [crash(60), Run(lasts=0.1), FOREVER],
        "web": [crash(60.5), FOREVER],
    }
    sim = Simulator([DB, api, web], scripts).begin()
    sim.run_for(62)
    waiting = next(p for p in sim.status().programs if p.name == "web")
    assert ("BACKOFF", "restart, attempt 1, once db is well") == (
        waiting.state,
        waiting.next,
    )
    sim.run_until(lambda: sim.state("web") == "RUNNING")
    assert sim.starts("db")[-1] < sim.starts("web")[-1]
    assert 1 == len(sim.starts("api"))
    assert 1 == sim.host.counters.failed


def test_a_crash_does_not_start_without_what_it_needs() -> None:
    """The operator stopped the database: web waits until it is there again."""
    sim = Simulator([DB, WEB], {"web": [crash(60), FOREVER]}).begin()
    sim.run_for(30)
    sim.stop("db")
    sim.run_for(60)
    assert "BACKOFF" == sim.state("web")
    assert "STOPPED" == sim.state("db")
    sim.start("db")
    sim.run_for(30)
    assert "RUNNING" == sim.state("web")


def test_a_start_by_hand_waits_as_well() -> None:
    """And says for what."""
    sim = Simulator([DB, WEB]).begin()
    sim.run_for(10)
    sim.stop("web")
    sim.stop("db")
    answer = sim.start("web")
    assert (True, "starts once db is ready") == (answer.done, answer.words)
    sim.run_for(10)
    assert "STOPPED" == sim.state("web")
    sim.start("db")
    sim.run_for(10)
    assert "RUNNING" == sim.state("web")


def test_waiting_survives_the_daemon() -> None:
    """A start that waits for another one still does after a restart."""
    sim = Simulator([WEB, DB], {"db": [Run(lasts=0.1)] * 2 + [FOREVER]}).begin()
    sim.run_for(3)
    sim.come_back(1)
    assert "STOPPED" == sim.state("web")
    sim.run_until(lambda: sim.state("web") == "RUNNING")
    assert sim.starts("db")[-1] < sim.starts("web")[-1]


@pytest.mark.parametrize(
    ("script", "autorestart"),
    [
        (Run(lasts=5, code=0), Autorestart.UNEXPECTED),
        (crash(5), Autorestart.NEVER),
    ],
)
def test_an_essential_program_takes_the_daemon_along(
    script: Run, autorestart: Autorestart
) -> None:
    """When it ends for good, everything is stopped, and Finish says why."""
    main = Program(name="main", essential=True, autorestart=autorestart)
    sim = Simulator([main, DB], {"main": [script]}).begin()
    sim.run_until(lambda: sim.finished)
    assert "main" == sim.host.ended_by
    assert "STOPPED" == sim.state("db")
    assert ["main"] == [told.service for told in sim.heard(effects.EssentialEnded)]


def test_an_essential_program_that_is_fatal_ends_it_too() -> None:
    """But not one that the operator stopped."""
    main = Program(name="main", essential=True, startretries=0)
    sim = Simulator([main, DB], {"main": [Run(lasts=0.1)]}).begin()
    sim.run_until(lambda: sim.finished)
    assert "FATAL" == sim.state("main")

    stopped = Simulator([main, DB], {"main": [FOREVER]}).begin()
    stopped.stop("main")
    stopped.run_for(100)
    assert not stopped.finished


def test_nothing_hinders_where_nothing_is_needed() -> None:
    """Also while others fail."""
    policy = Policy(programs={"db": DB}, main=BreakerPolicy())
    services = {"db": Service(name="db", life=Fatal(0), wanted=True)}
    assert hindrance(policy, Host(services=services), DB) is None


def test_a_start_by_hand_ends_the_wait_of_the_engine() -> None:
    """It waits as the operator's start then: not as a healing."""
    sim = Simulator([DB, WEB], {"web": [crash(60), FOREVER]}).begin()
    sim.run_for(30)
    sim.stop("db")
    sim.run_for(60)
    assert "BACKOFF" == sim.state("web")
    sim.start("web")
    assert ("STOPPED", None) == (
        sim.state("web"),
        sim.host.services["web"].open_incident,
    )
    sim.start("db")
    sim.run_for(10)
    assert "RUNNING" == sim.state("web")
    assert 0 == sim.host.counters.attempts
