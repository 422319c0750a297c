"""What a model advises, carried out by the engine: only as the operator allows."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest
from core.simulator import FOREVER, Run, Simulator, crash
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from selfhealingd.core import consent, effects, events
from selfhealingd.core.breaker import By, Open
from selfhealingd.core.diagnosis import Action, DelayRestart, NoAction, RestartOnce
from selfhealingd.core.effects import AdviceTaken, AttemptBegan, ModelDemoted
from selfhealingd.core.host import Service
from selfhealingd.core.incident import Cause, Result
from selfhealingd.core.policy import Healing, Llm, Policy, Program
from selfhealingd.core.proposal import APPROVABLE_SECS, Ordered, Proposed
from selfhealingd.core.remedy import Hold
from selfhealingd.core.remedy import Run as RunBook
from selfhealingd.core.symptom import Symptom

PRUNE, OTHER = RunBook("prune"), RunBook("other")
ALLOWED: tuple[Action, ...] = (RestartOnce(), PRUNE, Hold(), DelayRestart())
ILL = Symptom(key="liveness", cause=Cause.PROBE, words="refused", at=0.0)


def host(
    scripts: Iterable[Run],
    *,
    llm: Llm = Llm.ACT,
    allowed: tuple[Action, ...] = ALLOWED,
    systemic_share: float = 1.0,
) -> Simulator:
    web = Program(name="web", healing=Healing(llm_actions=allowed))
    policy = Policy(
        llm=llm, runbooks={"prune": 5.0, "other": 5.0}, systemic_share=systemic_share
    )
    sim = Simulator([web, Program(name="db")], {"web": scripts}, policy)
    return sim.begin()


def opened(then: Iterable[Run] = (), **settings: object) -> Simulator:
    """A host on which the breaker of web has just opened."""
    crashes = [crash(2.0)] * 6
    sim = host([*crashes, *then], **settings)  # type: ignore[arg-type]
    sim.run_until(lambda: isinstance(sim.host.services["web"].breaker.state, Open))
    return sim


def advise(sim: Simulator, action: Action, *, digest: str = "d") -> None:
    incident = sim.host.services["web"].incident
    assert incident is not None
    sim.feed(
        events.Advised(
            at=sim.now,
            service="web",
            incident=incident.id,
            action=action,
            digest=digest,
        )
    )


def approve(sim: Simulator, proposal: str, *, digest: str = "d") -> effects.Answer:
    number = 1000 + len(sim.answers)
    sim.feed(
        events.ApproveAsked(
            at=sim.now,
            request=number,
            by=By(0, 1),
            reason="it is right",
            proposal=proposal,
            digest=digest,
        )
    )
    return sim.answers[-1]


def advised(sim: Simulator) -> list[AttemptBegan]:
    return [one for one in sim.heard(AttemptBegan) if one.attempt.advised]


def test_what_is_allowed_takes_the_place_of_the_next_remedy() -> None:
    """It waits for backoff and breaker like any, and is verified like any."""
    sim = opened([FOREVER])
    before = sim.host.services["web"]
    advise(sim, RestartOnce())
    assert isinstance(sim.host.services["web"].proposal, Ordered)
    assert before.breaker == sim.host.services["web"].breaker
    sim.run_for(60)
    assert [] == advised(sim)  # the backoff after five failures is 160 s
    sim.run_for(300)
    [began] = advised(sim)
    assert "restart" == began.attempt.remedy
    web = sim.host.services["web"]
    assert web.incident is not None
    assert Result.HEALED is web.incident.attempts[-1].result
    assert (None, 0) == (web.proposal, web.misled)


def test_what_was_replaced_says_so_and_by_what() -> None:
    """A breaker that goes on opening makes ids that somebody read just now void."""
    sim = opened([crash(2.0)] * 20, llm=Llm.ADVISE)
    advise(sim, PRUNE)
    for _ in range(2):
        web = sim.host.services["web"]
        assert isinstance(web.proposal, Proposed)
        assert isinstance(web.breaker.state, Open)
        until = consent.lapses(web, web.proposal, sim.now)
        assert sim.now < until < web.proposal.until
        before = web.breaker.generation
        sim.run_until(lambda: sim.host.services["web"].breaker.generation > before)  # noqa: B023 - asked at once
        assert until <= sim.now
        sim.run_until(lambda: isinstance(sim.host.services["web"].breaker.state, Open))
        advise(sim, PRUNE)
    for name in ("a1", "a2"):
        answer = str(approve(sim, name))
        assert f"{name} was replaced by a3: its breaker has changed" in answer
        assert "selfhealctl llm" in answer
    assert "nothing waits for approval as a9" in str(approve(sim, "a9"))


def test_a_runbook_is_run_before_a_service_that_is_down_is_started() -> None:
    """And where it fails, the service is not started by that attempt."""
    sim = opened([FOREVER])
    advise(sim, PRUNE)
    sim.run_until(lambda: sim.commands)
    starts = len(sim.starts("web"))
    sim.run_for(2)
    assert "BACKOFF" == sim.state("web")
    assert ("web", "prune") == (sim.commands[0].service, sim.commands[0].runbook)
    assert starts == len(sim.starts("web"))
    sim.end_command()
    assert starts + 1 == len(sim.starts("web"))
    sim.run_for(20)
    assert "RUNNING" == sim.state("web")
    assert sim.host.services["web"].open_incident is None

    sim = opened([FOREVER])
    advise(sim, PRUNE)
    sim.run_until(lambda: sim.commands)
    starts = len(sim.starts("web"))
    sim.end_command("exited with status 1")
    assert starts == len(sim.starts("web"))
    assert 1 == sim.host.services["web"].misled


@pytest.mark.parametrize("how", ["flag", "stop", "time", "crash of the daemon"])
def test_a_runbook_for_what_is_down_ends_with_its_reason(how: str) -> None:
    """The switch, the operator and its time all end the attempt."""
    sim = opened([FOREVER])
    advise(sim, PRUNE)
    sim.run_until(lambda: sim.commands)
    match how:
        case "flag":
            sim.switch(auto_healing=False)
        case "stop":
            sim.stop("web")
        case "time":
            sim.run_for(200)
        case _:
            sim.come_back()
    attempts = sim.host.services["web"].incident
    assert attempts is not None
    [one] = [a for a in attempts.attempts if a.advised]
    timed_out = how == "time"
    assert (Result.NO_EFFECT if timed_out else Result.INTERRUPTED) is one.result
    assert int(timed_out) == sim.host.services["web"].misled


def test_hold_holds_until_a_person_acts() -> None:
    """Also over a restart of the daemon; nothing counts for or against the model."""
    sim = opened([FOREVER])
    advise(sim, Hold())
    assert "EXITED" == sim.state("web")
    sim.come_back()
    sim.run_for(10_000)
    assert "EXITED" == sim.state("web")
    assert [] == advised(sim)
    sim.start("web")
    sim.run_for(20)
    assert "RUNNING" == sim.state("web")
    assert sim.host.services["web"].proposal is None


def test_a_restart_is_delayed_by_the_longest_backoff() -> None:
    """Counted from the advice."""
    sim = opened([FOREVER])
    advise(sim, DelayRestart())
    ordered = sim.now
    starts = len(sim.starts("web"))
    sim.run_for(599)
    assert starts == len(sim.starts("web"))
    sim.run_for(2)
    assert starts + 1 == len(sim.starts("web"))
    assert 1 == len(advised(sim))
    assert ordered < sim.now


def test_what_is_up_but_ill_gets_it_in_the_place_of_its_ladder() -> None:
    """Once its own remedies have been tried."""
    sim = host([FOREVER] * 9)
    sim.run_for(5)
    sim.sicken("web", ILL)
    sim.run_for(2)
    advise(sim, PRUNE)  # the restart of its ladder is under way
    assert isinstance(sim.host.services["web"].proposal, Proposed)
    sim.run_until(lambda: sim.state("web") == "RUNNING")
    sim.sicken("web", ILL)
    advise(sim, RestartOnce())
    assert isinstance(sim.host.services["web"].proposal, Ordered)
    sim = host([FOREVER] * 9)
    sim.run_for(5)
    sim.sicken("web", ILL)
    sim.run_until(lambda: len(sim.starts("web")) > 1 and sim.state("web") == "RUNNING")
    sim.sicken("web", ILL)
    advise(sim, PRUNE)
    sim.run_until(lambda: sim.commands)
    assert "RUNNING" == sim.state("web")
    sim.recover("web", "liveness")
    sim.end_command()
    sim.run_for(30)
    assert sim.host.services["web"].open_incident is None


def test_two_that_did_not_help_demote_it_until_a_person_says_so() -> None:
    """Over a restart of the daemon; each incident has one try of the model's."""
    sim = opened([FOREVER, *[crash(2.0)] * 7, FOREVER])
    for _ in range(2):
        advise(sim, PRUNE)
        sim.run_until(lambda: sim.commands)
        sim.end_command("exited with status 1")
        advise(sim, RestartOnce())
        assert sim.host.services["web"].proposal is None  # it has had its try
        if sim.host.services["web"].misled < 2:
            sim.start("web")
            sim.run_for(60)
            sim.feed(
                events.Sickened(
                    at=sim.now,
                    service="web",
                    run=sim.host.services["web"].run,
                    symptom=replace(ILL, at=sim.now),
                )
            )
            sim.run_until(
                lambda: isinstance(sim.host.services["web"].breaker.state, Open)
            )
    [told] = sim.heard(ModelDemoted)
    assert ("web", 2) == (told.service, told.remedies)
    sim.come_back()
    assert consent.demoted(sim.host.services["web"])
    issues = sim.status().issues
    assert any("2 remedies of the model in a row" in words for words in issues)
    do = " ".join(sim.status().recommendations)
    assert 'selfhealctl llm trust web --reason "…"' in do
    sim.feed(
        events.TrustAsked(
            at=sim.now, request=9, by=By(0, 1), reason="mended", service="web"
        )
    )
    assert sim.answers[-1].done
    assert not consent.demoted(sim.host.services["web"])


