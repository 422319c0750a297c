"""A row of bars for the last minutes."""

from collections.abc import Sequence

_FLAT_CPU = 5.0
"""Percent: a peak below this is drawn low, as there is nothing to see."""

_FLAT_MEMORY = 0.1
"""Of itself: less growth than this is drawn low, so that noise looks like no leak."""


def cpu(values: Sequence[float | None], bars: str) -> str:
    """Draw percents, from none to the highest of them."""
    known = [value for value in values if value is not None]
    return _draw(values, bars, 0.0, max(known, default=0.0), at_least=_FLAT_CPU)


def memory(values: Sequence[float | None], bars: str) -> str:
    """Draw bytes, from the lowest to the highest: growth is what tells."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    return _draw(values, bars, low, high, at_least=_FLAT_MEMORY * high)


def _draw(
    values: Sequence[float | None],
    bars: str,
    low: float,
    high: float,
    *,
    at_least: float,
) -> str:
    span = max(high - low, at_least) or 1.0
    top = len(bars) - 1
    return "".join(
        " " if value is None else bars[min(top, int((value - low) / span * len(bars)))]
        for value in values
    )
