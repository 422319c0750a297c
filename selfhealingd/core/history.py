"""What one value of one run was, for as long as a forecast needs to know it.

Of each half minute the lowest counts: a spike is not a level. After an hour, of each
ten minutes the highest but one of these, for a day.
"""

import math
from array import array
from collections.abc import Iterator

from selfhealingd.core.trend import Point

BUCKET_SECS = 30.0
BUCKETS = 120
BLOCK = 20
"""Buckets in a block."""

BLOCKS = 144

WARM_UP_SECS = 300.0
"""What a run does first is no trend."""

GAP = 10
"""Buckets without a value, after which what was before says nothing of now."""


class History:
    """Takes values in the order of their times. ``began``: when the run did.

    ``pace``: how many times as long everything takes here, for what moves slowly.
    """

    # Arrays: with a thousand services, objects for each number would take 20 MiB.
    __slots__ = (
        "_ats",
        "_began",
        "_blocks",
        "_bucket",
        "_leaving",
        "_low",
        "_pace",
        "_values",
    )

    def __init__(self, began: float, *, pace: float = 1.0) -> None:
        self._began = began
        self._pace = pace
        self._ats = array("d")
        self._values = array("d")
        self._leaving = array("d")
        self._blocks = array("d")
        self._bucket = 0
        self._low: Point | None = None

    def add(self, at: float, value: float) -> bool:
        """Take in what was measured; returns whether ``points`` have one more."""
        bucket = int(at // (BUCKET_SECS * self._pace))
        if self._low is None or bucket == self._bucket:
            self._bucket = bucket
            if self._low is None or value < self._low[1]:
                self._low = (at, value)
            return False
        done, self._low = self._low, (at, value)
        missed, self._bucket = bucket - self._bucket, bucket
        if missed > GAP:
            self._forget()
            return False
        self._keep(done)
        return True

    @property
    def latest(self) -> float:
        """The latest value of ``points``, or what there is before the first; NaN."""
        if self._values:
            return self._values[-1]
        return math.nan if self._low is None else self._low[1]

    @property
    def looked(self) -> float:
        """Seconds that ``points`` span."""
        points = self.points()
        return points[-1][0] - points[0][0] if points else 0.0

    def points(self) -> list[Point]:
        """The latest, oldest first, without the run's warm-up."""
        return [point for point in self._all() if point[0] >= self._warm]

    def before(self) -> list[float]:
        """Where it was before that, each value for as long as any other."""
        return list(self._before())

    def _before(self) -> Iterator[float]:
        for block in self._blocks:
            yield from (block,) * BLOCK
        yield from self._leaving
        yield from (value for at, value in self._all() if at < self._warm)

    def _all(self) -> Iterator[Point]:
        return zip(self._ats, self._values, strict=True)

    @property
    def _warm(self) -> float:
        return self._began + WARM_UP_SECS * self._pace

    def _keep(self, point: Point) -> None:
        self._ats.append(point[0])
        self._values.append(point[1])
        if len(self._ats) <= BUCKETS:
            return
        del self._ats[0]
        self._leaving.append(self._values.pop(0))
        if len(self._leaving) == BLOCK:
            self._blocks.append(sorted(self._leaving)[-2])
            del self._leaving[:]
            del self._blocks[:-BLOCKS]

    def _forget(self) -> None:
        for numbers in (self._ats, self._values, self._leaving, self._blocks):
            del numbers[:]
