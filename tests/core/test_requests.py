"""What an operator asks for, as stories in virtual time."""

import pytest
from core.simulator import FOREVER, ROOT, Run, Simulator, crash

from selfhealingd.core import effects, events
from selfhealingd.core.breaker import SELF_HEALING_MAIN
from selfhealingd.core.incident import Ending, Result
from selfhealingd.core.policy import Program

WEB = Program(name="web")


def hopeless() -> Simulator:
    sim = Simulator([WEB], {"web": [crash(0.1)] * 100}).begin()
    sim.run_until(lambda: sim.host.dormant)
    return sim


def test_stop_ends_what_the_engine_was_doing() -> None:
    """A stop cancels the backoff and leaves the incident to the operator."""
    sim = Simulator([WEB], {"web": [crash(0.1)]}).begin()
    sim.run_for(1)
    assert "BACKOFF" == sim.state("web")
    answer = sim.stop("web")
    assert (True, "is already stopped") == (answer.done, answer.words)
    assert "STOPPED" == sim.state("web")
    (ended,) = sim.heard(effects.IncidentEnded)
    assert Ending.OPERATOR is ended.incident.ending
    sim.run_for(1e5)
    assert 1 == len(sim.starts("web"))


def test_stop_makes_an_attempt_neutral() -> None:
    """An attempt that the operator interrupts counts neither way."""
    sim = Simulator([WEB], {"web": [crash(60), FOREVER]}).begin()
    sim.run_for(65)
    sim.stop("web")
    (ended,) = sim.heard(effects.AttemptEnded)
    assert (Result.INTERRUPTED, 0) == (ended.attempt.result, ended.failures)
    assert (1, 0, 0) == (
        sim.host.counters.attempts,
        sim.host.counters.healed,
        sim.host.counters.failed,
    )


def test_stop_and_start() -> None:
    """STOPPING, STOPPED, STARTING, RUNNING; a stopped one stays so."""
    sim = Simulator([WEB], {"web": [Run(obeys=3)]}).begin()
    sim.run_for(10)
    assert "stopping" == sim.stop("web").words
    assert "STOPPING" == sim.state("web")
    sim.run_for(4)
    assert "STOPPED" == sim.state("web")
    assert not sim.host.services["web"].wanted
    assert "starting" == sim.start("web").words
    sim.run_for(4)
    assert "RUNNING" == sim.state("web")
    assert [15] == [signal.signal for _, signal in sim.signals]


def test_start_of_what_is_up_is_done_already() -> None:
    """As supervisord: no error, and nothing happens."""
    sim = Simulator([WEB]).begin()
    answer = sim.start("web")
    assert (True, "is already up") == (answer.done, answer.words)
    sim.run_for(10)
    assert 1 == len(sim.starts("web"))


def test_start_while_stopping_starts_when_it_is_down() -> None:
    """The run that is ending is waited for: never two at once."""
    sim = Simulator([WEB], {"web": [Run(obeys=3)]}).begin()
    sim.run_for(10)
    sim.stop("web")
    sim.run_for(1)
    sim.start("web")
    assert "STOPPING" == sim.state("web")
    sim.run_for(10)
    assert [0, 13] == sim.starts("web")
    assert "RUNNING" == sim.state("web")


def test_restart_of_one_that_waits_is_at_once() -> None:
    """The operator's word is worth more than the backoff."""
    sim = Simulator([WEB], {"web": [crash(0.1), FOREVER]}).begin()
    sim.run_for(1)
    sim.restart("web")
    assert [0, 1] == sim.starts("web")
    assert 0 == sim.host.counters.attempts


def test_an_operators_start_begins_the_count_of_starts_anew() -> None:
    """Failed starts before it are not held against the program."""
    program = Program(name="web", startretries=1)
    sim = Simulator([program], {"web": [crash(0.1)] * 2}).begin()
    sim.run_for(1)
    sim.restart("web")
    sim.run_for(1)
    assert "BACKOFF" == sim.state("web")
    sim.run_for(20)
    assert "RUNNING" == sim.state("web")


