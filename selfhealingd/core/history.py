"""What one value of one run was, for as long as a forecast needs to know it.

Of each half minute the lowest counts: a spike is not a level. After an hour, of each
ten minutes the highest but one of these, for a day.
"""

from collections import deque
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

    __slots__ = ("_began", "_blocks", "_bucket", "_leaving", "_low", "_pace", "_points")

    def __init__(self, began: float, *, pace: float = 1.0) -> None:
        self._began = began
        self._pace = pace
        self._points: deque[Point] = deque()
        self._leaving: list[float] = []
        self._blocks: deque[float] = deque(maxlen=BLOCKS)
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

    def points(self) -> list[Point]:
        """The latest, oldest first, without the run's warm-up."""
        return [point for point in self._points if point[0] >= self._warm]

    def before(self) -> list[float]:
        """Where it was before that, each value for as long as any other."""
        return list(self._before())

    def _before(self) -> Iterator[float]:
        for block in self._blocks:
            yield from (block,) * BLOCK
        yield from self._leaving
        yield from (value for at, value in self._points if at < self._warm)

    @property
    def _warm(self) -> float:
        return self._began + WARM_UP_SECS * self._pace

    def _keep(self, point: Point) -> None:
        self._points.append(point)
        if len(self._points) <= BUCKETS:
            return
        self._leaving.append(self._points.popleft()[1])
        if len(self._leaving) == BLOCK:
            self._blocks.append(sorted(self._leaving)[-2])
            self._leaving.clear()

    def _forget(self) -> None:
        self._points.clear()
        self._leaving.clear()
        self._blocks.clear()
