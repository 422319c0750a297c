"""The circuit breaker: every state, every outcome, fresh and stale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from selfhealingd.core.breaker import (
    PERMANENT_REASON,
    Breaker,
    BreakerState,
    By,
    Closed,
    HalfOpen,
    Open,
    Outcome,
    PermanentlyOpen,
    admit,
    breaker_name,
    expire,
    extend,
    open_for_good,
    record,
    recover,
    reset,
    restore,
)
from selfhealingd.core.policy import BreakerPolicy

POLICY = BreakerPolicy()
NOW = 100.0
CLOSED, OPEN = Closed(2), Open(5, 130.0)
HALF_OPEN, PERMANENT = HalfOpen(5, 130.0), PermanentlyOpen(10)
STATES: list[BreakerState] = [CLOSED, OPEN, HALF_OPEN, PERMANENT]


def breaker(state: BreakerState) -> Breaker:
    return Breaker(state=state, generation=7)


@pytest.mark.parametrize(
    ("state", "outcome", "after"),
    [
        (CLOSED, Outcome.SUCCESS, Closed(0)),
        (CLOSED, Outcome.FAILURE, Closed(3)),
        (CLOSED, Outcome.NEUTRAL, CLOSED),
        (Closed(4), Outcome.FAILURE, Open(5, NOW + 60)),
        (OPEN, Outcome.SUCCESS, OPEN),
        (OPEN, Outcome.FAILURE, OPEN),
        (OPEN, Outcome.NEUTRAL, OPEN),
        (HALF_OPEN, Outcome.SUCCESS, Closed(0)),
        (HALF_OPEN, Outcome.FAILURE, Open(6, NOW + 60)),
        (HALF_OPEN, Outcome.NEUTRAL, Open(5, NOW)),
        (HalfOpen(9, 130.0), Outcome.FAILURE, PERMANENT),
        (Closed(9), Outcome.FAILURE, PERMANENT),
        (PERMANENT, Outcome.SUCCESS, PERMANENT),
        (PERMANENT, Outcome.FAILURE, PERMANENT),
        (PERMANENT, Outcome.NEUTRAL, PERMANENT),
    ],
)
def test_a_fresh_outcome(
    state: BreakerState, outcome: Outcome, after: BreakerState
) -> None:
    """What each outcome of a try of this generation makes of each state."""
    found = record(POLICY, breaker(state), ticket=7, outcome=outcome, now=NOW)
    assert after == found.state


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("ticket", [6, 8])
def test_a_stale_outcome_changes_nothing(
    state: BreakerState, outcome: Outcome, ticket: int
) -> None:
    """The result of a try that outlived its state is not counted."""
    before = breaker(state)
    assert before is record(POLICY, before, ticket=ticket, outcome=outcome, now=NOW)


@pytest.mark.parametrize(
    ("state", "after", "generation"),
    [
        (CLOSED, CLOSED, 7),
        (Open(5, NOW), HalfOpen(5, NOW + 40), 8),
    ],
)
def test_a_try_is_let_in(
    state: BreakerState, after: BreakerState, generation: int
) -> None:
    """CLOSED lets all in; OPEN, when its time is over, exactly one, under a lease."""
    found = admit(breaker(state), now=NOW, lease=40)
    assert found is not None
    admitted, ticket = found
    assert (after, generation, generation) == (
        admitted.state,
        admitted.generation,
        ticket,
    )


@pytest.mark.parametrize(
    "state", [Open(5, NOW + 0.1), HALF_OPEN, HalfOpen(5, NOW), PERMANENT]
)
def test_a_try_is_kept_out(state: BreakerState) -> None:
    """OPEN before its time, HALF_OPEN and PERMANENT_OPEN let none in."""
    assert admit(breaker(state), now=NOW, lease=40) is None


def test_only_one_try_while_half_open() -> None:
    """Until its one try has ended, no other begins."""
    first = admit(breaker(Open(5, NOW)), now=NOW, lease=40)
    assert first is not None
    assert admit(first[0], now=NOW + 39, lease=40) is None


@pytest.mark.parametrize(
    ("state", "now", "after"),
    [
        (CLOSED, NOW, CLOSED),
        (OPEN, 1e9, OPEN),
        (HALF_OPEN, 129.9, HALF_OPEN),
        (HALF_OPEN, 130.0, Open(6, 190.0)),
        (HalfOpen(9, 130.0), 130.0, PERMANENT),
        (PERMANENT, 1e9, PERMANENT),
    ],
)
def test_a_lease_runs_out(state: BreakerState, now: float, after: BreakerState) -> None:
    """That counts as a failure; without a lease nothing expires."""
    assert after == expire(POLICY, breaker(state), now=now).state


def test_the_result_of_an_expired_lease_is_stale() -> None:
    """A try whose lease ran out can't close the breaker any more."""
    expired = expire(POLICY, breaker(HALF_OPEN), now=130.0)
    late = record(POLICY, expired, ticket=7, outcome=Outcome.SUCCESS, now=131.0)
    assert expired is late


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (Closed(0), Closed(0)),
        (CLOSED, Closed(0)),
        (OPEN, Closed(0)),
        (HALF_OPEN, Closed(0)),
        (PERMANENT, PERMANENT),
    ],
)
def test_what_is_seen_well_recovers(state: BreakerState, after: BreakerState) -> None:
    """Whatever it guards is well: closed, unless it is open for good."""
    assert after == recover(breaker(state), now=NOW).state


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("state", [CLOSED, OPEN, HALF_OPEN])
def test_a_reset_without_need_of_force(state: BreakerState, force: bool) -> None:  # noqa: FBT001
    """A person closes it, and is remembered for it."""
    by = By(1000, 42)
    found = reset(breaker(state), force=force, reason="mended", by=by, now=NOW)
    assert found is not None
    assert (Closed(0), 8) == (found.state, found.generation)
    assert found.change is not None
    assert ("mended", by, NOW) == (
        found.change.reason,
        found.change.by,
        found.change.at,
    )


