"""Services that are up, but not well: what is tried, and when it counts as healed."""

from typing import Any

import pytest
from core.simulator import HUP, Run, Simulator, crash
from msgspec.structs import replace

from selfhealingd.core import effects
from selfhealingd.core.graph import Condition
from selfhealingd.core.incident import Cause, Ending, Incident, Result
from selfhealingd.core.policy import BreakerPolicy, Healing, Policy, Program
from selfhealingd.core.remedy import (
    Hold,
    Ladder,
    Restart,
    RestartDependents,
    SendSignal,
)
from selfhealingd.core.remedy import Run as Runbook
from selfhealingd.core.snapshot import LOOK_SECS
from selfhealingd.core.symptom import Symptom

LIVENESS = Symptom(
    key="liveness", cause=Cause.PROBE, words="no answer", at=0, notice_secs=30
)
HOT = Symptom(
    key="rule cpu > 90%", cause=Cause.RULE, words="cpu 97 %", at=0, ladder=(Hold(),)
)
LEAK = Symptom(
    key="forecast memory",
    cause=Cause.PREDICTION,
    words="memory is full in 5 min",
    at=0,
    ladder=(Restart(),),
)


def program(name: str = "web", *ladder: Any, **keys: Any) -> Program:
    healing = Healing(ladder=ladder or (Restart(),), **keys.pop("healing", {}))
    return Program(name=name, healing=healing, **keys)


def running(*programs: Program, policy: Policy | None = None, **runs: Any) -> Simulator:
    """All of them are up, and have been for long."""
    sim = Simulator(programs or (program(),), runs, policy).begin()
    sim.run_for(1000)
    assert set(sim.states().values()) == {"RUNNING"}
    return sim


def incident(sim: Simulator, name: str = "web") -> Incident:
    found = sim.host.services[name].incident
    assert found is not None
    return found


def tried(sim: Simulator, name: str = "web") -> list[tuple[str, Result | None]]:
    return [(one.remedy, one.result) for one in incident(sim, name).attempts]


def test_what_is_ill_is_restarted_once_its_evidence_is_kept() -> None:
    """It is up and free of symptoms for as long as they take to show: healed."""
    sim = running()
    sim.sicken("web", LIVENESS)
    assert sim.state("web") == "RUNNING"
    sim.run_for(0.5)
    assert sim.state("web") == "STARTING"
    sim.run_for(1 + 29)
    assert incident(sim).open
    sim.run_for(2)
    assert [("restart", Result.HEALED)] == tried(sim)
    assert incident(sim).ending is Ending.HEALED
    assert incident(sim).cause is Cause.PROBE


def test_evidence_that_never_comes_is_not_waited_for() -> None:
    """Five seconds are what it gets."""
    sim = running()
    sim.gathers_in = None
    sim.sicken("web", LIVENESS)
    sim.run_for(4.9)
    assert sim.state("web") == "RUNNING"
    sim.run_for(0.2)
    assert [("restart", None)] == tried(sim)


def test_a_symptom_that_comes_back_is_a_relapse_and_the_next_try_waits() -> None:
    """Backoff is as for what goes down: twice the initial delay after one failure."""
    sim = running()
    sim.sicken("web", LIVENESS)
    sim.run_for(10)
    sim.sicken("web", LIVENESS)
    assert [("restart", Result.RELAPSED)] == tried(sim)
    sim.run_for(9.9)
    assert len(sim.starts("web")) == 2
    sim.run_for(1.2)
    assert len(sim.starts("web")) == 3
    sim.run_for(40)
    assert incident(sim).ending is Ending.HEALED