def test_what_a_person_approves_is_done_without_waiting_for_the_backoff() -> None:
    """But not without the breaker's minute; and only once."""
    sim = opened([FOREVER], llm=Llm.ADVISE)
    advise(sim, RestartOnce())
    proposal = sim.host.services["web"].proposal
    assert isinstance(proposal, Proposed)
    answer = approve(sim, proposal.id)
    assert answer.done
    again = approve(sim, proposal.id)
    assert not again.done
    assert "nothing waits for approval" in again.words
    sim.run_for(50)
    assert [] == advised(sim)
    sim.run_for(17)
    assert 1 == len(advised(sim))
    [acted] = [
        one for one in sim.heard(effects.OperatorActed) if "approve" in one.action
    ]
    assert ("web", "it is right") == (acted.service, acted.reason)


def test_an_approval_is_of_one_incident_breaker_and_config() -> None:
    """What has changed since is said, with how to ask again."""
    for change, says in {
        "time": "its time is over",
        "breaker": "its breaker has changed since",
        "config": "the config has changed since",
    }.items():
        sim = opened([crash(2.0), FOREVER], llm=Llm.ADVISE)
        advise(sim, RestartOnce())
        proposal = sim.host.services["web"].proposal
        assert isinstance(proposal, Proposed)
        if change == "time":
            sim.now += APPROVABLE_SECS
        elif change == "breaker":
            sim.run_for(200)
        answer = approve(sim, proposal.id, digest="e" if change == "config" else "d")
        assert not answer.done
        assert says in answer.words
        assert "selfhealctl llm diagnose web" == answer.hint
        assert sim.host.services["web"].proposal is None
    sim = opened([FOREVER], llm=Llm.ADVISE)
    advise(sim, RestartOnce())
    sim.restart("web")  # the operator ends the incident
    assert not approve(sim, "a1").done


