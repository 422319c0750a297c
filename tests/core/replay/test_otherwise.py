"""The same past by other settings."""

from datetime import timedelta
from typing import Any

from core.replay.recorder import Recorder, otherwise, retold
from core.simulator import NOON, Run, crash
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import (
    Autorestart,
    BreakerPolicy,
    Healing,
    Kind,
    Policy,
    Program,
)
from selfhealingd.core.remedy import Hold, Ladder, Restart
from selfhealingd.core.remedy import Run as RunBook
from selfhealingd.core.replay.result import result
from selfhealingd.core.replay.retelling import Retelling
from selfhealingd.core.replay.story import parting
from selfhealingd.core.symptom import Symptom

WEB, DB = Program(name="web"), Program(name="db")
SICK = Symptom(key="liveness", cause=Cause.PROBE, words="no answer", at=0)


def runs(off: float) -> st.SearchStrategy[list[Run]]:
    """Runs of one program; in life, no two things happen at once."""
    long = [time + off for time in (0.11, 0.53, 3.7, 51.3, 1e9)]
    one = st.builds(
        Run,
        lasts=st.sampled_from(long),
        code=st.sampled_from([0, 1]),
        problem=st.sampled_from([None, None, None, "no such file"]),
        spawns=st.sampled_from([0.002 + off, 0.017 + off]),
        obeys=st.sampled_from([0.003 + off, 2.1 + off, None]),
        left=st.sampled_from([0, 0, 2]),
    )
    return st.lists(one)


acts = st.lists(
    st.tuples(
        st.sampled_from(["wait", "stop", "start", "restart", "sicken", "recover"]),
        st.sampled_from(["web", "db"]),
        st.sampled_from([0.307, 5.019, 101.17]),
    ),
    max_size=12,
)


@given(
    scripts=st.fixed_dictionaries({"web": runs(0.0), "db": runs(0.0007)}),
    what=acts,
)
@settings(max_examples=100)
def test_the_same_settings_make_no_difference(
    scripts: dict[str, list[Run]], what: list[tuple[str, str, float]]
) -> None:
    """Whatever happened: the counts are equal, and the two never part."""
    sim = Recorder([WEB, DB], scripts).begin()
    sim.run_for(1.511)
    for act, name, wait in what:
        match act:
            case "sicken":
                sim.sicken(name, SICK)
            case "recover":
                sim.recover(name, SICK.key)
            case "wait":
                pass
            case _:
                getattr(sim, act)(name)
        sim.run_for(wait)
    told = retold(sim.lines)
    assert 0 == told.mismatches
    ladders: dict[str, dict[str, Ladder]] = {
        name: {SICK.key: ()} for name in ("web", "db")
    }
    other = otherwise(told, sim.policy, ladders)
    assert parting(told.story, other.story, ["web", "db"]) is None
    assert told.account.total == other.account.total
    assert told.account.engine == other.account.engine


def healing(**keys: Any) -> Program:
    return Program(name="web", healing=Healing(**keys))


def policy(*programs: Program) -> Policy:
    return Policy(programs={p.name: p for p in programs})


def outage() -> Retelling:
    """Web can't start for about a minute, whatever is tried; then it can."""
    sim = Recorder([WEB, DB], {"web": [crash(100), *[crash(0.1)] * 4]}).begin()
    sim.run_for(600)
    return retold(sim.lines, until=NOON + timedelta(seconds=600))


def test_a_longer_wait_tries_less_often() -> None:
    """While it was recorded that no start helps, none helps."""
    told = outage()
    other = otherwise(told, policy(healing(backoff_initial=60), DB))
    was, would = told.account.services["web"], other.account.services["web"]
    assert (5, 4) == (was.attempts, was.failed)
    assert would.attempts < was.attempts
    assert 1 == was.healed == would.healed
    apart = parting(told.story, other.story, ["web", "db"])
    assert apart is not None
    assert "web" == apart.service
    assert apart.recorded is not None
    assert apart.otherwise is not None
    assert ("10 s" in apart.recorded, "2 min" in apart.otherwise) == (True, True)


def test_breakers_that_open_sooner_give_up() -> None:
    """It is FATAL where in fact it was healed, and down to the end of the records."""
    breaker = BreakerPolicy(open_after=2, permanent_after=2)
    told = outage()
    other = otherwise(told, policy(healing(breaker=breaker), DB))
    web = other.account.services["web"]
    assert (1, 0, 1) == (web.given_up, web.healed, web.permanent)
    assert web.down > 400


def test_what_is_never_restarted_stays_down() -> None:
    told = outage()
    never = Program(name="web", autorestart=Autorestart.NEVER)
    web = otherwise(told, policy(never, DB)).account.services["web"]
    assert (1, 0) == (web.starts, web.attempts)