def test_restart_before_the_spawn_was_answered() -> None:
    """The stop signal is owed until there is a process to send it to."""
    sim = Simulator([WEB], {"web": [Run(spawns=20)]}).begin()
    sim.restart("web")
    sim.run_for(19)
    assert [] == sim.signals
    assert "STOPPING" == sim.state("web")
    sim.run_for(5)
    assert [15] == [signal.signal for _, signal in sim.signals]
    assert [0, 20] == sim.starts("web")
    assert "RUNNING" == sim.state("web")


def test_signal_goes_to_the_process_alone() -> None:
    """It reaches the pid, not the group; without a process it is refused."""
    sim = Simulator([WEB], {"web": [Run(obeys=None)]}).begin()
    sim.run_for(10)
    answer = sim.signal("web", 1)
    assert (True, "sent SIGHUP to pid 1001") == (answer.done, answer.words)
    assert (1, False) == (sim.signals[0][1].signal, sim.signals[0][1].group)
    sim.reconfigure(WEB, Program(name="idle", autostart=False))
    refused = sim.signal("idle", 1)
    assert (False, "has no process: it is STOPPED") == (refused.done, refused.words)


@pytest.mark.parametrize("how", ["resume", "reset"])
def test_where_the_cause_remains_it_goes_dormant_again(how: str) -> None:
    """Contract 2 and 4: the only program is tried again, and ten failures count up."""
    sim = hopeless()
    sim.run_for(100)
    reason = "Valid API keys added"
    if how == "resume":
        answer = sim.resume(reason)
        assert "the engine is awake again" == answer.words
    else:
        answer = sim.reset(SELF_HEALING_MAIN, force=True, reason=reason)
    assert answer.done
    assert answer.hint is None
    status = sim.status()
    engine = status.self_healing
    assert (False, None, 0) == (
        engine.is_dormant,
        engine.dormant_reason,
        engine.consecutive_failures,
    )
    for breaker in status.circuit_breakers:
        assert ("CLOSED", reason, str(ROOT)) == (
            breaker.state,
            breaker.change_reason,
            breaker.changed_by,
        )
    assert "warning" == status.status
    acted = sim.heard(effects.OperatorActed)[-1]
    assert (how, reason, str(ROOT)) == (acted.action, acted.reason, acted.by)
    sim.run_for(1.9)  # who looks right after sees zero
    assert ("BACKOFF", 0) == (sim.state("web"), sim.host.main.failures)
    sim.run_for(0.3)
    assert 1 == sim.host.main.failures
    sim.run_until(lambda: sim.host.dormant)
    assert 10 == sim.host.main.failures


def test_resume_leaves_what_had_been_given_up_before() -> None:
    """It is named, with what resets it; what failed with the host begins anew."""
    others = [Program(name=name) for name in ("db", "api")]
    scripts = {"web": [crash(0.1)] * 20, "db": [crash(5000), *[crash(0.1)] * 20]}
    sim = Simulator([WEB, *others], scripts).begin()
    sim.run_until(lambda: sim.state("web") == "FATAL")
    assert not sim.host.dormant
    sim.run_until(lambda: sim.host.dormant)
    assert sim.host.services["db"].breaker.failures
    answer = sim.resume("mended")
    assert "the engine is awake again; still FATAL, as before it was dormant: web" == (
        answer.words
    )
    assert 'selfhealctl reset program:web --force --reason "…"' == answer.hint
    assert 0 == sim.host.services["db"].breaker.failures
    assert sim.host.services["web"].breaker.permanent