def test_the_ladder_is_climbed_one_rung_a_failure() -> None:
    """Cheapest first; the last rung is tried again and again."""
    sim = running(program("web", SendSignal(HUP), Restart()))
    sim.sicken("web", LIVENESS)
    sim.run_for(1)
    assert [(1, False)] == [(s.signal, s.group) for _, s in sim.signals]
    sim.run_for(30)
    assert [("signal HUP", Result.NO_EFFECT)] == tried(sim)
    sim.run_for(15)
    assert ("restart", None) == tried(sim)[-1]
    sim.sicken("web", LIVENESS)
    sim.run_for(30)
    assert ["signal HUP", "restart", "restart"] == [name for name, _ in tried(sim)]


def test_a_signal_has_a_moment_to_help() -> None:
    """Also where nothing has to be proved: it is not judged when it is sent."""
    sim = running(program("web", SendSignal(HUP), healing={"verify_secs": 0}))
    sim.sicken("web", replace(LIVENESS, notice_secs=0))
    sim.run_for(0.5)
    assert [("signal HUP", None)] == tried(sim)
    sim.run_for(1)
    assert ("signal HUP", Result.NO_EFFECT) == tried(sim)[0]


def test_what_is_only_told_from_now_on_ends_the_attempt_all_the_same() -> None:
    """A reload may say so while an attempt is under way: no timer waits for ever."""
    ill = replace(LIVENESS, notice_secs=0)
    sim = running(program("web", SendSignal(HUP)))
    sim.sicken("web", ill)
    sim.run_for(0.6)
    assert [("signal HUP", None)] == tried(sim)
    sim.sicken("web", replace(ill, ladder=(Hold(),)))
    sim.run_for(60)
    assert [("signal HUP", Result.NO_EFFECT)] == tried(sim)
    assert incident(sim).open


def test_a_signal_that_helps_ends_it_without_a_restart() -> None:
    """It is healed once the symptom has stayed away for long enough."""
    sim = running(program("web", SendSignal(HUP)))
    sim.sicken("web", LIVENESS)
    sim.run_for(20)
    sim.recover("web", "liveness")
    sim.run_for(29)
    assert incident(sim).open
    sim.run_for(2)
    assert [("signal HUP", Result.HEALED)] == tried(sim)
    assert len(sim.starts("web")) == 1


@pytest.mark.parametrize("problem", [None, "exited with status 1"])
def test_a_runbook_is_run_and_then_judged_by_its_effect(problem: str | None) -> None:
    """One that fails has no effect; one that ends well still has to have helped."""
    sim = running(program("web", Runbook("clear")))
    sim.sicken("web", LIVENESS)
    sim.run_for(1)
    assert ["clear"] == [command.runbook for command in sim.commands]
    sim.end_command(problem)
    if problem:
        assert [("run clear", Result.NO_EFFECT)] == tried(sim)
        return
    sim.recover("web", "liveness")
    sim.run_for(31)
    assert [("run clear", Result.HEALED)] == tried(sim)


def test_a_runbook_that_nobody_answers_for_fails_in_the_end() -> None:
    """A lost command must not hold the service for ever."""
    policy = Policy(runbooks={"clear": 20.0})
    sim = running(program("web", Runbook("clear")), policy=policy)
    sim.sicken("web", LIVENESS)
    sim.run_for(100)
    assert ("run clear", Result.NO_EFFECT) == tried(sim)[0]


def test_a_runbook_without_an_end_fails_also_where_the_symptom_went_away() -> None:
    """Its time is over once, and no timer fires for ever."""
    sim = running(program("web", Runbook("clear")))
    sim.sicken("web", LIVENESS)
    sim.run_until(lambda: sim.commands)
    sim.recover("web", LIVENESS.key)
    sim.run_for(200)
    assert [("run clear", Result.NO_EFFECT)] == tried(sim)
    assert Ending.PASSED is incident(sim).ending


def test_what_is_only_told_is_left_to_a_person() -> None:
    """Hold: an incident, and nothing else; it passes when the symptom does."""
    sim = running()
    sim.sicken("web", HOT)
    sim.run_for(1000)
    assert incident(sim).open
    assert [] == tried(sim)
    assert "left to you" in str(sim.status().programs[0].next)
    sim.recover("web", HOT.key)
    sim.run_for(11)
    assert incident(sim).ending is Ending.PASSED


