"""Starts on the first connection: which client starts what, and what none does."""

import pytest
from core.simulator import FOREVER, Run, Simulator, crash

from selfhealingd.core import effects, events
from selfhealingd.core.graph import Condition
from selfhealingd.core.policy import Autorestart, Program

WEB = Program(name="web", starts_on=("127.0.0.1:8000", "unix:/run/web"))
WELL = Run(lasts=20, code=0)


def test_it_waits_for_a_client() -> None:
    """STOPPED, with where to connect; the first connection starts it, once."""
    sim = Simulator([WEB]).begin()
    [shown] = sim.status().programs
    where = "starts on the first connection to 127.0.0.1:8000 or unix:/run/web"
    assert ("STOPPED", True, where) == (shown.state, shown.wanted, shown.next)
    assert sim.status().issues == ()
    sim.run_for(1e4)
    assert [] == sim.spawned
    sim.knock("web")
    sim.run_for(10)
    assert ("RUNNING", [10_000.0]) == (sim.state("web"), sim.starts("web"))
    assert ["web"] == [told.service for told in sim.heard(effects.StartedByClient)]


def test_the_next_client_starts_it_again() -> None:
    """Once it has ended as it should."""
    sim = Simulator([WEB], {"web": [WELL]}).begin()
    sim.knock("web")
    sim.run_for(100)
    assert "EXITED" == sim.state("web")
    [shown] = sim.status().programs
    assert shown.next is not None
    assert shown.next.startswith("starts on the first connection to ")
    sim.knock("web")
    assert [0.0, 100.0] == sim.starts("web")
    assert [] == sim.heard(effects.IncidentOpened)


@pytest.mark.parametrize("autorestart", [Autorestart.UNEXPECTED, Autorestart.NEVER])
def test_what_never_accepts_is_no_busy_loop(autorestart: Autorestart) -> None:
    """A client that waits on starts it again at most once a second."""
    lazy = Program(
        name="web", starts_on=WEB.starts_on, startsecs=0, autorestart=autorestart
    )
    sim = Simulator([lazy], {"web": [Run(lasts=0.25, code=0)] * 3}).begin()
    for _ in range(4):
        sim.knock("web")
        sim.run_for(0.25)
    assert [0.0, 1.0, 2.0, 3.0] == sim.starts("web")


def test_a_crash_is_healed_and_no_client_hurries_it() -> None:
    """The wait between failures is the engine's; nobody watches the sockets then."""
    sim = Simulator([WEB], {"web": [crash(0.5)] * 3 + [FOREVER]}).begin()
    sim.knock("web")
    sim.run_for(1)
    assert ("BACKOFF", {}) == (sim.state("web"), sim.doors)
    sim.feed(events.Knocked(at=sim.now, service="web"))
    assert [0.0] == sim.starts("web")
    sim.run_for(200)
    assert "RUNNING" == sim.state("web")
    assert 4 == len(sim.starts("web"))


def test_what_ended_badly_and_is_never_restarted_stays_down() -> None:
    """A client that waits on would start it over and over."""
    never = Program(name="web", starts_on=WEB.starts_on, autorestart=Autorestart.NEVER)
    sim = Simulator([never], {"web": [crash(5)]}).begin()
    sim.knock("web")
    sim.run_for(100)
    assert ("EXITED", {}) == (sim.state("web"), sim.doors)


def test_the_operator_wins() -> None:
    """Stopped by hand it stays so; start and restart wait for no client."""
    sim = Simulator([WEB]).begin()
    sim.stop("web")
    assert ({}, None) == (sim.doors, sim.status().programs[0].next)
    sim.feed(events.Knocked(at=sim.now, service="web"))
    sim.run_for(10)
    assert [] == sim.spawned
    sim.start("web")
    sim.run_for(10)
    assert [10.0] == sim.starts("web")
    sim.restart("web")
    sim.run_for(10)
    assert [10.0, 20.0] == sim.starts("web")
    sim.stop("web")
    sim.run_for(10)
    assert ("STOPPED", {}) == (sim.state("web"), sim.doors)


def test_a_restart_of_one_that_waits_starts_it() -> None:
    """Whoever says restart wants it up."""
    sim = Simulator([WEB]).begin()
    sim.restart("web")
    sim.run_for(10)
    assert "RUNNING" == sim.state("web")


def test_a_start_for_a_client_is_no_healing() -> None:
    """Neither dormant mode nor the switch for automation holds it up."""
    sim = Simulator([WEB]).begin()
    sim.switch(auto_healing=False)
    sim.knock("web")
    sim.run_for(10)
    assert "RUNNING" == sim.state("web")
    assert 0 == sim.status().self_healing.total_attempts


def test_what_it_depends_on_comes_first() -> None:
    """The client waits; one connection is enough."""
    db = Program(name="db", autostart=False)
    web = Program(
        name="web", starts_on=WEB.starts_on, depends_on={"db": Condition.READY}
    )
    sim = Simulator([db, web]).begin()
    sim.knock("web")
    shown = sim.status().programs[1]
    assert ("STOPPED", "starts once db is ready", {}) == (
        shown.state,
        shown.next,
        sim.doors,
    )
    sim.start("db")
    sim.run_for(10)
    assert "RUNNING" == sim.state("web")


def test_after_the_daemon_was_away() -> None:
    """One that waited waits again; one that was called is not forgotten."""
    db = Program(name="db", autostart=False)
    called = Program(
        name="called", starts_on=WEB.starts_on, depends_on={"db": Condition.READY}
    )
    sim = Simulator([WEB, db, called]).begin()
    sim.knock("called")
    sim.come_back()
    assert ["web"] == list(sim.doors)
    sim.start("db")
    sim.run_for(10)
    assert ("RUNNING", "STOPPED") == (sim.state("called"), sim.state("web"))


def test_sockets_that_cannot_be_opened() -> None:
    """It is started anyway: that fails with the reason, and is healed like any."""
    no = Run(problem="cannot listen on 127.0.0.1:8000")
    sim = Simulator([WEB], {"web": [no]}).begin()
    sim.knock("web", opened=False)
    sim.run_for(1)
    assert "BACKOFF" == sim.state("web")
    assert [] == sim.heard(effects.StartedByClient)
    sim.run_for(60)
    assert "RUNNING" == sim.state("web")


def test_another_config() -> None:
    """Each change asks for the watch anew: its sockets may be others."""
    sim = Simulator([WEB]).begin()
    sim.doors["web"] = 0.0
    sim.reconfigure(WEB)
    assert sim.doors["web"] > 0
    sim.reconfigure(WEB, Program(name="new", starts_on=("[::]:80",)))
    assert {"web", "new"} == sim.doors.keys()
    sim.reconfigure(WEB, Program(name="new"))
    assert (["web"], "STARTING") == (list(sim.doors), sim.state("new"))
    sim.reconfigure(Program(name="new"))
    assert {} == sim.doors


def test_nothing_is_waited_for_during_a_shutdown() -> None:
    """And an essential one-shot does not end the daemon: the next client starts it."""
    web = Program(name="web", starts_on=WEB.starts_on, essential=True)
    sim = Simulator([web], {"web": [WELL]}).begin()
    sim.knock("web")
    sim.run_for(30)
    assert ("EXITED", False) == (sim.state("web"), sim.finished)
    sim.shut_down()
    assert ({}, True) == (sim.doors, sim.finished)
