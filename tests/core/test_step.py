"""Coming up, going down, and what changes meanwhile, as stories in virtual time."""

import pytest
from core.simulator import BEGAN, FOREVER, ROOT, Run, Simulator, crash, names

from selfhealingd.core import effects, events
from selfhealingd.core.adoption import UNSEEN
from selfhealingd.core.exits import Exit
from selfhealingd.core.graph import Condition
from selfhealingd.core.life import Backoff, Exited, Held, label
from selfhealingd.core.policy import Autorestart, Healing, Policy, Program
from selfhealingd.core.step import step, wake_at

WEB = Program(name="web")
PRIORITIES = {"a": 1, "b": 5, "c": 5, "d": 9}


def test_what_is_wanted_comes_up_by_priority() -> None:
    """The lowest number first; without autostart it stays STOPPED."""
    sim = Simulator(
        [
            Program(name="late", priority=2000),
            Program(name="idle", autostart=False),
            Program(name="early", priority=1),
            WEB,
        ]
    ).begin()
    assert ["early", "web", "late"] == [name for _, name in sim.spawned]
    assert "STOPPED" == sim.state("idle")


def test_running_after_startsecs() -> None:
    """STARTING for as long as the operator says, then RUNNING, and no timer left."""
    sim = Simulator([Program(name="web", startsecs=3)]).begin()
    sim.run_for(2.9)
    assert "STARTING" == sim.state("web")
    sim.run_for(0.1)
    assert "RUNNING" == sim.state("web")
    assert {} == sim.wakes


def test_shutdown_in_waves() -> None:
    """The highest number stops first; the next wave when none of it is left."""
    programs = [Program(name=n, priority=p) for n, p in PRIORITIES.items()]
    sim = Simulator(programs, {name: [Run(obeys=2)] for name in "abcd"}).begin()
    sim.run_for(10)
    sim.shut_down()
    waves = []
    for _ in range(3):
        waves.append([n for n, s in sim.states().items() if s == "STOPPING"])
        assert not sim.finished
        sim.run_for(2)
    assert [["d"], ["b", "c"], ["a"]] == waves
    assert sim.finished
    assert {"STOPPED"} == set(sim.states().values())
    assert all(s.wanted for s in sim.host.services.values())


def test_shutdown_ends_with_nothing_alive_even_if_nothing_obeys() -> None:
    """Each wave is killed after its stopwaitsecs; the daemon ends in bounded time."""
    programs = [Program(name=n, priority=p) for n, p in (("a", 1), ("b", 2))]
    sim = Simulator(programs, {name: [Run(obeys=None)] for name in "ab"}).begin()
    sim.run_for(10)
    sim.shut_down()
    sim.run_until(lambda: sim.finished)
    assert BEGAN + 10 + 20 == sim.now


def test_nothing_starts_during_a_shutdown() -> None:
    """Not what crashes, waits, is being restarted, or fails to spawn meanwhile."""
    programs = [
        Program(name="slow", priority=9, stopwaitsecs=100),
        Program(name="crashes"),
        Program(name="waits"),
        Program(name="again"),
    ]
    scripts = {
        "slow": [Run(obeys=90)],
        "crashes": [crash(15)],
        "waits": [crash(0.1)],
        "again": [Run(obeys=5)],
    }
    sim = Simulator(programs, scripts, Policy(systemic_share=0)).begin()
    sim.run_for(1)
    sim.restart("again")
    before = len(sim.spawned)
    sim.shut_down()
    sim.run_until(lambda: sim.finished)
    assert before == len(sim.spawned)
    assert "STOPPED" == sim.state("again")


def test_shutdown_with_nothing_alive_finishes_at_once() -> None:
    """Also before the daemon has begun: then nothing begins any more."""
    sim = Simulator([WEB])
    sim.shut_down()
    assert sim.finished
    sim.begin()
    assert [] == sim.spawned


def test_sigkill_after_stopwaitsecs_again_and_again() -> None:
    """A process stuck in the kernel gets SIGKILL every five seconds."""
    sim = Simulator([WEB], {"web": [Run(obeys=None, kills=3)]}).begin()
    sim.run_for(10)
    sim.stop("web")
    sim.run_for(100)
    assert "STOPPED" == sim.state("web")
    sent = [(at - BEGAN, s.signal, s.group) for at, s in sim.signals]
    assert [(10, 15, True), (20, 9, True), (25, 9, True), (30, 9, True)] == sent


