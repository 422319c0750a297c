"""Who fails again and again is not well, though it is healed each time."""

import pytest
from core.simulator import FOREVER, Run, Simulator, crash

from selfhealingd.core import flapping
from selfhealingd.core.explanation import explain
from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Healing, Program
from selfhealingd.core.remedy import Restart
from selfhealingd.core.symptom import Symptom

WEB = Program(name="web", healing=Healing(ladder=(Restart(),)))


def failing(*runs: Run, over: float) -> Simulator:
    """It ran on for ever after these, for so long."""
    sim = Simulator([WEB], {"web": [*runs, FOREVER]}).begin()
    sim.run_for(over)
    return sim


def said(sim: Simulator) -> list[str]:
    """All that status, its row and explain say of it."""
    status = sim.status()
    (shown,) = status.programs
    told = explain(sim.policy, sim.host, sim.host.services["web"], sim.facts())
    return [
        *status.issues,
        *(symptom.words for symptom in shown.symptoms),
        *told.words[1:],
    ]


def test_a_program_that_crashes_on_and_on_is_told_of() -> None:
    """Each restart was verified, so nothing else would; the same words everywhere."""
    sim = failing(*[crash(14, 3)] * 6, over=6 * 14 + 20)
    words = (
        "keeps failing: 6 incidents in the last 10 minutes, each healed"
        " (the latest: exited with status 3 after 14 s)"
    )
    assert f"WARNING: program web {words}" == said(sim)[0]
    assert {"RUNNING": "web"} == {state: name for name, state in sim.states().items()}
    assert words == said(sim)[1]
    assert f"it {words}" == said(sim)[-1]
    status = sim.status()
    assert ("see why: selfhealctl show web",) == status.recommendations
    assert (6, "CLOSED") == (
        status.programs[0].healed_lately,
        status.programs[0].breaker,
    )


@pytest.mark.parametrize(("crashes", "issues"), [(1, 0), (2, 0), (3, 1)])
def test_one_crash_is_no_alarm(crashes: int, issues: int) -> None:
    """Nor are two; three within ten minutes are."""
    sim = failing(*[crash(14, 3)] * crashes, over=crashes * 14 + 20)
    assert (issues, crashes) == (
        len(sim.status().issues),
        sim.status().programs[0].healed_lately,
    )


def test_it_is_over_once_it_has_held() -> None:
    """Ten minutes after the last but two, and without anything that happens then."""
    sim = failing(*[crash(14, 3)] * 4, over=100)
    assert said(sim)[0].startswith("WARNING")
    sim.run_for(flapping.WINDOW_SECS)
    assert "nothing is known to be wrong with it" in said(sim)
    assert () == sim.status().issues


def test_slow_crashes_are_none_of_it() -> None:
    """One in five minutes is healed, and told by its incident alone."""
    sim = failing(*[crash(300, 3)] * 6, over=6 * 300 + 20)
    assert () == sim.status().issues


@pytest.mark.parametrize("deed", ["restart", "stop"])
def test_what_an_operator_takes_in_hand_counts_anew(deed: str) -> None:
    """What was before is mended, or it will soon be told again."""
    sim = failing(*[crash(14, 3)] * 4, over=100)
    getattr(sim, deed)("web")
    sim.run_for(30)
    assert () == sim.status().issues


def test_what_fails_again_is_told_of_once() -> None:
    """What is wrong now, and in the same issue that it was before."""
    sim = failing(*[crash(14, 3)] * 4, over=100)
    sim.sicken("web", Symptom(key="http", cause=Cause.PROBE, words="no answer", at=0))
    sim.run_until(lambda: sim.states()["web"] == "STOPPING")
    (issue,) = sim.status().issues
    assert issue.startswith("WARNING: program web is being restarted: no answer; next:")
    assert issue.endswith(
        "; it keeps failing: 4 incidents in the last 10 minutes, each healed"
    )


def test_so_many_are_remembered_and_no_more() -> None:
    """However fast it goes on."""
    (s,) = failing(over=10).host.services.values()
    for _ in range(100):
        s = flapping.healed(s, 5.0)
    assert flapping.MOST == len(s.healings)
    assert "60 or more incidents" in str(flapping.in_words(s, 6.0))


def test_the_row_tells_why_and_not_what_we_did() -> None:
    """SIGTERM was the daemon's own; what was wrong is in the row until it is healed."""
    silent = Symptom(
        key="heartbeat", cause=Cause.HEARTBEAT, words="nothing written for 5 s", at=0
    )
    sim = failing(Run(obeys=2.0), over=1000)
    sim.sicken("web", silent)
    sim.run_until(lambda: sim.states()["web"] == "STOPPING")
    (stopping,) = sim.status().programs
    assert ["nothing written for 5 s"] == [one.words for one in stopping.symptoms]
    assert "being stopped by us" == stopping.exit
    sim.run_until(lambda: sim.states()["web"] == "STARTING")
    assert "nothing written for 5 s; restarted by us" == sim.status().programs[0].exit
    sim.run_until(lambda: sim.states()["web"] == "RUNNING")
    assert "nothing written for 5 s; restarted by us" == sim.status().programs[0].exit
    assert "nothing written for 5 s; restarted by us" in said(sim)[0]
