"""A drill begins only where it is allowed and can make nothing worse."""

import pytest
from core.simulator import Simulator, crash
from msgspec.structs import replace

from selfhealingd.core.drill import (
    Drill,
    Setting,
    deadline,
    healed,
    held,
    only_told,
    refusal,
    stages,
)
from selfhealingd.core.graph import Condition
from selfhealingd.core.incident import Cause
from selfhealingd.core.leak import noticing
from selfhealingd.core.policy import Autorestart, Program
from selfhealingd.core.probe import Heartbeat, LogLine, Probe
from selfhealingd.core.remedy import Hold, Reload, Restart
from selfhealingd.core.rules.grammar import rule
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.symptom import Symptom

WEB, DB = Program(name="web", depends_on={"db": Condition.READY}), Program(name="db")
OTHERS = [Program(name=f"w{n}") for n in range(4)]
ALIVE = Probe(what=Heartbeat(within=1.0))
CALM = Setting(allowed=True, spent=0, budget=4, pressure=0.1, calm=0.8, liveness=ALIVE)


def up(*programs: Program, **scripts: list[object]) -> Simulator:
    sim = Simulator(programs or [WEB, DB, *OTHERS], scripts).begin()  # type: ignore[arg-type]
    sim.run_for(30)
    return sim


def asked(
    sim: Simulator, drill: Drill = Drill.KILL, setting: Setting = CALM, of: str = "db"
) -> str:
    """Why it is refused; empty where it isn't."""
    found = refusal(sim.policy, sim.host, sim.host.services[of], drill, setting)
    assert found is None or found.do
    return found.words if found else ""


@pytest.mark.parametrize("drill", [Drill.KILL, Drill.HANG])
def test_all_is_calm(drill: Drill) -> None:
    assert "" == asked(up(), drill)
    assert "" == asked(up(), drill, replace(CALM, pressure=None))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (replace(CALM, allowed=False), "takes no drills"),
        (replace(CALM, spent=4), "4 drills in the last hour"),
        (replace(CALM, spent=1, budget=1), "1 drill in the last hour"),
        (replace(CALM, pressure=0.9), "under pressure: 90%"),
    ],
)
def test_it_is_not_allowed(setting: Setting, words: str) -> None:
    assert words in asked(up(), Drill.KILL, setting)


@pytest.mark.parametrize(
    ("liveness", "words"),
    [
        (None, "nothing would notice"),
        (replace(ALIVE, what=LogLine("ERROR")), "nothing would notice"),
        (replace(ALIVE, ladder=(Hold(),)), "nothing would heal"),
    ],
)
def test_a_hang_has_to_be_noticed_and_healed(liveness: Probe, words: str) -> None:
    setting = replace(CALM, liveness=liveness)
    assert words in asked(up(), Drill.HANG, setting)
    assert "" == asked(up(), Drill.KILL, setting)


LEAKS = noticing([rule("memory > 60MiB for 3 samples", None, Scope.SERVICE)])
HELD = tuple(replace(one, ladder=(Hold(),)) for one in LEAKS)


@pytest.mark.parametrize(
    ("leaks", "words"),
    [
        ((), "no rule of its memory"),
        (tuple(replace(one, ladder=(Reload(),)) for one in LEAKS), "only reloads"),
        (LEAKS, ""),
        (HELD, ""),
    ],
)
def test_a_leak_has_to_be_noticed(leaks: tuple[Rule, ...], words: str) -> None:
    """By a rule; it may be one that only tells."""
    found = asked(up(), Drill.LEAK, replace(CALM, leaks=leaks))
    assert words in found
    assert bool(words) == bool(found)
    assert [False, True] == [only_told(DB, one) for one in (*LEAKS, *HELD)]


def test_a_leak_has_to_be_measured() -> None:
    """A sampler that rests sees none."""
    sim = up()
    sim.switch(process_monitoring=False)
    assert "nothing is measured" in asked(sim, Drill.LEAK, replace(CALM, leaks=LEAKS))
    assert "" == asked(sim, Drill.KILL)