def test_what_is_worse_takes_the_place_of_what_is_only_told() -> None:
    """A held incident must not keep a dead service from being healed."""
    sim = running()
    sim.sicken("web", HOT)
    sim.run_for(10)
    sim.sicken("web", LIVENESS)
    sim.run_for(1)
    assert [("restart", None)] == tried(sim)
    endings = [told.incident.ending for told in sim.heard(effects.IncidentEnded)]
    assert [Ending.SUPERSEDED] == endings


def test_a_hot_service_counts_as_healed_of_what_it_was_restarted_for() -> None:
    """What is only told does not keep a verification open."""
    sim = running()
    sim.sicken("web", LIVENESS)
    sim.run_for(5)
    sim.sicken("web", HOT)
    sim.run_for(40)
    healed, held = sim.heard(effects.IncidentEnded), incident(sim)
    assert [Ending.HEALED] == [told.incident.ending for told in healed]
    assert (held.key, held.open) == (HOT.key, True)


def test_ten_restarts_that_do_not_help_are_enough() -> None:
    """The breaker opens for good; the program stays up, as it is."""
    quick = {"backoff_initial": 0.1, "backoff_max": 0.1}
    policy = Policy(max_remedies_per_hour=100, systemic_share=1.0)
    sim = running(program(healing=quick), program("other"), policy=policy)
    for _ in range(10):
        sim.sicken("web", LIVENESS)
        sim.run_until(lambda: incident(sim).attempt or not incident(sim).open)
        sim.run_for(3)
    sim.sicken("web", LIVENESS)
    sim.run_for(1000)
    assert sim.host.services["web"].breaker.permanent
    assert (sim.state("web"), incident(sim).ending) == ("RUNNING", Ending.GIVEN_UP)
    (issue,) = sim.status().issues
    assert "its breaker is open for good: no answer" in issue
    sim.reset("program:web", force=True)
    sim.run_for(3)
    assert ("restart", None) == tried(sim)[-1]


def test_a_stop_ends_all_of_it() -> None:
    """The operator wins: nothing is tried any more."""
    sim = running(program("web", SendSignal(HUP)))
    sim.sicken("web", LIVENESS)
    sim.stop("web")
    sim.run_for(1000)
    assert (sim.state("web"), incident(sim).ending) == ("STOPPED", Ending.OPERATOR)
    assert [15] == [s.signal for _, s in sim.signals]


def test_an_operators_restart_ends_it_as_well() -> None:
    """The symptom was the earlier run's."""
    sim = running()
    sim.sicken("web", LIVENESS)
    sim.restart("web")
    sim.run_for(100)
    assert incident(sim).ending is Ending.OPERATOR
    assert sim.host.services["web"].symptoms == ()


def test_detection_that_is_off_sees_nothing() -> None:
    """What is open is left to the operator; switched on again, it is healed."""
    sim = running()
    sim.switch(auto_detection=False)
    sim.sicken("web", LIVENESS)
    sim.run_for(100)
    assert sim.host.services["web"].incident is None
    sim.switch()
    sim.run_for(1)
    assert [("restart", None)] == tried(sim)
    sim.run_for(3)
    sim.sicken("web", LIVENESS)
    sim.switch(auto_detection=False)
    assert incident(sim).ending is Ending.OPERATOR


def test_healing_that_is_off_opens_an_incident_and_waits() -> None:
    """The truth at a glance, and nothing done; then it goes on."""
    sim = running()
    sim.switch(auto_healing=False)
    sim.sicken("web", LIVENESS)
    sim.run_for(100)
    assert [] == tried(sim)
    assert any("not well: no answer" in issue for issue in sim.status().issues)
    sim.switch()
    sim.run_for(1)
    assert [("restart", None)] == tried(sim)


