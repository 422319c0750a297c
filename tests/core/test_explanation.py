"""Why a service is as it is."""

from core.simulator import Simulator, crash
from msgspec.structs import replace

from selfhealingd.core.explanation import explain
from selfhealingd.core.hindrances import Hindrance
from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Healing, Program
from selfhealingd.core.prevention import Prospect
from selfhealingd.core.remedy import Restart, SendSignal
from selfhealingd.core.symptom import Symptom
from selfhealingd.wire.explanation import ExplanationDocument

LIVENESS = Symptom(key="liveness", cause=Cause.PROBE, words="no answer", at=0)
LADDER = (SendSignal(1), Restart())


def explained(sim: Simulator) -> ExplanationDocument:
    return explain(sim.policy, sim.host, sim.host.services["web"], sim.facts())


def up(*runs: object) -> Simulator:
    program = Program(name="web", healing=Healing(ladder=LADDER))
    sim = Simulator([program], {"web": runs}).begin()  # type: ignore[dict-item]
    sim.run_for(100)
    return sim


def test_what_is_well_is_said_to_be() -> None:
    """No news is told as such."""
    found = explained(up())
    assert found.words == (
        "program web is RUNNING for 1 min 39 s (run 1, pid 1001)",
        "nothing is known to be wrong with it",
    )
    assert (found.incident, found.hindrances) == (None, ())
    assert found.ladder == ("signal HUP", "restart")


def test_what_is_foreseen_and_what_holds_it_back() -> None:
    """All is well for now, but not for long; and a drill says that it is one."""
    sim = up()
    ahead = Prospect(("fds is at 9 of 10",), "restart", (Hindrance("its hours"),))
    services = sim.host.services
    found = explain(
        sim.policy, sim.host, services["web"], sim.facts(), ahead=ahead, drill="kill"
    )
    assert found.words[1:] == (
        "a drill is under way (kill): it is made to fail on purpose",
        "fds is at 9 of 10",
    )
    assert ("restart", ["its hours"]) == (
        found.program.next,
        [one.words for one in found.hindrances],
    )


def test_what_is_ill_shows_its_symptom_its_incident_and_the_next_rung() -> None:
    """After the signal that did not help, the restart is next."""
    sim = up()
    sim.sicken("web", LIVENESS)
    sim.run_for(15)
    found = explained(sim)
    assert "not well for 15 s: no answer" in found.words
    assert found.incident is not None
    assert found.ladder[found.rung or 0] == "restart"
    assert found.limits == (
        "1 failed in a row; after 4 more its breaker opens for 1 min,"
        " after 9 more it opens for good"
    )


def test_what_is_down_tells_how_it_ended() -> None:
    """And when it is started again."""
    found = explained(up(crash(98), crash(1.5)))
    assert any("its last run ended" in one for one in found.words)
    assert "restart, attempt 2" in str(found.program.next)
    assert found.ladder == ("restart",)


def test_what_nobody_can_ask_is_said_instead_of_all_is_well() -> None:
    """Who sees nothing knows of nothing wrong."""
    sim, words = up(), "its liveness can't be asked: x: there is no command x"
    facts = replace(sim.facts(), unseen={"web": (words,)})
    found = explain(sim.policy, sim.host, sim.host.services["web"], facts)
    assert words in found.words
    assert "nothing is known to be wrong with it" not in found.words
