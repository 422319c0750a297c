"""Healing, as stories in virtual time."""

from itertools import pairwise

import pytest
from core.simulator import FOREVER, Run, Simulator, crash, names
from msgspec.structs import replace

from selfhealingd.core import effects
from selfhealingd.core.incident import Cause, Ending, Result
from selfhealingd.core.life import Backoff, Exited, Held, Running, Why
from selfhealingd.core.policy import (
    Autorestart,
    BreakerPolicy,
    Healing,
    Policy,
    Program,
)

WEB = Program(name="web")
NEVER_UP = [crash(0.1)] * 100


def hopeless(*others: Program, policy: Policy | None = None) -> Simulator:
    """A program that never comes up, among others that are well."""
    return Simulator([WEB, *others], {"web": NEVER_UP}, policy).begin()


def results(sim: Simulator) -> list[Result | None]:
    return [said.attempt.result for said in sim.heard(effects.AttemptEnded)]


def test_the_first_crash_restarts_at_once_and_is_verified() -> None:
    """A program that was well waits for nothing, and is healed after verify_secs."""
    sim = Simulator([WEB], {"web": [crash(60), FOREVER]}).begin()
    sim.run_until(lambda: sim.heard(effects.IncidentEnded))
    assert [0, 60] == sim.starts("web")
    assert ["STARTING", "RUNNING", "STARTING", "RUNNING"] == sim.path("web")
    assert 1000 + 60 + WEB.startsecs + WEB.healing.verify_secs == sim.now
    (opened,) = sim.heard(effects.IncidentOpened)
    (ended,) = sim.heard(effects.IncidentEnded)
    assert (Cause.EXIT, "exited with status 1 after 1 min") == (
        opened.incident.cause,
        opened.incident.detail,
    )
    assert Ending.HEALED is ended.incident.ending
    assert [Result.HEALED] == results(sim)
    engine = sim.status().self_healing
    assert (1, 1, 0) == (
        engine.total_attempts,
        engine.successful_healings,
        engine.failed_healings,
    )
    assert "healthy" == sim.status().status


def test_a_failed_start_waits_five_seconds() -> None:
    """No crash of a healthy program: 5 s, and up to a tenth more."""
    sim = Simulator([WEB], {"web": [crash(0.1), FOREVER]}).begin()
    sim.run_for(0.2)
    assert "BACKOFF" == sim.state("web")
    sim.run_for(60)
    first, second = sim.starts("web")
    assert 5.0 <= second - first - 0.1 <= 5.5
    (opened,) = sim.heard(effects.IncidentOpened)
    assert Cause.FAILED_START is opened.incident.cause


@pytest.mark.parametrize("run", [crash(0.1), Run(problem="no such file")])
def test_the_only_program_fails_ten_times(run: Run) -> None:
    """Then the engine is dormant, in the words that operators were promised."""
    sim = Simulator([WEB], {"web": [run] * 100}).begin()
    sim.run_until(lambda: sim.host.dormant)
    waits = sum([5, 10, 20, 40, 80, 160, 320, 600, 600, 600])
    assert waits <= sim.now - 1000 <= waits * 1.1 + 2
    status = sim.status()
    main = status.circuit_breakers[0]
    assert ("self-healing-main", "PERMANENT_OPEN") == (main.name, main.state)
    assert "Exceeded permanent failure threshold" == main.permanent_open_reason
    engine = status.self_healing
    assert engine.is_dormant
    assert "Exceeded maximum consecutive failures (10)" == engine.dormant_reason
    assert (10, 10, 0) == (
        engine.consecutive_failures,
        engine.failed_healings,
        engine.successful_healings,
    )
    assert "critical" == status.status
    assert "CRITICAL: Self-Healing Engine in DORMANT mode" == status.issues[0]
    assert "FATAL" == sim.state("web")
    sim.run_for(1e6)
    assert 11 == len(sim.starts("web"))