def test_stop_signals_as_the_operator_set_them() -> None:
    """Another signal, to the process alone, and SIGKILL to it alone as well."""
    program = Program(
        name="web",
        stopsignal=3,
        stopwaitsecs=2,
        stopasgroup=False,
        killasgroup=False,
    )
    sim = Simulator([program], {"web": [Run(obeys=None)]}).begin()
    sim.run_for(10)
    sim.stop("web")
    sim.run_for(5)
    sent = [(s.signal, s.group) for _, s in sim.signals]
    assert [(3, False), (9, False)] == sent


@pytest.mark.parametrize(("obey", "kills"), [(True, 0), (False, 1)])
def test_what_a_crash_leaves_behind_is_cleared_first(obey: bool, kills: int) -> None:  # noqa: FBT001
    """SIGTERM to the group, SIGKILL after stopwaitsecs, and only then the restart."""
    runs = [Run(lasts=60, left=2, left_obey=obey), FOREVER]
    sim = Simulator([WEB], {"web": runs}).begin()
    sim.run_for(60)
    sim.run_for(20)
    assert [0, 60 + 10 * kills] == sim.starts("web")
    assert [15] + [9] * kills == [s.signal for _, s in sim.signals]
    assert all(s.group for _, s in sim.signals)
    path = ["STARTING", "RUNNING", "STOPPING", "STARTING", "RUNNING"]
    assert path == sim.path("web")


def test_what_a_stop_leaves_behind_is_waited_for() -> None:
    """STOPPED only when the whole group is gone."""
    sim = Simulator([WEB], {"web": [Run(left=1, left_obey=False)]}).begin()
    sim.run_for(10)
    sim.stop("web")
    sim.run_for(5)
    assert "STOPPING" == sim.state("web")
    sim.run_for(10)
    assert "STOPPED" == sim.state("web")
    assert [15, 9] == [s.signal for _, s in sim.signals]


def test_leftovers_are_left_where_the_operator_says_so() -> None:
    """With killasgroup = false the run is over when its own process is."""
    program = Program(name="web", killasgroup=False)
    sim = Simulator([program]).begin()
    sim.run_for(60)
    end = Exit(at=sim.now, code=1, lasted=60)
    gone = events.Exited(at=sim.now, service="web", run=1, exit=end, left=3)
    host, todo = step(sim.policy, sim.host, gone)
    assert "STARTING" == label(host.services["web"].life)
    assert [] == [x for x in todo if isinstance(x, effects.Signal)]


def test_reconfigure_adds_and_removes() -> None:
    """What is new starts; what is gone is killed and forgotten; the rest runs on."""
    sim = Simulator([WEB, Program(name="old")]).begin()
    sim.run_for(10)
    sim.reconfigure(WEB, Program(name="new"), Program(name="idle", autostart=False))
    assert [("old", 9, True)] == [
        (s.service, s.signal, s.group) for _, s in sim.signals
    ]
    sim.run_for(10)
    assert {"web": "RUNNING", "new": "RUNNING", "idle": "STOPPED"} == sim.states()
    assert 1 == len(sim.starts("web"))


def test_reconfigure_adds_what_depends_on_each_other() -> None:
    """In whatever order the config has them; those that may start do by priority."""
    needy = Program(name="needy", depends_on={"db": Condition.STARTED}, priority=1)
    new = [needy, Program(name="late"), Program(name="db", priority=2)]
    sim = Simulator([WEB]).begin()
    sim.reconfigure(WEB, *new)
    sim.run_for(10)
    assert {"RUNNING"} == set(sim.states().values())
    started = [name for _, name in sim.spawned]
    assert started.index("db") < started.index("late")
    assert started.index("db") < started.index("needy")


def test_reconfigure_moves_the_timers() -> None:
    """A changed startsecs or backoff is in force at once, with its timer."""
    sim = Simulator([Program(name="web", startsecs=100)]).begin()
    sim.run_for(5)
    sim.reconfigure(Program(name="web", startsecs=10))
    sim.run_for(5)
    assert "RUNNING" == sim.state("web")


def test_reconfigure_frees_a_place() -> None:
    """What waited for its turn goes on when the busy one is removed."""
    programs = [Program(name=name) for name in names(2)]
    scripts = {"p00": [crash(60), Run(spawns=1e6)], "p01": [crash(60), FOREVER]}
    sim = Simulator(programs, scripts).begin()
    sim.run_for(61)
    assert "BACKOFF" == sim.state("p01")
    sim.reconfigure(programs[1])
    assert "STARTING" == sim.state("p01")