def test_what_was_observed_is_told_again_by_the_ladder_of_now() -> None:
    """A symptom that another config doesn't know is left out, and that is said."""
    sim = Recorder([WEB]).begin()
    sim.run_for(50)
    sim.sicken("web", SICK)
    sim.run_for(50)
    told = retold(sim.lines)
    assert 2 == told.account.services["web"].starts
    held = otherwise(told, policy(WEB), {"web": {SICK.key: (Hold(),)}})
    assert 1 == held.account.services["web"].starts
    assert 1 == held.account.services["web"].incidents
    blind = otherwise(told, policy(WEB))
    assert 0 == blind.account.services["web"].incidents
    assert {("web", SICK.key)} == blind.guesses.unobserved


def test_a_command_that_never_ran_is_taken_to_work() -> None:
    """That is said, since nobody knows."""
    sim = Recorder([WEB]).begin()
    sim.run_for(50)
    sim.sicken("web", SICK)
    sim.run_for(50)
    told = retold(sim.lines)
    other = otherwise(
        told, policy(WEB), {"web": {SICK.key: (RunBook("clear"), Restart())}}
    )
    assert {("web", "clear")} == other.guesses.commands


def test_a_service_that_is_new_is_taken_to_be_well() -> None:
    told = outage()
    other = otherwise(told, policy(WEB, DB, Program(name="new")))
    assert {"new"} == other.guesses.starts
    assert 0 == other.account.services["new"].incidents


def test_from_a_moment_on_it_is_as_after_a_reload() -> None:
    """What runs goes on; only what comes later is decided by the other settings."""
    sim = Recorder([WEB, DB], {"web": [crash(100)]}).begin()
    sim.run_for(50)
    sim.stop("db")
    sim.run_for(300)
    now, then = NOON + timedelta(seconds=350), NOON + timedelta(seconds=20)
    told = retold(sim.lines, then, now)
    never = Program(name="web", autorestart=Autorestart.NEVER)
    web = otherwise(told, policy(never, DB)).account.services["web"]
    assert (0, 0) == (web.starts, web.attempts)
    assert web.down > 200


def test_a_shorter_patience_kills_sooner() -> None:
    """What obeys SIGKILL alone ends when that comes."""
    sim = Recorder([WEB], {"web": [Run(obeys=None)]}).begin()
    sim.run_for(50)
    sim.restart("web")
    sim.run_for(50)
    told = retold(sim.lines)
    hasty = Program(name="web", stopwaitsecs=2)
    web = otherwise(told, policy(hasty)).account.services["web"]
    assert 7 < told.account.services["web"].down - web.down < 9


def test_dormancy_is_counted() -> None:
    """The engine's, and for how long."""
    sim = Recorder([WEB], {"web": [crash(0.1)] * 99}).begin()
    sim.run_for(1e4)
    told = retold(sim.lines)
    assert 1 == told.account.engine.dormant
    sim.resume("mended")
    again = retold(sim.lines)
    assert 5000 < again.account.engine.dormant_secs < 1e4
    patient = replace(policy(WEB), main=BreakerPolicy(permanent_after=1000))
    lasting = replace(WEB, healing=Healing(breaker=BreakerPolicy(permanent_after=999)))
    patient = replace(patient, programs={"web": lasting})
    assert 0 == otherwise(again, patient).account.engine.dormant


def test_a_watch_that_others_start_and_stop_does_so_again() -> None:
    """At their times, and the same settings make no difference."""
    nginx = Program(name="nginx", kind=Kind.WATCH, autostart=False)
    sim = Recorder([nginx, DB]).begin()
    sim.run_for(10.3)
    sim.appear("nginx")
    sim.run_for(20.7)
    sim.withdraw("nginx")
    sim.run_for(5.1)
    sim.appear("nginx")
    sim.run_for(30.9)
    told = retold(sim.lines)
    other = otherwise(told, policy(nginx, DB))
    assert 0 == told.mismatches
    assert parting(told.story, other.story, ["nginx", "db"]) is None
    assert told.account.services["nginx"] == other.account.services["nginx"]


def test_what_is_asked_twice_of_the_daemon_is_decided_in_each_life() -> None:
    """The daemon is started anew: both go on from what was recorded then."""
    sim = Recorder([WEB, DB], {"web": [crash(20), crash(0.1)]}).begin()
    sim.run_for(100)
    again = Recorder([WEB, DB], {"web": [crash(20)]}).begin()
    again.run_for(100)
    lives = [{**one, "pid": 2} if "pid" in one else one for one in again.lines]
    told = retold([*sim.lines, *lives])
    assert (2, 0, 0) == (len(told.pasts), told.mismatches, told.unread)
    assert 5 == told.account.services["web"].starts
    assert parting(told.story, otherwise(told, sim.policy).story, ["web"]) is None
    found = result(told, otherwise(told, sim.policy))
    assert any("was started 2 times" in words for words in found.unknown)