def test_the_engine_warns_from_five_failures_in_a_row() -> None:
    """The contract's sentence, number and threshold."""
    sim = hopeless()
    sim.run_until(lambda: sim.host.main.failures == 4)
    assert not any("consecutive" in issue for issue in sim.status().issues)
    sim.run_until(lambda: sim.host.main.failures == 5)
    status = sim.status()
    at = status.issues.index("WARNING: Self-Healing has 5 consecutive failures")
    assert status.recommendations[at].startswith(
        "System approaching Dormant Mode threshold (10 failures)"
    )
    assert "warning" == status.status


def test_backoff_and_breaker_both_have_to_agree() -> None:
    """After five failures the breaker is OPEN for a minute; backoff lasts longer."""
    sim = hopeless()
    sim.run_until(lambda: sim.host.services["web"].breaker.failures == 5)
    assert ["OPEN", "OPEN"] == [b.state for b in sim.status().circuit_breakers]
    assert 160_000 == sim.status().self_healing.backoff_delay
    life = sim.life("web")
    assert isinstance(life, Backoff)
    assert Why.BACKOFF is life.why
    assert life.until is not None
    assert 160 <= life.until - sim.now <= 176


def test_the_breaker_decides_where_backoff_is_short() -> None:
    """The next attempt waits for the later of the two."""
    quick = Program(name="web", healing=Healing(backoff_initial=0, verify_secs=1))
    sim = Simulator([quick], {"web": NEVER_UP}).begin()
    sim.run_until(lambda: "OPEN" in sim.host.main.label)
    life = sim.life("web")
    assert isinstance(life, Backoff)
    assert life.why in {Why.BREAKER, Why.MAIN_BREAKER}
    assert 6 == len(sim.starts("web"))
    sim.run_for(59)
    assert 6 == len(sim.starts("web"))
    sim.run_for(8)
    assert 7 == len(sim.starts("web"))


def test_the_engines_breaker_goes_through_its_states() -> None:
    """One try at a time, each announced, until it is open for good."""
    sim = hopeless()
    sim.run_until(lambda: sim.host.dormant)
    main = [
        change.after
        for change in sim.heard(effects.BreakerChanged)
        if change.breaker == "self-healing-main"
    ]
    assert [*["OPEN", "HALF_OPEN"] * 5, "PERMANENT_OPEN"] == main


def test_one_hopeless_program_among_ten_is_given_up_alone() -> None:
    """It is FATAL behind a breaker of its own; healing goes on for the others."""
    others = [Program(name=name) for name in names(9)]
    sim = hopeless(*others)
    sim.run_until(lambda: sim.state("web") == "FATAL")
    assert ("CLOSED", 0) == (sim.host.main.label, sim.host.main.failures)
    status = sim.status()
    assert "warning" == status.status
    assert any(
        issue.startswith("WARNING: program web is FATAL") for issue in status.issues
    )
    (ended,) = sim.heard(effects.IncidentEnded)
    assert Ending.GIVEN_UP is ended.incident.ending
    sim.processes["p00"].alive = True
    sim._end(sim.processes["p00"], 11)
    sim.run_for(20)
    assert "RUNNING" == sim.state("p00")
    assert 1 == sim.status().self_healing.successful_healings


def test_a_share_of_none_makes_every_failure_count() -> None:
    """systemic_share = 0: any ten failures in a row make the engine dormant."""
    others = [Program(name=name) for name in names(9)]
    sim = hopeless(*others, policy=Policy(systemic_share=0))
    sim.run_until(lambda: sim.host.dormant)
    assert 9 == list(sim.states().values()).count("RUNNING")


