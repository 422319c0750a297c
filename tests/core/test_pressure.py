"""How far timeouts stretch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.pressure import MOST, stretch


@pytest.mark.parametrize(
    ("pressure", "factor"),
    [(None, 1), (0, 1), (0.2, 1), (0.5, 2.5), (0.8, 4), (1, 4)],
)
def test_stretch(pressure: float | None, factor: float) -> None:
    """Not at all on a calm host, and where nothing is known; then more and more."""
    assert pytest.approx(factor) == stretch(pressure)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_pressure_never_shortens(one: float, other: float) -> None:
    """Nor does it stretch without end."""
    less, more = sorted((one, other))
    assert 1 <= stretch(less) <= stretch(more) <= MOST