def test_a_prediction_is_not_acted_on_while_its_flag_is_off() -> None:
    """FEATURE_PREVENTIVE_HEALING_ENABLED."""
    sim = running()
    sim.switch(preventive_healing=False)
    sim.sicken("web", LEAK)
    sim.run_for(100)
    assert [] == tried(sim)
    sim.switch()
    sim.run_for(1)
    assert [("restart", None)] == tried(sim)


def test_predictions_restart_one_of_a_group_at_a_time() -> None:
    """Never two: the others carry the load meanwhile."""
    two = [program(name, group="web") for name in ("a", "b")]
    sim = running(*two, policy=Policy(max_concurrent_remedies=1.0))
    for name in ("a", "b"):
        sim.sicken(name, LEAK)
    sim.run_for(2)
    assert [("restart", None)] == tried(sim, "a")
    assert [] == tried(sim, "b")
    sim.run_for(20)
    assert incident(sim, "a").ending is Ending.HEALED
    assert [("restart", None)] == tried(sim, "b")


def test_a_symptom_waits_for_what_it_depends_on() -> None:
    """The root is healed, not the symptom: the dependent may be well after that."""
    needs = {"db": Condition.READY}
    sim = running(program("db"), program("web", depends_on=needs))
    sim.sicken("db", LIVENESS)
    sim.sicken("web", LIVENESS)
    sim.run_for(1)
    assert [("restart", None)] == tried(sim, "db")
    assert [] == tried(sim, "web")
    sim.recover("web", "liveness")
    sim.run_for(100)
    assert incident(sim, "web").ending is Ending.PASSED


def test_a_symptom_waits_until_its_root_is_verified() -> None:
    """Up again is not yet well: a try before that would be charged for nothing."""
    needs = {"db": Condition.STARTED}
    sim = running(program("db"), program("web", depends_on=needs))
    sim.sicken("db", LIVENESS)
    sim.sicken("web", LIVENESS)
    sim.run_for(20)
    assert (sim.state("db"), tried(sim, "web")) == ("RUNNING", [])
    assert "once db is well" in str(sim.status().programs[1].next)
    sim.run_for(15)
    assert incident(sim, "db").ending is Ending.HEALED
    assert [("restart", None)] == tried(sim, "web")


def test_what_fails_for_its_root_is_not_charged() -> None:
    """A try that was under way when the root fell ill counts neither way."""
    needs = {"db": Condition.STARTED}
    sim = running(program("db"), program("web", depends_on=needs))
    sim.sicken("web", LIVENESS)
    sim.run_for(5)
    sim.sicken("db", LIVENESS)
    sim.sicken("web", LIVENESS)
    assert [("restart", Result.INTERRUPTED)] == tried(sim, "web")
    assert sim.host.services["web"].breaker.failures == 0


def test_status_says_that_it_is_being_restarted() -> None:
    """A stop may take long, and is no health."""
    slow = program("web", stopwaitsecs=60)
    sim = running(slow, web=[Run(obeys=None)])
    sim.sicken("web", LIVENESS)
    sim.run_for(10)
    assert sim.state("web") == "STOPPING"
    (issue,) = sim.status().issues
    assert "web is being restarted: no answer" in issue


def test_a_command_is_interrupted_by_the_emergency_switch() -> None:
    """All automation stops at once, also what has begun."""
    sim = running(program("web", Runbook("clear")))
    sim.sicken("web", LIVENESS)
    sim.run_for(1)
    sim.switch(auto_healing=False)
    assert [("run clear", Result.INTERRUPTED)] == tried(sim)


@pytest.mark.parametrize("flag", ["auto_detection", "process_monitoring"])
def test_who_is_blind_says_so(flag: str) -> None:
    """With the line that opens its eyes."""
    sim = running()
    sim.switch(**{flag: False})
    (issue,) = sim.status().issues
    assert "switched off" in issue
    assert "=true" in sim.status().recommendations[0]