def test_a_failing_host_stops_healing_for_all() -> None:
    """Four of ten failing at once are the host's failure: all wait for a person."""
    programs = [Program(name=name) for name in names(10)]
    sim = Simulator(programs, dict.fromkeys(names(4), NEVER_UP)).begin()
    sim.run_until(lambda: sim.host.dormant)
    down = [sim.life(name) for name in names(4)]
    assert any(isinstance(x, Exited) and x.held is Held.DORMANT for x in down)
    sim.run_for(1e5)
    assert 6 == list(sim.states().values()).count("RUNNING")
    assert 10 == sim.host.main.failures


def test_a_relapse_counts_as_a_failure_and_a_success_resets() -> None:
    """Up, but not for verify_secs: relapsed. Up for long enough: all is forgotten."""
    runs = [crash(60), crash(5), crash(5), crash(30), FOREVER]
    sim = Simulator([WEB], {"web": runs}).begin()
    sim.run_for(300)
    relapsed, healed = Result.RELAPSED, Result.HEALED
    assert [relapsed, relapsed, healed, healed] == results(sim)
    starts = sim.starts("web")
    gaps = [b - a for a, b in pairwise(starts)]
    assert [60, 15, 25, 30] == [int(gap) for gap in gaps]
    assert 0 == sim.host.services["web"].breaker.failures
    assert (4, 2, 2) == (
        sim.host.counters.attempts,
        sim.host.counters.healed,
        sim.host.counters.failed,
    )


def test_a_death_by_signal_is_a_crash() -> None:
    """It is restarted, and the incident says which signal."""
    sim = Simulator([WEB], {"web": [Run(lasts=60, signal=11), FOREVER]}).begin()
    sim.run_for(100)
    (opened,) = sim.heard(effects.IncidentOpened)
    assert "killed by SIGSEGV after 1 min" == opened.incident.detail
    assert "RUNNING" == sim.state("web")


@pytest.mark.parametrize(
    ("autorestart", "lasts", "code", "state", "runs", "incidents"),
    [
        (Autorestart.ALWAYS, 30, 0, "RUNNING", 2, 0),
        (Autorestart.ALWAYS, 30, 1, "RUNNING", 2, 1),
        (Autorestart.ALWAYS, 0.5, 0, "BACKOFF", 1, 1),
        (Autorestart.ALWAYS, 0.5, 1, "BACKOFF", 1, 1),
        (Autorestart.UNEXPECTED, 30, 0, "EXITED", 1, 0),
        (Autorestart.UNEXPECTED, 30, 1, "RUNNING", 2, 1),
        (Autorestart.UNEXPECTED, 0.5, 0, "BACKOFF", 1, 1),
        (Autorestart.UNEXPECTED, 0.5, 1, "BACKOFF", 1, 1),
        (Autorestart.NEVER, 30, 0, "EXITED", 1, 0),
        (Autorestart.NEVER, 30, 1, "EXITED", 1, 0),
        (Autorestart.NEVER, 0.5, 0, "EXITED", 1, 0),
        (Autorestart.NEVER, 0.5, 1, "EXITED", 1, 0),
    ],
)
def test_autorestart(
    autorestart: Autorestart,
    lasts: float,
    code: int,
    state: str,
    runs: int,
    incidents: int,
) -> None:
    """Every setting, with a good and a bad status, before and after startsecs."""
    program = Program(name="web", autorestart=autorestart)
    sim = Simulator([program], {"web": [crash(lasts, code), FOREVER]}).begin()
    sim.run_for(lasts + 3)
    assert (state, runs) == (sim.state("web"), len(sim.starts("web")))
    assert incidents == len(sim.heard(effects.IncidentOpened))


def test_a_program_that_always_ends_well_is_no_busy_loop() -> None:
    """From one start to the next it takes at least a second."""
    program = Program(name="web", autorestart=Autorestart.ALWAYS, startsecs=0)
    sim = Simulator([program], {"web": [crash(0.2, 0)] * 100}).begin()
    sim.run_for(10.5)
    assert list(range(11)) == [round(at, 6) for at in sim.starts("web")]
    assert 0 == sim.host.counters.attempts