def test_the_same_advice_again_changes_nothing_until_its_approval_is_void() -> None:
    """Then it gets another id, which is all that is told, with why."""
    sim = opened([crash(2.0), FOREVER], llm=Llm.ADVISE)
    for _ in range(3):
        advise(sim, RestartOnce())
    assert 1 == len(sim.heard(AdviceTaken))
    sim.run_for(200)
    advise(sim, RestartOnce())
    first, again = sim.heard(AdviceTaken)
    assert ("a1", "a2") == (first.proposal, again.proposal)
    assert first.words.startswith("it waits for approval, as the model advises only: ")
    assert again.words.startswith("waits as a2 now, as its breaker has changed since")
    advise(sim, PRUNE)
    assert "it waits for approval" in sim.heard(AdviceTaken)[-1].words


def test_why_nothing_is_done_is_told_once_in_an_incident() -> None:
    """However often its breaker opens; anew where the reason is another."""
    sim = opened([crash(2.0)] * 20)
    for _ in range(3):
        advise(sim, NoAction())
        sim.run_for(200)
    sim.come_back()
    advise(sim, NoAction())
    assert 1 == len(sim.heard(AdviceTaken))
    sim.switch(auto_healing=False)
    for _ in range(2):
        advise(sim, RestartOnce())
    last = sim.heard(AdviceTaken)[-1]
    assert "nothing is done: FEATURE_AUTO_HEALING_ENABLED is off" == last.words
    assert 2 == len(sim.heard(AdviceTaken))


