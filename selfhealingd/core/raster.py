"""Samples as a few points at even distances, for a line of a few columns.

The points stand still on the clock: what is drawn twice does not flicker in between.
"""

import math
from collections.abc import Iterable

import msgspec

LEAST = 2
"""Sweeps that a point spans at least: a sweep comes a little before or after its time,
so that some spans of one sweep would have none."""


class Raster(msgspec.Struct, frozen=True):
    """``points`` spans of ``step`` seconds each, the first one the ``first`` at all."""

    step: float
    first: int
    points: int

    def starts(self) -> list[float]:
        """When each span begins, oldest first."""
        return [(self.first + number) * self.step for number in range(self.points)]

    def highest(self, values: Iterable[tuple[float, float]]) -> list[float | None]:
        """Return the highest of ``(time, value)`` in each span; None where none is.

        Not their mean: a spike is what somebody looks for.
        """
        found: list[float | None] = [None] * self.points
        for at, value in values:
            number = int(at // self.step) - self.first
            if 0 <= number < self.points:
                before = found[number]
                found[number] = value if before is None else max(before, value)
        return found


def raster(now: float, *, interval: float, kept: int, points: int) -> Raster:
    """Return at most ``points`` spans up to ``now``, for ``kept`` samples.

    ``interval``: seconds between two samples. Every span is of as many intervals.
    """
    each = max(LEAST, math.ceil(kept / points))
    step = interval * each
    number = math.ceil(kept / each)
    return Raster(step, int(now // step) - number + 1, number)
