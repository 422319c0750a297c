from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.budget import (
    DAY,
    HOUR,
    Budget,
    Limits,
    OverBudget,
    Prices,
    Spent,
    Usage,
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
    found = left(budget, limits, 11)
    assert (1, 100) == (found.calls, found.tokens)
    with pytest.raises(OverBudget, match="400 of 500 tokens"):
        reserve(budget, limits, tokens=101, now=11)
    budget = settle(budget, budget.spent[-1], tokens=150)
    found = left(budget, limits, 11)
    assert (1, 350) == (found.calls, found.tokens)
    assert budget == settle(budget, Spent(0, 0), tokens=3)


def test_a_clock_that_goes_back_frees_nothing() -> None:
    """What was spent in what is the future now counts."""
    limits = Limits(calls=1, tokens=500)
    budget = reserve(Budget(), limits, tokens=1, now=2 * DAY)
    with pytest.raises(OverBudget, match="1 of 1 calls"):
        reserve(budget, limits, tokens=1, now=DAY)


def test_an_estimate_is_never_too_low() -> None:
    """A token has more than two bytes; and the answer may be as long as it may be."""
    assert Usage(input=50, output=1000) == estimate(b"x" * 100, 1000)


def test_a_call_costs_what_its_tokens_do() -> None:
    """By the million, those of the answer by their own price."""
    assert 0.0035 == Prices(input=1.0, output=5.0).cost(Usage(input=1000, output=500))


def test_costs_are_kept_by_day_and_by_month() -> None:
    """What a call may cost counts until it is known what it did; a limit holds."""
    limits = Limits(calls=9, tokens=5000, cost=1.0)
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
    budget = reserve(Budget(), limits, tokens=1, now=noon, cost=0.8)
    with pytest.raises(OverBudget, match=r"0\.8 of 1 for this day is spent.*0\.3"):
        reserve(budget, limits, tokens=1, now=noon + 1, cost=0.3)
    budget = settle(budget, budget.spent[-1], tokens=1, cost=0.5)
    budget = reserve(budget, limits, tokens=1, now=noon + DAY / 2, cost=0.25)
    assert {"2026-11": 0.5, "2026-12": 0.25} == budget.costs
    found = left(budget, limits, noon + DAY)
    assert (0.25, 0.25) == (found.cost_today, found.cost_this_month)
    assert budget == msgspec.json.decode(msgspec.json.encode(budget), type=Budget)


def test_what_was_kept_before_there_were_costs_is_read() -> None:
    """An upgrade gives nothing back."""
    found = msgspec.json.decode(b'{"spent":[{"at":1.5,"tokens":7}]}', type=Budget)
    assert Budget((Spent(1.5, 7),)) == found


def test_no_more_than_a_year_is_kept() -> None:
    """The oldest month goes."""
    budget, limits = Budget(), Limits()
    for month in range(1, 15):
        at = datetime(2026 + month // 13, (month - 1) % 12 + 1, 2, tzinfo=UTC)
        budget = reserve(budget, limits, tokens=1, now=at.timestamp(), cost=1.0)
    assert 12 == len(budget.costs)
    assert "2026-03" == min(budget.costs)