def test_startretries_bound_the_starts() -> None:
    """Three retries are four starts in all; then it is FATAL, and says why."""
    program = Program(name="web", startretries=3)
    sim = Simulator([program], {"web": NEVER_UP}).begin()
    sim.run_for(1e5)
    assert ("FATAL", 4) == (sim.state("web"), len(sim.starts("web")))
    own = sim.status().circuit_breakers[1]
    assert "Exceeded startretries (3)" == own.permanent_open_reason
    assert "program:web" == own.name


def test_startretries_count_only_starts_in_a_row() -> None:
    """A run that came up begins the count anew."""
    program = Program(name="web", startretries=1)
    runs = [crash(0.1), crash(20), crash(0.1), crash(20), crash(0.1), FOREVER]
    sim = Simulator([program], {"web": runs}).begin()
    sim.run_for(1000)
    assert ("RUNNING", 6) == (sim.state("web"), len(sim.starts("web")))


def test_the_hourly_budget() -> None:
    """When it is used up healing waits until an hour after the oldest remedy."""
    sim = Simulator([WEB], {"web": [crash(60)] * 4}, Policy(max_remedies_per_hour=3))
    sim.begin()
    sim.run_for(250)
    life = sim.life("web")
    assert isinstance(life, Backoff)
    assert (Why.BUDGET, 1000 + 60 + 3600) == (life.why, life.until)
    sim.run_for(3600)
    assert "RUNNING" == sim.state("web")
    assert [0, 60, 120, 180, 3660] == sim.starts("web")


@pytest.mark.parametrize("used", [0, 2])
def test_a_budget_of_none(used: int) -> None:
    """Nothing is healed and nothing waits for a time, whatever was spent before."""
    runs = [crash(60)] * (used + 1)
    sim = Simulator([WEB], {"web": runs}).begin()
    sim.run_for(60 * used + 30)
    sim.policy = replace(sim.policy, max_remedies_per_hour=0)
    sim.run_for(60)
    life = sim.life("web")
    assert isinstance(life, Backoff)
    assert (Why.BUDGET, None) == (life.why, life.until)


def test_fifty_crash_together_and_all_come_back() -> None:
    """Never more than one in five at once; each next one when a remedy is done."""
    programs = [Program(name=name) for name in names(50)]
    sim = Simulator(programs, {name: [crash(60), FOREVER] for name in names(50)})
    sim.begin()
    sim.run_for(100)
    assert {"RUNNING"} == set(sim.states().values())
    again = sorted(at for name in names(50) for at in sim.starts(name)[1:])
    assert [60.0] * 10 + [61.0] * 10 + [62.0] * 10 + [63.0] * 10 + [64.0] * 10 == again
    assert 50 == sim.host.counters.healed


def test_at_least_one_is_healed_at_a_time() -> None:
    """One in five of two programs is none: one is let in all the same."""
    programs = [Program(name=name) for name in names(2)]
    sim = Simulator(programs, {name: [crash(60), FOREVER] for name in names(2)})
    sim.begin()
    sim.run_for(60.5)
    waiting = [sim.life(name) for name in names(2)]
    assert [Why.TURN] == [x.why for x in waiting if isinstance(x, Backoff)]
    sim.run_for(10)
    assert {"RUNNING"} == set(sim.states().values())


def test_an_attempt_that_never_answers_runs_out() -> None:
    """Its lease ends and counts as a failure; if it comes up after all, it is well."""
    sim = Simulator([WEB], {"web": [crash(60), Run(spawns=100)]}).begin()
    sim.run_until(lambda: results(sim))
    assert 1000 + 60 + 30 + 1 + 10 == sim.now
    assert [Result.NO_EFFECT] == results(sim)
    sim.run_for(100)
    assert isinstance(sim.life("web"), Running)
    assert 0 == sim.host.services["web"].breaker.failures
    (ended,) = sim.heard(effects.IncidentEnded)
    assert Ending.PASSED is ended.incident.ending


