"""Whether a measured value will run into its limit, and when: told late, not wrongly.

A trend alone raises false alarms, so a value has to be near a limit, to climb into what
it has not been at before, and to climb at an even pace: what levels off, what comes
back down, and what rose once and stays does none of that. What only falls back in part
(a garbage collector's sawtooth over a leak) is judged by its lows.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from statistics import median
from typing import TypeAlias

import msgspec

Point: TypeAlias = tuple[float, float]
"""Time in seconds, and value."""

SPANS = (600.0, 1200.0, 2400.0, 3600.0)
"""Seconds over which a climb is looked for, so that it may begin at any time."""

POINTS = 40
"""So many points tell as much as all of them, at a fraction of the pairs."""

LEAST = 16
"""Fewer points tell nothing."""

QUARTERS = 4
EVEN = 0.5
"""Each quarter of a climb makes at least this share of a quarter of it."""

SURE = 0.7
"""Kendall's tau from which on it counts as a climb: 85 % of all pairs go up."""

NEW = 0.01
"""So much above where it has been before (a share of the limit) is new ground."""

RARE = 0.98
"""Where it was for less than a fiftieth of its time, it has not been before."""

DEEP = 0.1
"""A fall by this share of the limit is a low, not noise."""

LOWS = 4
"""So many lows tell where they go."""

ROUGH = 0.1
"""No time is known better than by this share: what was even may not be so later."""

SLOWER = 0.9
"""The second half of a climb may be this much slower and still be taken for even."""


