import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.budget import (
    DAY,
    HOUR,
    Budget,
    Limits,
    OverBudget,
    Spent,
    estimate,
    left,
    reserve,
    settle,
)


@given(st.lists(st.tuples(st.floats(0, 3 * DAY), st.integers(0, 300))))
def test_no_hour_and_no_day_has_more_than_its_limit(
    asked: list[tuple[float, int]],
) -> None:
    """Whatever is asked for, whenever."""
    limits, budget = Limits(calls=2, tokens=500), Budget()
    made: list[Spent] = []
    for at, tokens in sorted(asked):
        try:
            budget = reserve(budget, limits, tokens=tokens, now=at)
        except OverBudget:
            continue
        made.append(Spent(at, tokens))
    for one in made:
        until = [other for other in made if other.at <= one.at]
        assert sum(other.at > one.at - HOUR for other in until) <= 2
        assert sum(o.tokens for o in until if o.at > one.at - DAY) <= 500


def test_what_was_really_used_takes_the_place_of_what_was_reserved() -> None:
    """The call stays counted."""
    limits = Limits(calls=2, tokens=500)
    budget = reserve(Budget(), limits, tokens=400, now=10)
    assert (1, 100) == left(budget, limits, 11)
    with pytest.raises(OverBudget, match="400 of 500 tokens"):
        reserve(budget, limits, tokens=101, now=11)
    budget = settle(budget, budget.spent[-1], 150)
    assert (1, 350) == left(budget, limits, 11)
    assert budget == settle(budget, Spent(0, 0), 3)


def test_a_clock_that_goes_back_frees_nothing() -> None:
    """What was spent in what is the future now counts."""
    limits = Limits(calls=1, tokens=500)
    budget = reserve(Budget(), limits, tokens=1, now=2 * DAY)
    with pytest.raises(OverBudget, match="1 of 1 calls"):
        reserve(budget, limits, tokens=1, now=DAY)


def test_an_estimate_is_never_too_low() -> None:
    """A token has more than two bytes; and the answer may be as long as it may be."""
    assert 1050 == estimate(b"x" * 100, 1000)
