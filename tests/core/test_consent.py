"""What may become of a model's advice, by all that an operator said."""

from typing import Any

import pytest
from msgspec.structs import replace

from selfhealingd.core import consent
from selfhealingd.core.breaker import Breaker, By, Closed, Open, PermanentlyOpen
from selfhealingd.core.consent import Ask, Carry, Leave, judge, standing
from selfhealingd.core.diagnosis import Action, DelayRestart, NoAction, RestartOnce
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Cause, Incident, Result
from selfhealingd.core.life import Backoff, Why
from selfhealingd.core.policy import Flags, Healing, Llm, Policy, Program
from selfhealingd.core.proposal import Ordered, Proposed
from selfhealingd.core.remedy import Hold, Restart, Run

PRUNE = Run("prune")
HEALING = Healing(llm_actions=(RestartOnce(), PRUNE))
WEB = Program(name="web", healing=HEALING)
POLICY = Policy(programs={"web": WEB}, runbooks={"prune": 5.0}, llm=Llm.ACT)
INCIDENT = Incident(
    id="web-1", service="web", cause=Cause.EXIT, detail="exited", opened=0.0
)
DOWN = Service(
    name="web",
    life=Backoff(0.0, Why.BACKOFF, 100.0),
    wanted=True,
    breaker=Breaker(state=Open(5, 60.0), generation=3),
    incident=INCIDENT,
)
TRIED = Attempt(
    number=1,
    remedy="restart",
    began=0.0,
    deadline=1.0,
    ticket=0,
    main_ticket=0,
    result=Result.NO_EFFECT,
)
BARE = Breaker(state=Closed(1))
DORMANT = Breaker(state=PermanentlyOpen(10))


def host(**changed: Any) -> Host:
    return Host(services={"web": DOWN}, **changed)


def test_what_is_on_the_list_is_carried_out_once_the_breaker_opened() -> None:
    """In mode act, and nowhere else."""
    assert Carry() == judge(POLICY, host(), DOWN, "web-1", RestartOnce())
    assert Carry() == judge(POLICY, host(), DOWN, "web-1", PRUNE)
    advises = replace(POLICY, llm=Llm.ADVISE)
    assert isinstance(judge(advises, host(), DOWN, "web-1", PRUNE), Ask)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"misled": 2}, "2 remedies of the model"),
        ({"breaker": BARE}, "have not all been tried"),
    ],
)
def test_else_a_person_is_asked(changed: dict[str, Any], says: str) -> None:
    """Demoted, or too early."""
    found = judge(POLICY, host(), replace(DOWN, **changed), "web-1", PRUNE)
    assert isinstance(found, Ask)
    assert says in found.words


@pytest.mark.parametrize("action", [Hold(), DelayRestart()])
def test_so_is_for_what_is_not_on_the_list(action: Action) -> None:
    """And nothing is on it by default."""
    found = judge(POLICY, host(), DOWN, "web-1", action)
    assert Ask("it is not among its llm_actions") == found
    bare = replace(POLICY, programs={"web": Program(name="web")})
    assert isinstance(judge(bare, host(), DOWN, "web-1", RestartOnce()), Ask)


def test_a_ladder_that_says_hold_leaves_it_to_a_person() -> None:
    """The operator said so; the model has no say in that."""
    healing = replace(HEALING, ladder=(Restart(), Hold()))
    policy = replace(POLICY, programs={"web": replace(WEB, healing=healing)})
    tried = replace(DOWN, incident=replace(INCIDENT, attempts=(TRIED,)))
    found = judge(policy, host(), tried, "web-1", RestartOnce())
    assert Ask("its ladder leaves it to a person") == found


@pytest.mark.parametrize(
    ("policy", "at", "changed", "says"),
    [
        ({"llm": Llm.OFF}, {}, {}, "switched off"),
        ({"runbooks": {}}, {}, {}, "no runbook prune"),
        ({}, {"main": DORMANT}, {}, "dormant"),
        ({}, {"flags": Flags(auto_healing=False)}, {}, "FEATURE_AUTO_HEALING_ENABLED"),
        ({}, {}, {"wanted": False}, "stopped on request"),
        ({}, {}, {"breaker": DORMANT}, "open for good"),
        ({}, {}, {"incident": replace(INCIDENT, id="web-2")}, "web-1 is over"),
        ({}, {}, {"incident": None}, "web-1 is over"),
    ],
)
def test_what_nobody_may_have_done(
    policy: dict[str, Any], at: dict[str, Any], changed: dict[str, Any], says: str
) -> None:
    """Neither by itself, nor by an approval, nor once it was ordered."""
    now, where = replace(POLICY, **policy), host(**at)
    s = replace(DOWN, **changed)
    found = judge(now, where, s, "web-1", PRUNE)
    assert isinstance(found, Leave)
    assert says in found.words
    ordered = Ordered(incident="web-1", action=PRUNE, at=0.0, by=By(0, 1))
    assert standing(now, where, replace(s, proposal=ordered)) is None


def test_an_incident_is_acted_on_once() -> None:
    """Neither the model nor its approver tries the same again and again."""
    tried = replace(INCIDENT, attempts=(replace(TRIED, advised=True),))
    found = judge(POLICY, host(), replace(DOWN, incident=tried), "web-1", PRUNE)
    assert Leave("the model has had its try at this incident") == found


def test_no_action_is_none() -> None:
    """Nobody is bothered with it."""
    assert isinstance(judge(POLICY, host(), DOWN, "web-1", NoAction()), Leave)


def test_what_was_ordered_stands_as_long_as_the_config_says_so() -> None:
    """A person's approval needs no list."""
    ordered = replace(DOWN, proposal=Ordered(incident="web-1", action=PRUNE, at=0.0))
    assert PRUNE == standing(POLICY, host(), ordered)
    for changed in (replace(POLICY, llm=Llm.ADVISE), _without_list()):
        assert standing(changed, host(), ordered) is None
        by = replace(
            DOWN,
            proposal=Ordered(incident="web-1", action=PRUNE, at=0.0, by=By(0, 1)),
        )
        assert PRUNE == standing(changed, host(), by)


def _without_list() -> Policy:
    return replace(POLICY, programs={"web": Program(name="web")})


def test_an_approval_is_void_when_something_has_changed() -> None:
    """Its time, its breaker or the config."""
    proposed = Proposed(
        id="a1",
        incident="web-1",
        action=PRUNE,
        at=0.0,
        until=10.0,
        generation=3,
        digest="d",
    )
    assert consent.stale(DOWN, proposed, "d", 9.0) is None
    assert consent.stale(DOWN, proposed, "d", 10.0) == "its time is over"
    assert "config" in str(consent.stale(DOWN, proposed, "e", 9.0))
    later = replace(DOWN, breaker=replace(DOWN.breaker, generation=4))
    assert "breaker" in str(consent.stale(later, proposed, "d", 9.0))


def test_a_digest_tells_configs_apart_and_nothing_else() -> None:
    """The order in which a set or a table is kept makes no difference."""
    one = {"a": frozenset({"x", "y"}), "b": 1}
    same = {"b": 1, "a": frozenset({"y", "x"})}
    assert consent.digest(one, POLICY) == consent.digest(same, POLICY)
    assert consent.digest(one) != consent.digest({**one, "b": 2})
