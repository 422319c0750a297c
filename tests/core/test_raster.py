import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.raster import Raster, raster

times = st.floats(0, 1e7)
intervals = st.floats(0.1, 600)


@pytest.mark.parametrize(
    ("points", "step", "number"),
    [
        (60, 10, 60),
        (61, 10, 60),
        (1000, 10, 60),
        (40, 15, 40),
        (50, 15, 40),
        (1, 600, 1),
    ],
)
def test_all_samples_in_so_many_points_at_most(
    points: int, step: float, number: int
) -> None:
    """Each point spans as many sweeps, and two at least."""
    spans = raster(1000.0, interval=5.0, kept=120, points=points)
    assert (step, number) == (spans.step, spans.points)


@given(times, intervals, st.integers(1, 200))
def test_the_last_point_is_of_now(now: float, interval: float, points: int) -> None:
    """However many there are, and whatever the clock says."""
    spans = raster(now, interval=interval, kept=120, points=points)
    assert 1 <= spans.points <= points
    *_, last = spans.starts()
    assert last <= now * (1 + 1e-9)
    assert now < last + spans.step * (1 + 1e-9)
    assert 1.0 == spans.highest([(now, 1.0)])[-1]


@given(times, st.floats(0, 5))
def test_points_stand_still(now: float, later: float) -> None:
    """What is asked for a little later has the same points, moved by whole ones."""
    first = raster(now, interval=5.0, kept=120, points=60)
    second = raster(now + later, interval=5.0, kept=120, points=60)
    assert second.first - first.first in (0, 1)
    assert first.step == second.step


def test_the_highest_of_each_span_counts() -> None:
    """What lies outside is left out; a span without a value has none."""
    spans = Raster(step=10.0, first=2, points=4)
    values = [
        (19.9, 9.0),
        (20.0, 1.0),
        (29.0, 3.0),
        (25.0, 2.0),
        (59.9, 4.0),
        (60.0, 9.0),
    ]
    assert [3.0, None, None, 4.0] == spans.highest(values)
    assert [20.0, 30.0, 40.0, 50.0] == spans.starts()