def test_a_lease_whose_holder_is_gone() -> None:
    """The engine's one try was removed from the config: its lease ends by itself."""
    programs = [Program(name=name) for name in names(2)]
    scripts = {"p00": [crash(0.1)] * 6 + [Run(spawns=1e6)], "p01": [crash(5000)]}
    sim = Simulator(programs, scripts).begin()
    sim.run_until(lambda: sim.host.main.label == "HALF_OPEN")
    end = Exit(at=sim.now, code=1, lasted=60)
    sim.processes["p01"].alive = False
    sim.feed(events.Exited(at=sim.now, service="p01", run=1, exit=end))
    assert "BACKOFF" == sim.state("p01")
    sim.reconfigure(programs[1])
    sim.run_for(200)
    assert "RUNNING" == sim.state("p01")
    assert "CLOSED" == sim.host.main.label


def test_stale_events_change_nothing() -> None:
    """News of an earlier run, or of a service that is gone, leave the host as it is."""
    sim = Simulator([WEB], {"web": [crash(60), FOREVER]}).begin()
    sim.run_for(100)
    at, end = sim.now, Exit(at=sim.now, code=1)
    stale: list[events.Event] = [
        events.Spawned(at=at, service="web", run=1, pid=5),
        events.SpawnFailed(at=at, service="web", run=1, problem="x"),
        events.Exited(at=at, service="web", run=1, exit=end),
        events.Emptied(at=at, service="web", run=1),
        events.Emptied(at=at, service="web", run=2),
        events.Exited(at=at, service="gone", run=2, exit=end),
        events.Due(at=at, service="gone"),
        events.Due(at=at, service="web"),
        events.FlagsChanged(at=at, flags=sim.host.flags),
    ]
    for event in stale:
        host, todo = step(sim.policy, sim.host, event)
        assert sim.host == host
        assert [] == [x for x in todo if not isinstance(x, effects.Wake)]


def test_an_early_or_late_timer() -> None:
    """Early: it is asked for again. Late: a run is judged by how long it lasted."""
    sim = Simulator([WEB]).begin()
    sim.run_for(0.5)
    host, todo = step(sim.policy, sim.host, events.Due(at=sim.now, service="web"))
    assert (sim.host, (effects.Wake(service="web", at=BEGAN + 1),)) == (host, todo)
    late = events.Exited(
        at=BEGAN + 50, service="web", run=1, exit=Exit(at=BEGAN + 50, code=0)
    )
    host, _ = step(sim.policy, sim.host, late)
    assert Exited(BEGAN + 50, Held.FINISHED) == host.services["web"].life


def test_a_step_says_what_it_did_and_nothing_else_changes() -> None:
    """The host that goes in is never altered; a timer is what wake_at says."""
    sim = Simulator([WEB], {"web": [crash(60)]}).begin()
    sim.run_for(59)
    before = sim.host
    copy = (before, dict(before.services))
    sim.run_for(2)
    assert copy == (before, dict(before.services))
    assert sim.wakes.get("web") == wake_at(sim.policy, sim.host, "web")


def test_dormant_survives_the_daemon() -> None:
    """Neither kill -9 nor a boot nor a clean restart resumes the engine."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 11}).begin()
    sim.run_until(lambda: sim.host.dormant)
    change = sim.host.main.change
    for how in ({}, {"clean": True}, {"boot": True}):
        sim.come_back(**how)
        assert sim.host.dormant
        assert "FATAL" == sim.state("web")
    assert change is not None
    assert sim.host.main.change is not None
    assert change.reason == sim.host.main.change.reason
    sim.resume("mended")
    sim.reset("program:web", force=True)
    sim.run_for(30)
    assert "healthy" == sim.status().status


def test_backoff_goes_on_after_kill_9() -> None:
    """What was waiting waits for what is left, and counters are as they were."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 100}).begin()
    sim.run_until(lambda: sim.host.services["web"].breaker.failures == 4)
    life = sim.life("web")
    assert isinstance(life, Backoff)
    assert life.until is not None
    counters = sim.host.counters
    sim.come_back(away=10)
    assert counters == sim.host.counters
    back = sim.life("web")
    assert isinstance(back, Backoff)
    assert life.until == pytest.approx(back.until, abs=1e-4)
    assert 4 == sim.host.services["web"].breaker.failures