def test_neither_dormant_nor_for_good_is_left_by_a_model_or_an_approval() -> None:
    """It is said, and what a person has to type."""
    sim = host([crash(2.0)] * 20)
    sim.run_until(lambda: sim.state("web") == "FATAL")
    advise(sim, RestartOnce())
    assert "is over" in sim.heard(AdviceTaken)[-1].words

    sim = opened([crash(2.0)] * 20, llm=Llm.ADVISE, systemic_share=0.0)
    main = replace(sim.policy.main, permanent_after=6)
    sim.feed(events.Reconfigured(at=sim.now, policy=replace(sim.policy, main=main)))
    sim.run_until(lambda: sim.host.dormant)
    advise(sim, RestartOnce())
    assert "the engine is dormant" in sim.heard(AdviceTaken)[-1].words
    assert not approve(sim, "a1").done
    assert sim.host.dormant


ACTIONS = st.sampled_from(
    [RestartOnce(), PRUNE, NoAction(), Hold(), DelayRestart(), OTHER, RunBook("none")]
)
ADVICE = st.tuples(
    st.just("advise"),
    st.sampled_from(["web", "web", "web", "db", "nobody"]),
    st.sampled_from(["own", "own", "own", "web-1", "db-1"]),
    ACTIONS,
)
WAIT = st.tuples(st.just("wait"), st.sampled_from([700.0, 4000.0, 70.0, 1.0]))
COMMAND = st.tuples(st.just("command"), st.booleans())
ELSE = st.one_of(
    st.just(("nothing",)),
    COMMAND,
    st.tuples(st.just("sicken"), st.sampled_from(["web", "db"])),
    st.tuples(st.just("recover"), st.sampled_from(["web", "db"])),
    st.tuples(st.just("switch"), st.booleans()),
    st.tuples(st.just("stop"), st.sampled_from(["web", "db"])),
    st.tuples(st.just("start"), st.sampled_from(["web", "db"])),
    st.just(("come back",)),
)
ROUNDS = st.lists(st.tuples(ADVICE, WAIT, COMMAND, ELSE, ADVICE), max_size=8)


@given(
    rounds=ROUNDS,
    mode=st.sampled_from([Llm.ACT, Llm.ACT, Llm.ADVISE, Llm.OFF]),
    lives=st.lists(st.sampled_from([2.0, 0.2, 30.0]), min_size=4, max_size=25),
    share=st.sampled_from([0.0, 1.0]),
)
def test_no_answers_of_a_model_do_what_the_operator_did_not_allow(
    rounds: list[tuple[Any, ...]], mode: Llm, lives: list[float], share: float
) -> None:
    """No other action, on no other service; and what a person alone leaves stays."""
    allowed = (RestartOnce(), PRUNE)
    sim = opened(map(crash, lives), llm=mode, allowed=allowed, systemic_share=share)
    shut: set[str] = set()
    for one in chain.from_iterable(rounds):
        seen = len(sim.told)
        off = not sim.host.flags.auto_healing
        _take(sim, one)
        off = off and not sim.host.flags.auto_healing
        begun = [
            told
            for _, told in sim.told[seen:]
            if isinstance(told, AttemptBegan) and told.attempt.advised
        ]
        assert all(told.service == "web" for told in begun)
        assert not begun or (mode is Llm.ACT and not off)
        assert not begun or sim.host.services["web"].wanted or one[0] == "stop"
        remedies = {told.attempt.remedy for told in begun}
        assert remedies <= {"restart", "run prune", "run prune, and start"}
        assert {(c.service, c.runbook) for c in sim.commands} <= {("web", "prune")}
        assert all(not isinstance(s.proposal, Ordered) for n, s in _others(sim))
        now = {n for n, s in sim.host.services.items() if s.breaker.permanent}
        now |= {"engine"} if sim.host.dormant else set()
        assert shut <= now
        shut = now


def _others(sim: Simulator) -> Iterable[tuple[str, Service]]:
    return ((n, s) for n, s in sim.host.services.items() if n != "web")


def _take(sim: Simulator, one: tuple[Any, ...]) -> None:
    match one:
        case ("advise", str(service), str(incident), action):
            s = sim.host.services.get(service)
            own = s.incident.id if s and s.incident else "web-1"
            sim.feed(
                events.Advised(
                    at=sim.now,
                    service=service,
                    incident=own if incident == "own" else incident,
                    action=action,
                    digest="d",
                )
            )
        case ("wait", float(seconds)):
            sim.run_for(seconds)
        case ("sicken", str(service)) if sim.state(service) == "RUNNING":
            sim.sicken(service, ILL)
        case ("recover", str(service)) if sim.state(service) == "RUNNING":
            sim.recover(service, "liveness")
        case ("command", bool(good)) if sim.commands:
            sim.end_command(None if good else "exited with status 1")
        case ("switch", bool(on)):
            sim.switch(auto_healing=on)
        case ("stop", str(service)):
            sim.stop(service)
        case ("start", str(service)):
            sim.start(service)
        case ("come back",):
            sim.come_back()
        case _:
            pass
