"""Every decision about a program that is down, with its reason."""

from typing import Any

import pytest
from msgspec.structs import replace

from selfhealingd.core.breaker import (
    Breaker,
    BreakerState,
    Closed,
    HalfOpen,
    Open,
    PermanentlyOpen,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Cause, Incident
from selfhealingd.core.life import (
    Backoff,
    Fatal,
    Held,
    Life,
    Running,
    Starting,
    Stopped,
    Why,
)
from selfhealingd.core.plan import (
    Act,
    Decision,
    GiveUp,
    Hold,
    Wait,
    backoff_delay,
    busy,
    failing,
    plan,
    supervised,
    systemic,
)
from selfhealingd.core.policy import Autorestart, Flags, Policy, Program

NOW = 1e6
CLOSED = Closed()
WEB = Program(name="web", autorestart=Autorestart.ALWAYS)
CRASH = Exit(at=NOW, code=1, lasted=60)
EARLY = Exit(at=NOW, code=1, lasted=0.1, early=True)
SHUT = Breaker(state=PermanentlyOpen(10))
ATTEMPT = Attempt(
    number=1, remedy="restart", began=0, deadline=0, ticket=0, main_ticket=0
)
INCIDENT = Incident(id="x", service="x", cause=Cause.EXIT, detail="", opened=0)
BUSY = replace(INCIDENT, attempts=(ATTEMPT,))


def down(end: Exit | None = CRASH, state: BreakerState = CLOSED) -> Service:
    return Service(
        name="web",
        life=Backoff(NOW, Why.TURN),
        wanted=True,
        run=3,
        exit=end,
        breaker=Breaker(state=state),
        incident=INCIDENT,
    )


def other(name: str, life: Life, incident: Incident | None = None) -> Service:
    return Service(name=name, life=life, wanted=True, incident=incident)


def decide(s: Service, policy: Policy | None = None, **host: Any) -> Decision:
    others = [s, *host.pop("others", ())]
    services = {x.name: x for x in others}
    built = Host(services=services, **host)
    return plan(policy or Policy(), built, WEB, s, NOW)


HEAL = Act(remedy=True)


@pytest.mark.parametrize(
    ("s", "decision"),
    [
        (down(), HEAL),
        (down(None), HEAL),
        (down(state=PermanentlyOpen(10)), GiveUp.GIVE_UP),
        (down(state=Open(5, NOW + 900)), Wait(Why.BREAKER, NOW + 900)),
        (down(replace(CRASH, at=NOW - 900), Open(5, NOW)), HEAL),
        (down(Exit(at=NOW, code=0, lasted=60)), Act(remedy=False)),
        (down(Exit(at=NOW, code=0, lasted=0.25)), Wait(Why.PAUSE, NOW + 0.75)),
        (down(Exit(at=NOW - 1, code=0, lasted=0.25)), Act(remedy=False)),
        (down(Exit(at=NOW, code=0, lasted=60, told=True)), HEAL),
    ],
)
def test_its_own_state(s: Service, decision: Decision) -> None:
    """Its breaker, how it ended, and how often it failed."""
    assert decision == decide(s)


@pytest.mark.parametrize(
    ("end", "failures", "least"),
    [(CRASH, 0, 0), (EARLY, 0, 5), (CRASH, 1, 10), (EARLY, 4, 80)],
)
def test_backoff(end: Exit, failures: int, least: float) -> None:
    """No wait after the first crash of what was well; with jitter after others."""
    s = down(end, Closed(failures))
    host = Host(services={"web": s}, seed="here")
    found = backoff_delay(host, WEB, s, end)
    assert least <= found <= least * 1.1
    expected = Wait(Why.BACKOFF, NOW + found) if found else HEAL
    assert expected == plan(Policy(), host, WEB, s, NOW)


@pytest.mark.parametrize(
    ("main", "decision"),
    [
        (Open(5, NOW + 30), Wait(Why.MAIN_BREAKER, NOW + 30)),
        (HalfOpen(5, NOW + 41), Wait(Why.MAIN_BREAKER, NOW + 41)),
        (Open(5, NOW), HEAL),
        (PermanentlyOpen(10), Hold(Held.DORMANT)),
    ],
)
def test_the_engines_breaker(main: BreakerState, decision: Decision) -> None:
    """Blocked while it is OPEN or a try is under way; held while dormant."""
    assert decision == decide(down(), main=Breaker(state=main))


def test_the_flag_holds_what_is_down() -> None:
    """Restarts are automation, also after a good end."""
    off = Flags(auto_healing=False)
    held = Hold(Held.SWITCHED_OFF)
    assert held == decide(down(), flags=off)
    assert held == decide(down(Exit(at=NOW, code=0, lasted=9)), flags=off)


def test_given_up_before_dormant_before_switched_off() -> None:
    """The reason that is named is the one that a person has to deal with first."""
    host: dict[str, Any] = {"main": SHUT, "flags": Flags(auto_healing=False)}
    assert GiveUp.GIVE_UP is decide(down(state=PermanentlyOpen(10)), **host)
    assert Hold(Held.DORMANT) == decide(down(), **host)


@pytest.mark.parametrize(
    ("budget", "ages", "decision"),
    [
        (2, [], HEAL),
        (2, [60], HEAL),
        (2, [120, 60], Wait(Why.BUDGET, NOW - 120 + 3600)),
        (2, [180, 120, 60], Wait(Why.BUDGET, NOW - 120 + 3600)),
        (2, [3600, 60], HEAL),
        (0, [], Wait(Why.BUDGET, None)),
        (0, [60], Wait(Why.BUDGET, None)),
    ],
)
def test_the_budget(budget: int, ages: list[float], decision: Decision) -> None:
    """So many remedies in any hour; of none, there is no time to wait for."""
    policy = Policy(max_remedies_per_hour=budget)
    remedies = tuple(NOW - age for age in ages)
    assert decision == decide(down(), policy, remedies=remedies)


@pytest.mark.parametrize(
    ("number", "share", "decision"),
    [
        (9, 0.2, HEAL),
        (8, 0.2, Wait(Why.TURN, None)),
        (1, 0.2, Wait(Why.TURN, None)),
        (1, 1.0, HEAL),
    ],
)
def test_turns(number: int, share: float, decision: Decision) -> None:
    """With one other being healed: a share of what is wanted, at least one."""
    rest = [other(f"p{n}", Running(0, 1)) for n in range(number - 1)]
    others = [other("p", Starting(0, 1), BUSY), *rest]
    policy = Policy(max_concurrent_remedies=share)
    assert decision == decide(down(), policy, others=others)


@pytest.mark.parametrize(
    ("s", "is_busy"),
    [
        (other("p", Starting(0, 1), BUSY), True),
        (other("p", Running(0, 1), BUSY), False),
        (other("p", Starting(0, 1), INCIDENT), False),
        (other("p", Starting(0, 1)), False),
    ],
)
def test_busy(s: Service, is_busy: bool) -> None:  # noqa: FBT001
    """Verifying is only watching: it takes nobody's turn."""
    assert is_busy is busy(s)


@pytest.mark.parametrize(
    ("programs", "share", "is_systemic"),
    [(1, 0.4, True), (2, 0.4, True), (3, 0.4, False), (10, 0.4, False), (10, 0, True)],
)
def test_one_hopeless_program(
    programs: int,
    share: float,
    is_systemic: bool,  # noqa: FBT001
) -> None:
    """The only program's failure is the host's; one of ten's is its own."""
    well = [other(f"p{n}", Running(0, 1)) for n in range(programs - 1)]
    host = Host(services={s.name: s for s in [down(), *well]})
    assert (programs, 1) == (supervised(host), failing(host))
    assert is_systemic is systemic(Policy(systemic_share=share), host)


def test_what_counts_as_failing() -> None:
    """What is wanted and FATAL, or down with an incident; not what is up again."""
    services = [
        other("incident", Starting(0, 1), INCIDENT),
        other("verifying", Running(0, 1), INCIDENT),
        other("fatal", Fatal(0)),
        other("well", Running(0, 1)),
        replace(other("unwanted", Stopped(0), INCIDENT), wanted=False),
    ]
    host = Host(services={s.name: s for s in services})
    assert (4, 2) == (supervised(host), failing(host))


def test_an_hour_is_over_when_its_timer_says_so() -> None:
    """What is waited for is true at that very moment, whatever floats round to."""
    for now in (0.1, 1 / 3, 1e6 / 7, 12345.6789):
        freed = now + 3600.0
        s = down(replace(CRASH, at=now))
        host = Host(services={"web": s}, remedies=(now,))
        policy = Policy(max_remedies_per_hour=1)
        waited = Wait(Why.BUDGET, freed)
        assert waited == plan(policy, host, WEB, s, now + 1)
        assert HEAL == plan(policy, host, WEB, s, freed)