def test_one_that_is_open_for_good_needs_force() -> None:
    """Without it, a reset is refused; with it, done."""
    shut = breaker(PERMANENT)
    assert reset(shut, force=False, reason="x", by=None, now=NOW) is None
    forced = reset(shut, force=True, reason="x", by=None, now=NOW)
    assert forced is not None
    assert Closed(0) == forced.state


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (CLOSED, CLOSED),
        (Open(5, 130.0), Open(5, 130.0)),
        (Open(5, 90.0), Open(5, 90.0)),
        (Open(5, 1e9), Open(5, NOW + 60)),
        (HALF_OPEN, Open(5, NOW + 60)),
        (PERMANENT, PERMANENT),
    ],
)
def test_after_a_restart_of_the_daemon(
    state: BreakerState, after: BreakerState
) -> None:
    """OPEN keeps what is left, never above a minute; HALF_OPEN waits a full one."""
    assert after == restore(POLICY, breaker(state), now=NOW).state


def test_open_for_good_says_why() -> None:
    """The reason is kept, for a count of its own as for another cause."""
    shut = open_for_good(breaker(CLOSED), reason="Exceeded startretries (3)", now=NOW)
    assert PermanentlyOpen(2, "Exceeded startretries (3)") == shut.state
    assert "Exceeded permanent failure threshold" == PERMANENT_REASON


@pytest.mark.parametrize(
    ("state", "until"),
    [(CLOSED, NOW), (OPEN, 130.0), (Open(5, 1.0), NOW), (HALF_OPEN, 130.0)],
)
def test_when_the_next_try_may_be(state: BreakerState, until: float) -> None:
    """Now, or when its time or lease is over."""
    assert until == breaker(state).blocked_until(NOW)
    assert breaker(PERMANENT).blocked_until(NOW) is None


def test_jitter_makes_open_longer() -> None:
    """Up to a tenth is added to the minute."""
    found = record(
        POLICY, breaker(Closed(4)), ticket=7, outcome=Outcome.FAILURE, now=0, spread=0.1
    )
    assert Open(5, 66.0) == found.state


def test_names() -> None:
    """Operators type program:NAME; states have the contract's names."""
    assert "program:web" == breaker_name("web")
    assert ["CLOSED", "OPEN", "HALF_OPEN", "PERMANENT_OPEN"] == [
        breaker(state).label for state in STATES
    ]
    assert "uid 0, pid 7" == str(By(0, 7))


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["admit", "record", "expire", "recover", "restore", "reset"]),
        st.sampled_from(Outcome),
        st.integers(0, 3),
        st.floats(0, 100),
    ),
    max_size=60,
)


@given(MOVES, st.integers(1, 6), st.integers(1, 6))
def test_nothing_automatic_leaves_permanent_open(
    moves: list[tuple[str, Outcome, int, float]], open_after: int, permanent: int
) -> None:
    """However it is treated, its generation never falls and good stays for good."""
    policy = BreakerPolicy(open_after=open_after, permanent_after=permanent)
    now, which = 0.0, Breaker()
    for name, outcome, age, secs in moves:
        now += secs
        before = which
        ticket = which.generation - age
        match name:
            case "admit":
                found = admit(which, now=now, lease=30)
                which = found[0] if found else which
            case "record":
                which = record(policy, which, ticket=ticket, outcome=outcome, now=now)
            case "expire":
                which = expire(policy, which, now=now)
            case "recover":
                which = recover(which, now=now)
            case "restore":
                which = restore(policy, which, now=now)
            case _:
                closed = reset(which, force=False, reason="", by=None, now=now)
                which = closed or which
        assert which.generation >= before.generation
        assert 0 <= which.failures <= permanent
        assert before.state == which.state or not before.permanent
        if type(before.state) is not type(which.state):
            assert which.generation > before.generation


def test_a_counted_failure_keeps_the_generation() -> None:
    """Other tries under way still count after one of them failed."""
    failed = record(POLICY, breaker(CLOSED), ticket=7, outcome=Outcome.FAILURE, now=NOW)
    assert replace(breaker(CLOSED), state=Closed(3)) == failed


@pytest.mark.parametrize(
    ("state", "ticket", "deadline"),
    [
        (HALF_OPEN, 7, 150.0),
        (HalfOpen(5, 170.0), 7, 170.0),
        (HALF_OPEN, 6, 130.0),
    ],
)
def test_a_lease_may_be_extended(
    state: BreakerState, ticket: int, deadline: float
) -> None:
    """Of the try that holds it, and never so that it ends sooner."""
    longer = extend(breaker(state), ticket=ticket, deadline=150.0)
    assert HalfOpen(5, deadline) == longer.state
    assert 7 == longer.generation


@pytest.mark.parametrize("state", [CLOSED, OPEN, PERMANENT])
def test_without_a_lease_there_is_nothing_to_extend(state: BreakerState) -> None:
    """Only HALF_OPEN has one."""
    before = breaker(state)
    assert before is extend(before, ticket=7, deadline=150.0)
