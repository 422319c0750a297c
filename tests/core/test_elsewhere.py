"""What others do to a watch, as stories in virtual time."""

import pytest
from core.simulator import FOREVER, Run, Simulator, crash

from selfhealingd.core import effects, events
from selfhealingd.core.exits import Exit
from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Kind, Policy, Program

NGINX = Program(name="nginx", kind=Kind.WATCH, exitcodes=frozenset())
IDLE = Program(name="nginx", kind=Kind.WATCH, autostart=False)


def crashed(after: float = 20.0) -> Simulator:
    """A watch that was up and crashed, and can't be started again."""
    broken = [Run(problem="no")] * 100
    sim = Simulator([NGINX], {"nginx": [crash(after), *broken]}).begin()
    sim.run_for(after + 1)
    assert "BACKOFF" == sim.state("nginx")
    return sim


def test_at_first_it_is_only_looked_for() -> None:
    """A start of the daemon starts nothing that isn't its own; a remedy does."""
    looks = []
    sim = Simulator([NGINX], {"nginx": [crash(20), FOREVER]})
    perform = sim._perform

    def noting(effect: effects.Effect) -> None:
        if isinstance(effect, effects.Spawn):
            looks.append(effect.look)
        perform(effect)

    sim._perform = noting  # type: ignore[method-assign]
    sim.begin()
    sim.run_for(25)
    assert [True, False] == looks
    sim.stop("nginx")
    sim.run_for(1)
    sim.start("nginx")
    assert [True, False, False] == looks


def test_one_that_is_not_there_is_missing() -> None:
    """That is no crash, nor a start of ours that failed; it is started at once."""
    sim = Simulator([NGINX], {"nginx": [Run(spawns=99)]}).begin()
    sim.run_for(1)
    sim.processes["nginx"].alive = False
    end = Exit(at=sim.now, problem="there is no pidfile")
    sim.feed(events.Exited(at=sim.now, service="nginx", run=1, exit=end))
    [opened] = sim.heard(effects.IncidentOpened)
    assert Cause.MISSING is opened.incident.cause
    assert "STARTING" == sim.state("nginx")


def test_a_process_that_turns_up_ends_the_incident() -> None:
    """What others started is verified; that was no remedy of ours."""
    sim = crashed()
    sim.appear("nginx")
    assert "STARTING" == sim.state("nginx")
    sim.run_for(11)
    assert "RUNNING" == sim.state("nginx")
    [ended] = sim.heard(effects.IncidentEnded)
    assert "passed" == ended.incident.ending.value
    assert {} == sim.wakes


@pytest.mark.parametrize("program", [NGINX, IDLE])
def test_a_process_that_turns_up_is_wanted(program: Program) -> None:
    """Whoever starts it elsewhere wants it up, as one who asks us to."""
    sim = Simulator([program], {"nginx": [FOREVER]}).begin()
    sim.run_for(5)
    sim.stop("nginx")
    sim.run_for(1)
    assert "STOPPED" == sim.state("nginx")
    assert not sim.host.services["nginx"].wanted
    sim.appear("nginx")
    sim.run_for(2)
    assert "RUNNING" == sim.state("nginx")
    assert sim.host.services["nginx"].wanted


def test_it_comes_up_though_its_breaker_is_open_for_good() -> None:
    """What is, is told; but nothing automatic closes the breaker."""
    sim = crashed()
    sim.run_until(lambda: sim.state("nginx") == "FATAL")
    sim.appear("nginx")
    sim.run_for(20)
    assert "RUNNING" == sim.state("nginx")
    [watch] = sim.status().watches
    assert "PERMANENT_OPEN" == watch.breaker
    assert any("reset watch:nginx" in do for do in sim.status().recommendations)


def test_another_process_in_its_place_is_no_incident() -> None:
    """A restart by other hands: the run that follows is observed instead."""
    sim = Simulator([NGINX]).begin()
    sim.run_for(5)
    sim.appear("nginx")
    sim.run_for(5)
    assert "RUNNING" == sim.state("nginx")
    assert 2 == sim.observed["nginx"]
    assert [] == sim.heard(effects.IncidentOpened)


def test_what_somebody_stopped_is_left_alone() -> None:
    """It is not wanted any more, whatever comes, until somebody starts it."""
    sim = Simulator([NGINX]).begin()
    sim.run_for(5)
    sim.withdraw("nginx")
    assert "STOPPED" == sim.state("nginx")
    sim.run_for(1000)
    sim.come_back(boot=True)
    sim.run_for(1000)
    assert "STOPPED" == sim.state("nginx")
    assert [] == sim.heard(effects.IncidentOpened)
    sim.start("nginx")
    sim.run_for(2)
    assert "RUNNING" == sim.state("nginx")


def test_stopping_it_elsewhere_ends_its_healing() -> None:
    """An open incident is left to whoever did that."""
    sim = crashed()
    sim.withdraw("nginx")
    [ended] = sim.heard(effects.IncidentEnded)
    assert "operator" == ended.incident.ending.value
    sim.run_for(1000)
    assert "STOPPED" == sim.state("nginx")


def test_our_own_stop_is_no_withdrawal() -> None:
    """A restart that we were asked for goes on to its start."""
    sim = Simulator([NGINX], {"nginx": [Run(obeys=None)]}).begin()
    sim.run_for(5)
    sim.restart("nginx")
    sim.withdraw("nginx")
    sim.run_for(2)
    assert "RUNNING" == sim.state("nginx")
    assert 2 == len(sim.starts("nginx"))


def test_a_stop_names_its_order() -> None:
    """So that the operator's own commands can be used; a signal is just a signal."""
    sim = Simulator([NGINX]).begin()
    sim.run_for(5)
    sim.signal("nginx", 1)
    sim.restart("nginx")
    sim.run_for(5)
    sim.stop("nginx")
    sim.run_for(5)
    orders = [signal.order for _, signal in sim.signals]
    assert [None, effects.Order.RESTART, effects.Order.STOP] == orders


def test_the_end_of_the_daemon_is_not_its_end() -> None:
    """Programs are stopped, a watch runs on and is found again."""
    sim = Simulator([NGINX, Program(name="web")]).begin()
    sim.run_for(5)
    sim.shut_down()
    sim.run_for(5)
    assert sim.finished
    assert {"nginx": "RUNNING", "web": "STOPPED"} == sim.states()
    assert ["web"] == [signal.service for _, signal in sim.signals]


def test_a_removed_watch_is_not_killed() -> None:
    """It is only looked after no more."""
    sim = Simulator([NGINX]).begin()
    sim.run_for(5)
    sim.reconfigure()
    assert [] == sim.signals
    assert {} == sim.observed


def test_one_that_becomes_a_program_is_another_service() -> None:
    """And the other way round: nothing of its past is taken over."""
    sim = Simulator([NGINX]).begin()
    sim.run_for(5)
    del sim.processes["nginx"]
    sim.reconfigure(Program(name="nginx", autostart=False))
    assert Kind.PROGRAM is sim.host.services["nginx"].kind
    assert "STOPPED" == sim.state("nginx")
    assert [] == sim.signals


def test_its_breaker_is_named_a_watch() -> None:
    """A reset by the name of a program's is refused."""
    sim = Simulator([NGINX], policy=Policy()).begin()
    assert sim.reset("watch:nginx").done
    assert not sim.reset("program:nginx").done
