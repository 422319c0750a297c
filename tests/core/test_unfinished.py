"""What several turns take, and what becomes of the rest of it."""

from typing import Any

import pytest
from core.simulator import ROOT, Run, Simulator, names
from msgspec.structs import replace

from selfhealingd.core import effects, events
from selfhealingd.core.policy import Program
from selfhealingd.core.undertaking import Undertaking, Verb

NAMES = tuple(names(4))
ROLLING = Undertaking(
    number=1,
    verb=Verb.RESTART,
    options="--rolling",
    names=NAMES,
    left=NAMES,
    by=ROOT,
)


def host() -> Simulator:
    sim = Simulator([Program(name=name) for name in NAMES]).begin()
    sim.run_for(10)
    return sim


def undertake(sim: Simulator, **changes: Any) -> None:
    what = replace(ROLLING, **changes)
    sim.feed(events.Undertaken(at=sim.now, what=what))


def issues(sim: Simulator) -> list[str]:
    return [issue for issue in sim.status().issues if "earlier daemon" in issue]


def cut_off() -> Simulator:
    """The daemon is killed when the first two had their turn."""
    sim = host()
    undertake(sim)
    for name in NAMES[:2]:
        sim.restart(name)
        sim.run_for(2)
    sim.come_back()
    return sim


def test_what_is_done_to_its_end_is_forgotten() -> None:
    """Each program's turn is its own request, so nothing else has to be told."""
    sim = host()
    undertake(sim)
    for name in NAMES:
        assert name in sim.host.undertakings[0].left
        sim.restart(name)
    assert () == sim.host.undertakings
    sim.come_back()
    assert [] == issues(sim)


def test_what_is_given_up_is_forgotten() -> None:
    """As who waited for it was told so."""
    sim = host()
    undertake(sim)
    undertake(sim, left=())
    assert () == sim.host.undertakings
    before = sim.host
    undertake(sim, left=())
    assert before is sim.host


def test_what_is_cut_off_is_told_with_how_to_go_on() -> None:
    """In status and as an event: what was begun, what was not, and what to type."""
    sim = cut_off()
    [words] = issues(sim)
    assert words == (
        'WARNING: an earlier daemon did not finish "restart --rolling" (asked for by'
        " uid 0, pid 4711): begun or done: p00, p01; still to do: p02, p03"
    )
    [do] = sim.status().recommendations
    assert do == (
        "go on: selfhealctl restart --rolling p02 p03; or leave them as they are:"
        " selfhealctl start p02 p03"
    )
    (found,) = sim.heard(effects.ProblemFound)
    assert words.endswith(found.words)
    assert [0] == sim.starts("p02")


def test_to_leave_it_starts_nothing_that_is_stopped() -> None:
    """A command that is typed from status keeps each as somebody wanted it."""
    sim = host()
    sim.stop("p01")
    undertake(sim, verb=Verb.RUN, options="clear", left=NAMES[1:])
    sim.come_back()
    [do] = sim.status().recommendations
    assert do == (
        "go on: selfhealctl run clear p01 p02 p03; or leave them as they are:"
        " selfhealctl stop p01; selfhealctl start p02 p03"
    )
    sim.stop("p01")
    assert "still to do: p02, p03" in issues(sim)[0]


def test_it_stays_told_until_it_is_settled() -> None:
    """By yet another daemon as well, in status; each by what is asked of it."""
    sim = cut_off()
    sim.come_back()
    assert 1 == len(sim.heard(effects.ProblemFound))
    sim.restart("p02")
    assert "still to do: p03" in issues(sim)[0]
    sim.come_back()
    assert [] == sim.heard(effects.ProblemOver)
    sim.start("p03")
    assert [] == issues(sim)
    assert 1 == len(sim.heard(effects.ProblemOver))
    assert [0] == sim.starts("p03")


def test_who_goes_on_has_taken_it_over() -> None:
    """From the beginning, and cut off again it is told as what it is then."""
    sim = cut_off()
    undertake(sim, names=NAMES[2:], left=NAMES[2:])
    assert [] == issues(sim)
    sim.come_back()
    assert 1 == len(issues(sim))
    assert "begun" not in issues(sim)[0]


def test_the_later_of_two_takes_what_both_are_about() -> None:
    """The last word counts: nobody is restarted twice in a row."""
    sim = host()
    undertake(sim)
    undertake(sim, number=2, names=NAMES[1:3], left=NAMES[1:3])
    left = [one.left for one in sim.host.undertakings]
    assert [("p00", "p03"), ("p01", "p02")] == left
    sim.restart("p00")
    sim.restart("p03")
    for rest in (NAMES[1:], ()):  # the course of one takes nothing from who came later
        undertake(sim, left=rest)
    assert [("p01", "p02")] == [one.left for one in sim.host.undertakings]


@pytest.mark.parametrize("how", [{"clean": True}, {"boot": True}, {"alone": False}])
def test_a_restart_is_done_where_all_is_started_anew(how: dict[str, bool]) -> None:
    """By a clean end, a boot, or a unit that ends programs with their daemon."""
    sim = host()
    undertake(sim)
    sim.come_back(**how)
    assert [] == issues(sim)
    sim.run_for(5)
    assert [] == issues(sim)


def test_it_is_over_where_all_is_started_anew() -> None:
    """And told so, where it had been told before."""
    sim = cut_off()
    sim.come_back(boot=True)
    assert [] == issues(sim)
    (found,), (over,) = (
        sim.heard(kind) for kind in (effects.ProblemFound, effects.ProblemOver)
    )
    assert found.key == over.key


def test_a_stop_is_told_of_those_that_are_up() -> None:
    """Also after a clean end, which brings them up again."""
    sim = host()
    undertake(sim, verb=Verb.STOP, options="")
    sim.stop("p00")
    sim.come_back(clean=True)
    assert 'did not finish "stop"' in issues(sim)[0]
    assert (
        sim.status()
        .recommendations[0]
        .startswith("go on: selfhealctl stop p01 p02 p03;")
    )


def test_a_runbook_that_ended_with_the_daemon_is_not_done() -> None:
    """Whatever has become of the programs."""
    sim = host()
    undertake(sim, verb=Verb.RUN, options="clear", left=NAMES[1:])
    sim.come_back(boot=True)
    assert "begun or done: p00; still to do: p01, p02, p03" in issues(sim)[0]


def test_what_is_gone_from_the_config_is_not_to_be_done() -> None:
    """Neither in its course nor after a daemon's end."""
    sim = cut_off()
    undertake(sim, number=2, names=NAMES[:2], left=NAMES[:2])
    sim.reconfigure(Program(name="p00"), Program(name="p03"))
    assert [("p00",)] == [one.left for one in sim.host.undertakings]
    assert "still to do: p03" in issues(sim)[0]
    sim.reconfigure(Program(name="p00"))
    assert [] == issues(sim)


def test_one_that_is_on_its_way_down_to_come_up_is_done() -> None:
    """Somebody's restart of it goes on without its daemon."""
    sim = Simulator(
        [Program(name=name) for name in NAMES], {"p03": [Run(obeys=8)]}
    ).begin()
    sim.run_for(10)
    sim.restart("p03")
    undertake(sim)
    sim.come_back(away=1.0)
    assert "still to do: p00, p01, p02" in issues(sim)[0]