class Slope(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a value grows a second, by the median of all pairs of points.

    ``low`` and ``high`` hold the true one in 95 of 100 cases; ``tau``: how many more of
    the pairs rise than fall, as a share of all.
    """

    median: float
    low: float
    high: float
    tau: float


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What will become of a value.

    ``left``: seconds until it reaches its limit, by ``slope``, what it grows a second
    on its way there: ``earliest`` where it goes on as in the fastest quarter of what
    was seen, ``latest`` as in the slowest. ``confidence``: 0 to 1, Kendall's tau.
    ``by_lows``: ``value`` is not where it is, but how high it has been of late.
    """

    value: float
    limit: float
    slope: float
    left: float
    earliest: float
    latest: float
    confidence: float
    by_lows: bool = False

    def seen_from(self, value: float) -> "Forecast":
        """Return what is left from a newer value on, if it grows as was found."""
        level = max(value, self.value) if self.by_lows else value
        before, rest = self.limit - self.value, max(self.limit - level, 0.0)
        share = rest / before if before > 0 else 0.0
        return msgspec.structs.replace(
            self,
            value=level,
            left=rest / self.slope,
            earliest=self.earliest * share,
            latest=self.latest * share,
        )


def slope_of(points: Sequence[Point]) -> Slope | None:
    """Return the Theil-Sen slope; None with fewer than three times.

    Theil 1950 and Sen 1968 ("Estimates of the regression coefficient based on Kendall's
    tau"), with Sen's interval, which takes tau to be normally distributed.
    """
    pairs = [
        (later - earlier) / (b - a)
        for (a, earlier), (b, later) in combinations(points, 2)
        if b > a
    ]
    number = len(points)
    if len(pairs) < LOWS - 1:
        return None
    pairs.sort()
    up, down = sum(s > 0 for s in pairs), sum(s < 0 for s in pairs)
    spread = 1.96 * math.sqrt(number * (number - 1) * (2 * number + 5) / 18)
    first = max(0, round((len(pairs) - spread) / 2))
    last = min(len(pairs) - 1, round((len(pairs) + spread) / 2))
    return Slope(
        median=median(pairs),
        low=pairs[first],
        high=pairs[last],
        tau=(up - down) / len(pairs),
    )


def forecast(
    points: Sequence[Point],
    *,
    limit: float,
    before: Sequence[float] = (),
    pace: float = 1.0,
) -> Forecast | None:
    """Say when a value reaches its limit; None where nothing says that it will.

    ``pace``: how many times as long as ``SPANS`` is looked at, for what moves slowly.
    ``points`` are of one run, its warm-up left out, oldest first. ``before``: values of
    older times of that run, its warm-up included, each for as long as any other.
    """
    if limit <= 0 or len(points) < LEAST:
        return None
    by_lows = _by_lows(points, limit, before)
    return by_lows or _by_climb(points, limit, before, pace)


def _by_climb(
    points: Sequence[Point], limit: float, before: Sequence[float], pace: float
) -> Forecast | None:
    """Look for an even climb into new ground, over the longest span that has one."""
    now, value = points[-1]
    for span in reversed(SPANS):
        begin = now - span * pace
        if points[0][0] > begin + span * pace / 10:
            continue
        climb = [point for point in points if point[0] >= begin]
        earlier = [v for at, v in points if at < begin]
        if len(climb) < LEAST:
            continue
        known = _known([*before, *earlier])
        if value <= known + NEW * limit:
            continue
        climb = thinned(climb)
        slope = slope_of(climb)
        if slope is None or slope.tau < SURE or slope.low <= 0:
            continue
        rises, top = _rises(climb), _level(climb, slope, now)
        slower = _slowing(rises, rest=limit - top)
        if slower is None and rises[-1] < SLOWER * rises[-2]:
            return None  # a shorter look at it would only see less of the bend
        if slower is not None and min(rises) >= EVEN * sum(rises) / QUARTERS:
            return _forecast(top, limit, _honest(slope, climb, rises), slower)
    return None


def _level(climb: Sequence[Point], slope: Slope, now: float) -> float:
    """Where it is now, by what its last quarter says."""
    quarter = climb[-(len(climb) // QUARTERS) :]
    return median(v + slope.median * (now - at) for at, v in quarter)


def _slowing(rises: Sequence[float], *, rest: float) -> float | None:
    """How many times as long as at an even pace the rest takes; None: for ever.

    Where each half of a climb adds ``ratio`` times what the one before it did, so will
    the ones to come, and all together come to ``late * ratio / (1 - ratio)``.
    """
    early, late = sum(rises[: QUARTERS // 2]), sum(rises[QUARTERS // 2 :])
    if late >= SLOWER * early or rest <= 0:
        return 1.0
    if late <= 0:
        return None
    ratio = late / early
    share = rest * (1 - ratio) / (late * ratio)
    if share >= 1:
        return None
    halves = math.log(1 - share) / math.log(ratio)
    return halves * (early + late) / 2 / rest


def _by_lows(
    points: Sequence[Point], limit: float, before: Sequence[float]
) -> Forecast | None:
    """Judge what comes back down by where it comes back to."""
    found = list(lows(points, DEEP * limit))
    if len(found) < LOWS:
        return None
    slope = slope_of(found)
    if slope is None or slope.tau < SURE or slope.low <= 0:
        return None
    # Its highs will be the first to touch the limit.
    high = max(v for _, v in points[-(len(points) // 3) :])
    if high <= _known(before) + NEW * limit:
        return None
    return msgspec.structs.replace(_forecast(high, limit, slope), by_lows=True)


def _honest(slope: Slope, climb: Sequence[Point], rises: Sequence[float]) -> Slope:
    """Take in how unlike its quarters are: Sen's interval only knows of noise."""
    secs = (climb[-1][0] - climb[0][0]) / QUARTERS
    return msgspec.structs.replace(
        slope,
        low=min(slope.low, min(rises) / secs),
        high=max(slope.high, max(rises) / secs),
    )


def _forecast(
    value: float, limit: float, slope: Slope, slower: float = 1.0
) -> Forecast:
    rest = max(limit - value, 0.0) * slower
    left = rest / slope.median
    return Forecast(
        value=value,
        limit=limit,
        slope=slope.median / slower,
        left=left,
        earliest=min(rest / slope.high, left * (1 - ROUGH)),
        latest=max(rest / slope.low, left * (1 + ROUGH)),
        confidence=slope.tau,
    )


def _known(values: Sequence[float]) -> float:
    """Where it has been, but for what it reached now and then."""
    if not values:
        return -math.inf
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(RARE * len(ordered)))]


def _rises(climb: Sequence[Point]) -> list[float]:
    """By how much each quarter rises, from and to the middle of what is around."""
    last = len(climb) - 1
    marks = [round(last * n / QUARTERS) for n in range(QUARTERS + 1)]
    near = max(1, len(climb) // (QUARTERS * 4))
    levels = [
        median(v for _, v in climb[max(0, at - near) : at + near + 1]) for at in marks
    ]
    return [b - a for a, b in pairwise(levels)]


def thinned(points: Sequence[Point]) -> list[Point]:
    """Return at most ``POINTS`` points that stand for all: medians of neighbours."""
    size = -(-len(points) // POINTS)
    if size == 1:
        return list(points)
    # From the end, so that the latest ones are always a full group.
    groups = [points[max(0, end - size) : end] for end in range(len(points), 0, -size)]
    return [
        (median(at for at, _ in group), median(v for _, v in group))
        for group in reversed(groups)
    ]


def lows(points: Sequence[Point], depth: float) -> Iterator[Point]:
    """Yield where a value turned up again after it fell by at least ``depth``.

    The last one only counts once it has risen by as much: until then it may fall on.
    """
    if not points:
        return
    high = low = points[0]
    falling = False
    for point in points:
        if falling:
            if point[1] < low[1]:
                low = point
            elif point[1] >= low[1] + depth:
                yield low
                falling, high = False, point
        elif point[1] > high[1]:
            high = point
        elif point[1] <= high[1] - depth:
            falling, low = True, point