def test_the_engines_one_try_runs_out_as_well() -> None:
    """A HALF_OPEN whose try never ended is a failure, counted once in each breaker."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 6 + [Run(spawns=1e6)]}).begin()
    sim.run_until(lambda: sim.host.main.label == "HALF_OPEN")
    sim.run_until(lambda: sim.host.main.label == "OPEN")
    own = sim.host.services["web"].breaker
    assert ("OPEN", 6, 6) == (own.label, own.failures, sim.host.main.failures)
    assert 6 == sim.host.counters.failed


def test_a_remedy_after_which_the_program_ends_well() -> None:
    """A good end is as good as staying up: there was nothing more to heal."""
    runs = [crash(60), crash(5, 0), FOREVER]
    program = Program(name="web", autorestart=Autorestart.ALWAYS)
    sim = Simulator([program], {"web": runs}).begin()
    sim.run_for(70)
    (ended,) = sim.heard(effects.AttemptEnded)
    assert (Result.HEALED, "ended as it should") == (
        ended.attempt.result,
        ended.attempt.detail,
    )
    assert ("RUNNING", 1) == (sim.state("web"), sim.host.counters.attempts)


def test_a_stuck_attempt_gives_way_to_others() -> None:
    """What doesn't come up in time no longer takes a place among the remedies."""
    programs = [Program(name=name) for name in names(2)]
    scripts = {"p00": [crash(60), Run(spawns=1e6)], "p01": [crash(60), FOREVER]}
    sim = Simulator(programs, scripts).begin()
    sim.run_for(60 + 41 + 20)
    assert "RUNNING" == sim.state("p01")


def test_automation_switched_off_and_on() -> None:
    """Off stops every restart at once; on again, what is down is healed."""
    programs = [WEB, Program(name="db")]
    scripts = {"web": [crash(0.1)] * 2, "db": [crash(100), FOREVER]}
    sim = Simulator(programs, scripts).begin()
    sim.run_for(1)
    sim.switch(auto_healing=False)
    assert Exited(sim.now, Held.SWITCHED_OFF) == sim.life("web")
    sim.run_for(1e4)
    assert ("EXITED", "EXITED") == (sim.state("web"), sim.state("db"))
    assert 0 == sim.host.counters.attempts
    assert not sim.status().self_healing.enabled
    sim.switch(auto_healing=True)
    sim.run_for(100)
    assert ("RUNNING", "RUNNING") == (sim.state("web"), sim.state("db"))
    assert [("auto_healing",), ()] == [f.off for f in sim.heard(effects.FlagsSet)]


def test_a_relapse_that_makes_the_engine_dormant_holds_the_others() -> None:
    """What waited to be tried waits for a person from that moment."""
    policy = Policy(main=BreakerPolicy(open_after=9, permanent_after=2))
    scripts = {"web": [crash(60), crash(5), crash(5)], "db": [crash(78)] * 2}
    db = Program(name="db", startsecs=100)
    sim = Simulator([WEB, db], scripts, policy).begin()
    sim.run_until(lambda: sim.host.dormant)
    life = sim.life("db")
    assert isinstance(life, Exited)
    assert Held.DORMANT is life.held


def test_dormant_watches_on() -> None:
    """Programs that run keep running; one that falls is reported and left down."""
    programs = [WEB, Program(name="db")]
    scripts = {"web": NEVER_UP, "db": [crash(1e5), FOREVER]}
    sim = Simulator(programs, scripts).begin()
    sim.run_until(lambda: sim.host.dormant)
    assert "RUNNING" == sim.state("db")
    sim.run_for(1e5)
    assert "EXITED" == sim.state("db")
    assert any("program db is down, unhealed" in i for i in sim.status().issues)
    sim.resume("mended")
    sim.run_until(lambda: sim.state("db") == "RUNNING")
