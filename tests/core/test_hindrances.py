"""What holds healing back: all of it, and the command that ends it."""

from typing import Any

import pytest
from core.simulator import Simulator, crash

from selfhealingd.core.graph import Condition
from selfhealingd.core.hindrances import Hindrance, hindrances
from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Autorestart, Healing, Policy, Program
from selfhealingd.core.remedy import Hold
from selfhealingd.core.symptom import Symptom

LIVENESS = Symptom(key="liveness", cause=Cause.PROBE, words="no answer", at=0)


def found(sim: Simulator, name: str = "web") -> list[Hindrance]:
    return list(hindrances(sim.policy, sim.host, sim.host.services[name], sim.now))


def words(sim: Simulator, name: str = "web") -> list[str]:
    return [one.words for one in found(sim, name)]


def up(*programs: Program, policy: Policy | None = None, **runs: Any) -> Simulator:
    sim = Simulator(programs or (Program(name="web"),), runs, policy).begin()
    sim.run_for(100)
    return sim


def test_what_is_well_is_held_back_by_nothing() -> None:
    """No switch is off, and there is nothing to do."""
    assert [] == found(up())


def test_a_stop_is_ended_by_a_start() -> None:
    """The one thing in the way is the operator's own word."""
    sim = up()
    sim.stop("web")
    assert [Hindrance("it is stopped on request", do="selfhealctl start web")] == found(
        sim
    )


def test_a_wait_after_failures_names_its_end() -> None:
    """Backoff, with its time."""
    sim = up(web=[crash(105), crash(5), crash(5)])
    sim.run_for(20)
    (backoff,) = found(sim)
    assert backoff.words == "backoff after what failed"
    assert backoff.until is not None
    assert sim.now < backoff.until < sim.now + 25


def test_a_breaker_is_named_beside_the_wait() -> None:
    """Both are told, though the engine goes by the longer one."""
    healing = Healing(backoff_initial=0.1, backoff_max=0.1)
    sim = up(
        Program(name="web", healing=healing),
        policy=Policy(systemic_share=1.0),
        web=[crash(1)] * 100,
    )
    sim.run_until(lambda: sim.host.services["web"].breaker.label == "OPEN")
    assert any("its breaker is OPEN" in one for one in words(sim))


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"auto_healing": False}, "FEATURE_AUTO_HEALING_ENABLED is off"),
        ({"auto_detection": False}, "FEATURE_AUTO_DETECTION_MONITORING is off"),
    ],
)
def test_a_switch_that_is_off_is_told(flags: dict[str, bool], says: str) -> None:
    """Also while there is nothing to heal: so it would be."""
    sim = up()
    sim.switch(**flags)
    assert any(one.startswith(says) for one in words(sim))


def test_what_its_ladder_holds_is_left_to_a_person() -> None:
    """With the command that a person would type."""
    sim = up(Program(name="web", healing=Healing(ladder=(Hold(),))))
    sim.sicken("web", LIVENESS)
    (hold,) = found(sim)
    assert "hold" in hold.words
    assert hold.do == "selfhealctl restart web"


def test_evidence_is_waited_for() -> None:
    """Until it is kept, or five seconds are over."""
    sim = up()
    sim.gathers_in = None
    sim.sicken("web", LIVENESS)
    assert [Hindrance("its evidence", sim.now + 5)] == found(sim)


def test_a_root_comes_before_its_dependents() -> None:
    """It names what is ill."""
    sim = up(
        Program(name="db", healing=Healing(ladder=(Hold(),))),
        Program(name="web", depends_on={"db": Condition.READY}),
    )
    sim.sicken("db", LIVENESS)
    sim.sicken("web", LIVENESS)
    assert any(one.startswith("db, which it depends on") for one in words(sim))


def test_dormancy_and_a_breaker_that_is_open_for_good_name_their_way_out() -> None:
    """Only a person ends them, so the command is there."""
    healing = Healing(backoff_initial=0.01, backoff_max=0.01)
    sim = up(
        Program(name="web", healing=healing, autorestart=Autorestart.ALWAYS),
        web=[crash(0.1)] * 1000,
    )
    sim.run_for(5000)
    assert sim.host.dormant
    told = {one.words: one.do for one in found(sim)}
    assert "resume" in str(told["the engine is dormant"])
    assert "--force" in str(told["its breaker is open for good"])