def test_dependents_are_restarted_with_what_they_depend_on() -> None:
    """They come up after it, in order."""
    needs = {"db": Condition.READY}
    sim = running(
        program("db", RestartDependents()),
        program("web", depends_on=needs),
        program("other"),
    )
    sim.sicken("db", LIVENESS)
    sim.run_for(10)
    assert {"db": 2, "web": 2, "other": 1} == {
        name: len(sim.starts(name)) for name in ("db", "web", "other")
    }
    assert sim.starts("db")[-1] < sim.starts("web")[-1]
    sim.run_for(40)
    assert [("restart-dependents", Result.HEALED)] == tried(sim, "db")
    assert sim.host.services["web"].incident is None


def test_a_crash_while_something_is_tried_is_a_relapse() -> None:
    """Then it is healed as what went down, in the same incident."""
    sim = running(program("web", SendSignal(HUP)), web=[Run(lasts=1010)])
    sim.sicken("web", LIVENESS)
    sim.run_for(11)
    assert ("signal HUP", Result.RELAPSED) == tried(sim)[0]
    sim.run_for(100)
    assert ("restart", Result.HEALED) == tried(sim)[-1]


def test_a_restart_after_a_crash_has_to_bring_health_too() -> None:
    """Up, but with a symptom: the attempt relapsed, and the next one is made."""
    sim = running(web=[crash(1100)])
    sim.run_for(105)
    sim.sicken("web", LIVENESS)
    assert [("restart", Result.RELAPSED)] == tried(sim)
    sim.run_for(200)
    assert [Result.RELAPSED, Result.HEALED] == [result for _, result in tried(sim)]
    assert incident(sim).cause is Cause.EXIT


def test_an_open_incident_outlives_the_daemon() -> None:
    """What is still wrong is seen again; what is not, has to stay away."""
    sim = running(program("web", SendSignal(HUP)))
    sim.sicken("web", LIVENESS)
    sim.run_for(3)
    before = incident(sim).id
    sim.come_back()
    sim.run_for(1)
    sim.recover("web", "liveness")
    sim.run_for(29)
    assert (incident(sim).id, incident(sim).open) == (before, True)
    sim.run_for(16)
    assert incident(sim).ending is Ending.HEALED


def test_what_is_ill_is_not_healed_by_a_restart_of_the_daemon() -> None:
    """Who looks for symptoms begins a little later, and needs its time again."""
    sim = running()
    sim.sicken("web", LIVENESS)
    sim.run_for(5)
    sim.sicken("web", LIVENESS)
    assert [("restart", Result.RELAPSED)] == tried(sim)
    sim.come_back()
    sim.run_for(LOOK_SECS + LIVENESS.notice_secs - 1)
    sim.sicken("web", LIVENESS)
    assert incident(sim).open
    assert sim.host.services["web"].breaker.failures == 1


def test_what_passes_by_itself_is_not_taken_for_a_healing() -> None:
    """The remedy had failed; that it is well again later is not of its doing."""
    sim = running(program("web", SendSignal(HUP)))
    sim.sicken("web", LIVENESS)
    sim.run_for(32)
    assert [("signal HUP", Result.NO_EFFECT)] == tried(sim)
    sim.recover("web", "liveness")
    sim.run_for(31)
    assert incident(sim).ending is Ending.PASSED


def test_a_symptom_that_is_gone_when_the_daemon_is_back_passed() -> None:
    """But not at once: nobody has looked yet."""
    sim = running(program("web", Hold()))
    sim.sicken("web", LIVENESS)
    sim.run_for(3)
    sim.come_back()
    sim.run_for(LOOK_SECS + 29)
    assert incident(sim).open
    sim.run_for(2)
    assert incident(sim).ending is Ending.PASSED