def test_a_wait_for_a_breaker_goes_on_after_kill_9() -> None:
    """Nothing about it changes, and still it has its timer again."""
    quick = Program(name="web", healing=Healing(backoff_initial=0))
    sim = Simulator([quick], {"web": [crash(0.1)] * 6}).begin()
    sim.run_until(lambda: sim.host.main.label == "OPEN")
    for _ in range(3):
        sim.come_back(away=1)
        assert "BACKOFF" == sim.state("web")
    sim.run_for(70)
    assert "RUNNING" == sim.state("web")


def test_an_attempt_that_came_to_nothing() -> None:
    """It counts neither way; its half-open breaker is OPEN for a full minute."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 6 + [Run(lasts=5)]}).begin()
    sim.run_until(lambda: sim.host.main.label == "HALF_OPEN")
    failures = sim.host.main.failures
    sim.come_back(away=1, boot=True)
    assert ("OPEN", failures) == (sim.host.main.label, sim.host.main.failures)
    began = sim.now
    sim.run_until(lambda: sim.host.main.label == "HALF_OPEN")
    assert 60 <= sim.now - began <= 66
    counters = sim.host.counters
    assert counters.failed + counters.healed < counters.attempts


def test_an_attempt_goes_on_without_the_daemon() -> None:
    """Its half-open try is the same one, verified at the time that it was to be."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 6}).begin()
    sim.run_until(lambda: sim.host.main.label == "HALF_OPEN")
    sim.run_for(3)
    counters = sim.host.counters
    began = sim.life("web").at
    sim.come_back(away=2)
    assert "HALF_OPEN" == sim.host.main.label
    assert began == pytest.approx(sim.life("web").at, abs=1e-4)
    sim.run_until(lambda: sim.host.main.label == "CLOSED")
    assert began + WEB.healing.verify_secs == pytest.approx(sim.now, abs=1e-4)
    assert counters.attempts == sim.host.counters.attempts
    assert 1 == sim.host.counters.healed


def test_an_attempt_that_failed_while_nobody_looked() -> None:
    """It counts as failed: otherwise a daemon that crashes, too, could try for ever."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 6 + [crash(3)]}).begin()
    sim.run_until(lambda: sim.host.main.label == "HALF_OPEN")
    sim.run_for(2)
    failures = sim.host.main.failures
    sim.come_back(alone=False)
    assert ("OPEN", failures + 1) == (sim.host.main.label, sim.host.main.failures)


def test_what_ran_runs_on() -> None:
    """The same run, with its start time; what an operator stopped stays down."""
    sim = Simulator([WEB, Program(name="stopped")]).begin()
    sim.run_for(30)
    sim.stop("stopped")
    sim.run_for(1)
    began = sim.life("web").at
    sim.come_back()
    assert {"web": "RUNNING", "stopped": "STOPPED"} == sim.states()
    assert began == pytest.approx(sim.life("web").at, abs=1e-4)
    assert "healthy" == sim.status().status
    sim.run_for(30)
    assert 1 == sim.host.services["web"].run


def test_what_was_starting_is_running_when_it_was_to_be() -> None:
    """The time without a daemon counts."""
    slow = Program(name="web", startsecs=10)
    sim = Simulator([slow]).begin()
    sim.run_for(4)
    sim.come_back(away=3)
    assert "STARTING" == sim.state("web")
    sim.run_until(lambda: sim.state("web") == "RUNNING")
    assert 10 == pytest.approx(sim.now - BEGAN, abs=1e-4)


@pytest.mark.parametrize(
    ("ask", "after"), [("stop", "STOPPED"), ("restart", "RUNNING")]
)
def test_what_was_stopping_ends_as_it_was_told(ask: str, after: str) -> None:
    """SIGKILL at its deadline, and then what was asked for."""
    deaf = Run(obeys=None)
    sim = Simulator([WEB], {"web": [deaf]}).begin()
    sim.run_for(30)
    getattr(sim, ask)("web")
    sim.run_for(4)
    sim.come_back(away=3)
    assert "STOPPING" == sim.state("web")
    sim.run_for(2)
    assert 9 not in [signal.signal for _, signal in sim.signals]
    sim.run_for(5)
    assert after == sim.state("web")
    assert 9 in [signal.signal for _, signal in sim.signals]


def test_a_stop_before_the_spawn_was_answered_is_not_forgotten() -> None:
    """Its signal is still owed when the process is found."""
    sim = Simulator([WEB], {"web": [Run(spawns=4)]}).begin()
    sim.run_for(1)
    sim.stop("web")
    sim.come_back(away=1)
    sim.run_for(5)
    assert "STOPPED" == sim.state("web")
    assert [15] == [signal.signal for _, signal in sim.signals]


def test_what_ended_while_nobody_looked_is_healed() -> None:
    """As after any other crash, since how it ended is unknown."""
    sim = Simulator([WEB, Program(name="idle", autostart=False)]).begin()
    sim.run_for(30)
    sim.start("idle")
    sim.run_for(30)
    sim.stop("idle")
    sim.come_back(alone=False)
    [opened] = sim.heard(effects.IncidentOpened)
    assert UNSEEN == opened.incident.detail
    sim.run_for(30)
    assert {"web": "RUNNING", "idle": "STOPPED"} == sim.states()
    assert 2 == sim.host.services["web"].run
    assert 1 == sim.host.counters.healed


def test_what_ran_before_a_boot_is_started_afresh() -> None:
    """What was up and well comes up; what an operator stopped stays down."""
    programs = [WEB, Program(name="stopped"), Program(name="idle", autostart=False)]
    sim = Simulator(programs).begin()
    sim.run_for(30)
    sim.stop("stopped")
    sim.start("idle")
    sim.run_for(30)
    sim.come_back(boot=True)
    sim.run_for(5)
    expected = {"web": "RUNNING", "stopped": "STOPPED", "idle": "RUNNING"}
    assert expected == sim.states()
    assert 2 == sim.host.services["web"].run


@pytest.mark.parametrize("how", ["kill", "clean", "boot"])
def test_a_one_shot_that_is_done(how: str) -> None:
    """It isn't run again because the daemon crashed, but on a boot or a clean start."""
    sim = Simulator([WEB], {"web": [crash(30, 0)]}).begin()
    sim.run_for(60)
    assert "EXITED" == sim.state("web")
    sim.come_back(clean=how == "clean", boot=how == "boot")
    assert (how == "kill") == (sim.state("web") == "EXITED")