def test_what_is_held_passes_once_it_is_released() -> None:
    """That is as well as it can end; without that, it ended by itself."""
    sim = up()
    at, key = sim.now, f"rule {LEAKS[0].when}"
    assert not held(sim.host.services["db"], at)
    sick = Symptom(key=key, cause=Cause.RULE, words="much", at=at, ladder=(Hold(),))
    sim.sicken("db", sick)
    sim.run_for(1)
    assert held(sim.host.services["db"], at)
    assert healed(sim.host.services["db"], at, released=True) is None
    sim.recover("db", key)
    sim.run_for(60)
    s = sim.host.services["db"]
    assert not held(s, at)
    assert (False, True) == (healed(s, at), healed(s, at, released=True))


def test_what_is_never_restarted_is_not_killed() -> None:
    never = Program(name="db", autorestart=Autorestart.NEVER)
    assert "never started again" in asked(up(never))


def test_nothing_may_be_wrong_with_it_nor_with_who_needs_it() -> None:
    """Nor may anything be healed at the moment, anywhere."""
    sick = Symptom(key="liveness", cause=Cause.PROBE, words="no answer", at=0)
    sim = up()
    sim.sicken("web", sick)
    assert "web is" in asked(sim)
    sim = up()
    sim.sicken("w1", sick)
    sim.run_for(1)
    assert "w1 is being healed" in asked(sim)
    sim = up()
    sim.stop("db")
    assert "db is STOPPING" in asked(sim)


def test_failures_in_the_past_forbid_it() -> None:
    """Its own breaker and the engine's count them until something was healed."""
    sim = up(*OTHERS, w1=[crash(50), *[crash(0.1)] * 3])
    sim.run_for(60)
    assert sim.host.services["w1"].breaker.failures
    assert "w1" in asked(sim, of="w1")


def test_nobody_would_heal_it() -> None:
    sim = up()
    sim.switch(auto_healing=False)
    assert "automation is off" in asked(sim)
    sim = Simulator([DB], {"db": [crash(0.1)] * 100}).begin()
    sim.run_until(lambda: sim.host.dormant)
    assert "dormant" in asked(sim)


def test_a_crash_loop_needs_a_word_and_other_services() -> None:
    """It must not be what the engine's own breaker counts."""
    assert "down until its breaker opens" in asked(up(), Drill.CRASHLOOP)
    sure = replace(CALM, confirmed=True)
    assert "" == asked(up(), Drill.CRASHLOOP, sure)
    assert "against the engine" in asked(up(DB), Drill.CRASHLOOP, sure)


def test_stages_tell_what_came_of_it() -> None:
    """Each with the time from the beginning."""
    sim = up(DB, *OTHERS, db=[crash(40)])
    at, run = sim.now, sim.host.services["db"].run
    assert [] == list(stages(sim.host.services["db"], run, at, None))
    assert healed(sim.host.services["db"], at) is None
    sim.run_for(60)
    s = sim.host.services["db"]
    told = dict(stages(s, run, at, at + 10.5))
    assert ["noticed", "evidence", "remedy 1", "result 1", "up 2", "end"] == list(told)
    assert "kept after 10.50 s" == told["evidence"]
    assert "after 10." in told["noticed"]
    assert healed(s, at) is True
    assert [] == list(stages(s, run, sim.now, None))


def test_a_drill_has_an_end() -> None:
    """What has to be noticed takes longer, and a crash loop the longest."""
    kill, hang, leak, loop = (
        deadline(DB, one, replace(CALM, leaks=LEAKS)) for one in Drill
    )
    assert kill < hang
    # It grows, is met and, once it is gone, no longer met.
    assert kill + 5 * 5 + 3 * 5 + 3 * 5 <= leak
    [slow] = LEAKS
    twice = replace(slow, ladder=(Reload(), Restart()))
    assert leak + 60 < deadline(DB, Drill.LEAK, replace(CALM, leaks=(twice,)))
    assert loop > 150
