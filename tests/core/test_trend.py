"""Slopes are robust, and a climb is one only if it goes on and leads somewhere new."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core import trend
from selfhealingd.core.trend import LEAST, POINTS, Point, forecast, lows, slope_of

NUMBERS = st.floats(-1e6, 1e6)


def line(slope: float, number: int = 40, base: float = 0.0) -> list[Point]:
    return [(30.0 * n, base + slope * 30 * n) for n in range(number)]


@given(st.floats(-100, 100), NUMBERS)
def test_the_slope_of_a_line(slope: float, base: float) -> None:
    """It is that of the line, and the interval holds it."""
    found = slope_of(line(slope, base=base))
    assert found is not None
    assert math.isclose(slope, found.median, abs_tol=1e-6)
    assert found.low <= found.median <= found.high


def test_outliers_do_not_matter() -> None:
    """A quarter of wild values leaves the slope almost as it is."""
    points = [
        (at, value + (500 if n % 4 == 0 else 0))
        for n, (at, value) in enumerate(line(0.5, 41))
    ]
    found = slope_of(points)
    assert found is not None
    assert abs(found.median - 0.5) < 0.1


def test_tau() -> None:
    """It is 1 for what only rises, -1 for what only falls, 0 for what stays."""
    taus = [slope_of(line(slope)) for slope in (1, -1, 0)]
    assert [1, -1, 0] == [found.tau for found in taus if found is not None]


def test_too_little_to_tell() -> None:
    """Two points are no trend, nor are many at one time."""
    assert slope_of(line(1, 2)) is None
    assert slope_of([(1.0, n) for n in range(20)]) is None


@given(st.lists(st.tuples(st.floats(0, 1e6), NUMBERS), max_size=60), st.floats(0, 1e7))
def test_any_series(points: list[Point], limit: float) -> None:
    """Whatever was measured, the answer is a time that is not negative, or none."""
    found = forecast(sorted(points), limit=limit)
    if found is not None:
        assert 0 <= found.earliest <= found.left <= found.latest
        assert trend.SURE <= found.confidence <= 1


def climb(**keys: object) -> trend.Forecast | None:
    given = {"points": line(0.5, 121, base=100), "limit": 2500.0, **keys}
    return forecast(**given)  # type: ignore[arg-type]


def test_an_even_climb() -> None:
    """What is left is the rest at that pace."""
    found = climb()
    assert found is not None
    assert abs(found.left - (2500 - 1900) / 0.5) < 60


@pytest.mark.parametrize(
    "why",
    [
        {"limit": 0.0},
        {"points": line(0.5, LEAST - 1)},
        {"points": line(-0.5, 121, base=3000)},
        {"points": line(0.0, 121, base=2400)},
        {"before": [2000.0] * 40},
    ],
    ids=["no limit", "too short", "it falls", "it stays", "it has been there"],
)
def test_no_climb(why: dict[str, object]) -> None:
    """Without a limit, a rise, or new ground, there is nothing to tell."""
    assert climb(**why) is None


def test_one_spike_is_not_where_it_has_been() -> None:
    """What was reached for a moment once is new ground still."""
    assert climb(before=[2400.0] + [100.0] * 99) is not None


def test_what_slows_down_takes_longer() -> None:
    """A climb that still gets there, but ever more slowly, is given its time."""
    bent = [(at, 2600 * (1 - math.exp(-at / 5000))) for at, _ in line(0, 121)]
    even, slow = climb(), forecast(bent, limit=1600)
    assert even is not None
    assert slow is not None
    due = -5000 * math.log(1 - 1600 / 2600) - bent[-1][0]
    assert abs(slow.left - due) < 0.35 * due


def test_what_bends_is_not_told_to_the_second() -> None:
    """The interval holds what comes if it goes on as in any quarter of what was."""
    bent = [(at, 2600 * (1 - math.exp(-at / 5000))) for at, _ in line(0, 121)]
    slow = forecast(bent, limit=1600)
    assert slow is not None
    due = -5000 * math.log(1 - 1600 / 2600) - bent[-1][0]
    assert slow.earliest < due < slow.latest
    even = climb()
    assert even is not None
    assert even.earliest <= 0.9 * even.left
    assert even.latest >= 1.1 * even.left


def test_what_is_left_from_a_newer_value_on() -> None:
    """By the same pace; where lows tell, its highs are what counts."""
    even = climb()
    assert even is not None
    later = even.seen_from(2200)
    assert later.left == pytest.approx(300 / later.slope)
    assert later.earliest < later.left < later.latest
    assert 0 == even.seen_from(2600).left
    teeth = msgspec.structs.replace(even, by_lows=True)
    assert teeth.left == teeth.seen_from(100).left


def test_what_levels_off_never_gets_there() -> None:
    """Each half adds less; all that is to come stays below the limit."""
    bent = [(at, 1000 * (1 - math.exp(-at / 1000))) for at, _ in line(0, 121)]
    assert forecast(bent, limit=1100) is None


def test_lows() -> None:
    """Each turn upwards counts, once it has risen by as much as it had to fall."""
    values = [0, 5, 10, 4, 2, 6, 12, 11, 12, 3, 9, 8, 1]
    points = [(float(n), float(v)) for n, v in enumerate(values)]
    assert [(4.0, 2.0), (9.0, 3.0)] == list(lows(points, 4))
    assert [] == list(lows([], 1))
    assert [] == list(lows(line(1), 1))


@given(st.integers(1, 500))
def test_thinning(number: int) -> None:
    """At most so many points, from the first time to the last, still in order."""
    points = line(1, number)
    thin = trend.thinned(points)
    assert min(number, POINTS) >= len(thin) > 0
    assert sorted(thin) == thin
    assert points[0][0] <= thin[0][0]
    assert thin[-1][0] <= points[-1][0]