def test_a_clean_stop_heals_nothing() -> None:
    """A program that ends well because it was told to is no proof that it is well."""
    runs = [crash(0.1), crash(0.1), crash(0.1), FOREVER]
    sim = Simulator([WEB], {"web": runs}).begin()
    sim.run_until(lambda: sim.state("web") == "RUNNING")
    failures = sim.host.services["web"].breaker.failures
    sim.processes["web"].script = Run(code=0)
    sim.shut_down()
    end = Exit(at=sim.now, code=0, lasted=2)
    sim.processes["web"].alive = False
    sim.feed(events.Exited(at=sim.now, service="web", run=4, exit=end))
    assert sim.finished
    sim.come_back(clean=True)
    assert failures == sim.host.services["web"].breaker.failures == 2
    incident = sim.host.services["web"].open_incident
    assert incident is not None
    assert "BACKOFF" == sim.state("web")


def test_switched_off_survives_the_daemon() -> None:
    """A program that is held by the flag is held by the next daemon as well."""
    sim = Simulator([WEB], {"web": [crash(0.1)]}).begin()
    sim.switch(auto_healing=False)
    sim.run_for(10)
    sim.come_back()
    sim.run_for(60)
    assert "EXITED" == sim.state("web")
    sim.switch(auto_healing=True)
    sim.run_for(60)
    assert "RUNNING" == sim.state("web")


def test_always_waits_for_automation_too() -> None:
    """Automatic restarts are automation, however well the last run ended."""
    program = Program(name="web", autorestart=Autorestart.ALWAYS)
    sim = Simulator([program], {"web": [crash(30, 0)]}).begin()
    sim.switch(auto_healing=False)
    sim.run_for(60)
    assert "EXITED" == sim.state("web")
    sim.switch(auto_healing=True)
    assert "STARTING" == sim.state("web")
    assert 0 == sim.host.counters.incidents


def test_requests_carry_who_asked() -> None:
    """The journal knows uid and pid."""
    sim = Simulator([WEB]).begin()
    sim.stop("web")
    (acted,) = sim.heard(effects.OperatorActed)
    assert ("stop", "web", str(ROOT)) == (acted.action, acted.target, acted.by)