def test_a_command_that_died_with_the_daemon_is_tried_again() -> None:
    """Nobody will tell how it ended: it counts neither way."""
    sim = running(program("web", Runbook("clear")))
    sim.sicken("web", LIVENESS)
    sim.run_for(1)
    sim.come_back()
    assert [("run clear", Result.INTERRUPTED)] == tried(sim)
    sim.sicken("web", LIVENESS)
    sim.run_for(1)
    assert [("run clear", Result.INTERRUPTED), ("run clear", None)] == tried(sim)


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        ((Restart(),), "restart, attempt 1, once its evidence is kept, at the latest"),
        ((SendSignal(HUP),), "signal HUP, attempt 1, once its evidence"),
        ((Hold(),), "nothing: it is left to you (hold)"),
    ],
)
def test_status_says_what_comes_next(ladder: Ladder, words: str) -> None:
    """The operator reads it before it happens."""
    sim = running(program("web", *ladder))
    sim.sicken("web", LIVENESS)
    (shown,) = sim.status().programs
    assert words in str(shown.next)
    assert ["no answer"] == [symptom.words for symptom in shown.symptoms]


def test_the_engine_goes_dormant_when_remedies_fail_all_over() -> None:
    """Programs that are up and ill count for the host as those that are down."""
    quick = {
        "backoff_initial": 0.1,
        "backoff_max": 0.1,
        "breaker": BreakerPolicy(open_secs=0.1),
    }
    policy = Policy(max_remedies_per_hour=1000, main=BreakerPolicy(open_secs=0.1))
    sim = running(program(healing=quick), policy=policy)
    for _ in range(40):
        sim.sicken("web", LIVENESS)
        sim.run_for(2)
    assert sim.host.dormant
    assert (sim.state("web"), sim.status().status) == ("RUNNING", "critical")


OFTEN = Symptom(
    key="rule restarts > 1 in 1min",
    cause=Cause.RULE,
    words="restarts: 2 (restarts > 1 in 1min)",
    at=0,
    notice_secs=60,
    ladder=(SendSignal(HUP), Runbook("mend"), Hold()),
    of_starts=True,
)


def looping(symptom: Symptom) -> Simulator:
    """It never got up, and somebody counted how often."""
    sim = Simulator([program()], {"web": [crash(0.1)] * 3}).begin()
    sim.run_until(lambda: len(sim.starts("web")) == 2)
    sim.run_for(1)
    assert "BACKOFF" == sim.state("web")
    sim.sicken("web", symptom)
    return sim


def test_a_runbook_comes_before_the_next_start_of_what_starts_too_often() -> None:
    """It is told, waited for, and verified as any attempt is."""
    sim = looping(OFTEN)
    [issue] = sim.status().issues
    assert "restarts: 2 (restarts > 1 in 1min); next: run mend, and start, a" in issue
    sim.run_until(lambda: sim.commands)
    assert 2 == len(sim.starts("web"))
    assert "mend" == sim.commands[0].runbook
    sim.scripts["web"] = iter(())
    sim.end_command()
    sim.sicken("web", replace(OFTEN, at=0))
    sim.run_for(30)
    assert "RUNNING" == sim.state("web")
    sim.recover("web", OFTEN.key)
    sim.run_for(200)
    assert ("run mend, and start", Result.HEALED) == tried(sim)[-1]


@pytest.mark.parametrize(
    "symptom",
    [
        replace(OFTEN, ladder=(Hold(),)),
        replace(OFTEN, of_starts=False),
        replace(OFTEN, ladder=(SendSignal(HUP),)),
    ],
)
def test_nothing_else_comes_before_a_start(symptom: Symptom) -> None:
    """Of what is left to a person, is about a run that has ended, or needs one."""
    sim = looping(symptom)
    sim.run_until(lambda: len(sim.starts("web")) == 3)
    assert [] == sim.commands


def test_nothing_comes_before_a_start_while_nobody_shall_look() -> None:
    """What rules found counts for nothing then."""
    sim = looping(OFTEN)
    sim.switch(auto_detection=False)
    sim.run_until(lambda: len(sim.starts("web")) == 3)
    assert [] == sim.commands