def test_resume_after_the_cause_is_gone() -> None:
    """Dormant, mended, resumed: healthy."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 11}).begin()
    sim.run_until(lambda: sim.host.dormant)
    sim.resume("mended")
    sim.run_for(30)
    status = sim.status()
    assert ("healthy", "RUNNING") == (status.status, sim.state("web"))
    assert () == status.issues


def test_resume_of_an_engine_that_is_awake() -> None:
    """There is nothing to do, and that is what it says."""
    sim = Simulator([WEB]).begin()
    answer = sim.resume("just in case")
    assert answer.done
    assert "the engine is not dormant: nothing to resume" == answer.words
    assert [] == sim.heard(effects.OperatorActed)


@pytest.mark.parametrize("name", ["program:web", "self-healing-main"])
def test_a_breaker_that_is_open_for_good_needs_force(name: str) -> None:
    """Refused without force, with the command that does it; done with it."""
    sim = hopeless()
    refused = sim.reset(name)
    assert not refused.done
    assert f"breaker {name} is PERMANENT_OPEN: only --force resets it" == refused.words
    assert f'selfhealctl reset {name} --force --reason "…"' == refused.hint
    done = sim.reset(name, force=True)
    assert done.done
    was = "PERMANENT_OPEN with 10 failures"
    assert f"breaker {name} is CLOSED; it was {was}" == done.words
    change = sim.heard(effects.BreakerChanged)[-1]
    assert ("CLOSED", "mended", ROOT) == (
        change.after,
        change.change.reason,
        change.change.by,
    )


def test_an_open_breaker_resets_without_force() -> None:
    """And what waited for it is tried."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 6}).begin()
    sim.run_until(lambda: sim.host.services["web"].breaker.label == "OPEN")
    assert sim.reset("program:web").done
    assert sim.reset("self-healing-main").done
    sim.run_for(8)
    assert "RUNNING" == sim.state("web")


def test_a_reset_of_what_is_well() -> None:
    """Done, and it says that there was nothing to close."""
    answer = Simulator([WEB]).begin().reset("program:web")
    assert answer.done
    assert "breaker program:web was CLOSED and had no failures" == answer.words


def test_what_was_done_elsewhere_is_recorded() -> None:
    """Who did it, and why; nothing is decided, also during a shutdown."""
    sim = Simulator([WEB], {"web": [Run(obeys=5)]}).begin()
    sim.run_for(10)
    sim.shut_down()
    before = sim.host
    asked = events.Acted(
        at=sim.now, request=77, by=ROOT, reason="calm", action="pause", target="prune"
    )
    sim.feed(asked)
    assert before is sim.host
    assert (77, True) == (sim.answers[-1].request, sim.answers[-1].done)
    acted = sim.heard(effects.OperatorActed)[-1]
    assert ("pause", "prune", "calm") == (acted.action, acted.target, acted.reason)


def test_start_of_a_fatal_program() -> None:
    """It starts, once; nothing starts it again before its breaker is reset."""
    sim = Simulator([WEB], {"web": [crash(0.1)] * 11 + [crash(60)]}).begin()
    sim.run_until(lambda: sim.host.dormant)
    answer = sim.start("web")
    assert answer.done
    assert "selfhealctl reset program:web --force" in answer.words
    sim.run_for(30)
    assert "RUNNING" == sim.state("web")
    assert any("its breaker is open for good" in i for i in sim.status().issues)
    sim.run_for(1e5)
    assert ("FATAL", 12) == (sim.state("web"), len(sim.starts("web")))


def test_a_name_that_a_reload_took_away_is_refused() -> None:
    """A request that was let in before the reload is answered, and changes nothing."""
    sim = Simulator([WEB]).begin()
    before = sim.host
    answers = [
        sim.start("old"),
        sim.stop("old"),
        sim.restart("old"),
        sim.signal("old", 15),
        sim.reset("program:old"),
    ]
    assert [False] * 5 == [answer.done for answer in answers]
    assert before == sim.host


def test_while_shutting_down_requests_are_refused() -> None:
    """Only signals and another shutdown are taken."""
    sim = Simulator([WEB], {"web": [Run(obeys=5)]}).begin()
    sim.run_for(10)
    assert sim.shut_down().done
    answers = [sim.start("web"), sim.stop("web"), sim.restart("web"), sim.resume("x")]
    assert ["the daemon is shutting down"] * 4 == [a.words for a in answers]
    assert [False] * 4 == [answer.done for answer in answers]
    assert sim.signal("web", 1).done
    assert sim.shut_down().done


def test_every_request_is_answered_under_its_number() -> None:
    """Whoever asked learns what became of it."""
    sim = Simulator([WEB]).begin()
    asked = events.StopAsked(at=sim.now, request=77, by=ROOT, service="web")
    sim.feed(asked)
    assert [77] == [answer.request for answer in sim.answers]
