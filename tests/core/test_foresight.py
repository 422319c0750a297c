"""Leaks are told well before their limit, and what is harmless is not told.

Run it with ``pytest -s`` for a table of how early each is seen, and how often wrong.
Generated series have a sample each 5 s and a limit of 1000; the recorded ones are the
memory of real processes, sampled each 0.1 s, which here stands for 10 s.
"""

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from selfhealingd.core import foresight
from selfhealingd.core.foresight import (
    BEGIN_AFTER,
    CLEAR,
    END_AFTER,
    HORIZON_SECS,
    Edge,
    Outlook,
)
from selfhealingd.core.history import History
from selfhealingd.core.trend import Forecast, Point, forecast

LIMIT = 1000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SEEDS = range(3)
NOISES = (0.0, 5.0, 20.0)
RECORDED = Path(__file__).with_name("recorded")

Course = Callable[[float], float]


class Told(msgspec.Struct, frozen=True):
    """What was told of one series. ``reached``: when it ran into its limit, if so.

    ``warnings``: from when to when, of each; ``left``: what the first one said.
    """

    reached: float | None
    warnings: tuple[tuple[float, float], ...]
    left: float | None

    @property
    def lead(self) -> float:
        """Minutes from the warning that stood at the end until the limit."""
        assert self.reached is not None
        standing = [
            self.reached - begin
            for begin, end in self.warnings
            if end >= self.reached - MINUTE
        ]
        return standing[0] / MINUTE if standing else 0.0

    @property
    def warned(self) -> float:
        """Minutes in which a warning was in force."""
        return sum(end - begin for begin, end in self.warnings) / MINUTE


def tell(
    series: Sequence[Point], limit: float = LIMIT, reached: float | None = None
) -> Told:
    """Play a series to what the daemon uses, half minute by half minute."""
    history, outlook = History(series[0][0]), CLEAR
    warnings: list[tuple[float, float]] = []
    first: float | None = None
    for at, value in series:
        if not history.add(at, value):
            continue
        outlook, edge = foresight.look(outlook, _found(history, limit))
        if edge is Edge.COMES:
            warnings.append((at, at))
            if first is None and outlook.latest is not None:
                first = outlook.latest.left
        elif outlook.warned:
            warnings[-1] = (warnings[-1][0], at)
    return Told(reached, tuple(warnings), first)


def _found(history: History, limit: float) -> Forecast | None:
    points = history.points()
    if not points or not foresight.worth_a_look(points[-1][1], limit):
        return None
    return forecast(points, limit=limit, before=history.before())


def play(course: Course, hours: float, seed: int, noise: float) -> Told:
    """Tell of what is measured of a course, until it reaches its limit."""
    chance = random.Random(seed)  # noqa: S311 - noise
    ats = [5.0 * number for number in range(int(hours * HOUR / 5))]
    reached = next((at for at in ats if course(at) >= LIMIT), None)
    ats = [at for at in ats if reached is None or at < reached]
    series = [(at, course(at) + chance.gauss(0, noise)) for at in ats]
    return tell(series, reached=reached)


def leak(minutes: float, *, after: float = 0, base: float = 200) -> Course:
    def course(at: float) -> float:
        return base + max(0.0, at - after) * (LIMIT - base) / (minutes * MINUTE)

    return course


def stairs(at: float) -> float:
    """A leak of one job each five minutes."""
    return leak(60)(at - at % 300)


def sawtooth(period: float, low: float, high: float, rise: float = 0.0) -> Course:
    return lambda at: low + rise * at / HOUR + (high - low) * (at % period) / period


def warming(at: float) -> float:
    """It fills what it needs, and then leaks."""
    leaked = max(0.0, at - 20 * MINUTE) * 500 / (90 * MINUTE)
    return min(500.0, 200 + 300 * at / (20 * MINUTE)) + leaked


def cache(minutes: float, base: float, top: float) -> Course:
    """What is found in it more and more often is added less and less."""
    return lambda at: top - (top - base) * math.exp(-at / (minutes * MINUTE))


def evenly(minutes: float, base: float, top: float) -> Course:
    return lambda at: min(top, base + (top - base) * at / (minutes * MINUTE))


def daily(at: float) -> float:
    return 625 - 325 * math.cos(2 * math.pi * at / DAY)


def step(at: float) -> float:
    """Two hours after its start it is told to hold twice as much."""
    return 400.0 if at < 2 * HOUR else min(850.0, 400 + 450 * (at - 2 * HOUR) / MINUTE)


LEAKS: dict[str, tuple[Course, float, float]] = {
    # name: course, hours, the least lead in minutes
    "leak, one hour to its limit": (leak(60), 1.2, 10),
    "the same, after two calm hours": (leak(60, after=2 * HOUR), 3.2, 10),
    "leak, half an hour": (leak(30, after=HOUR, base=500), 2, 7),
    "leak, 20 minutes": (leak(20, after=HOUR), 1.5, 3),
    "leak, six hours": (leak(360), 6.2, 25),
    # Slow and noisy at once hides it: an hour's rise is three times the noise then.
    "leak, twelve hours": (leak(720), 12.5, 0.5),
    "leak under a sawtooth of 10 min": (sawtooth(600, 300, 500, 250), 2.5, 15),
    "leak under a sawtooth of 5 min": (sawtooth(300, 300, 400, 600), 1.3, 10),
    "leak in steps of 5 min": (stairs, 1.2, 8),
    "warming up, then a leak": (warming, 2, 20),
}
HARMLESS: dict[str, tuple[Course, float]] = {
    "steady at 85 %": (lambda _at: 850.0, 6),
    "sawtooth of 10 min, up to 90 %": (sawtooth(600, 600, 900), 6),
    "sawtooth of 3 min, up to 95 %": (sawtooth(180, 500, 950), 4),
    "sawtooth of 30 min, up to 74 %": (sawtooth(1800, 300, 740), 6),
    "cache that fills to 85 %": (cache(20, 100, 850), 4),
    "cache that fills slowly to 90 %": (cache(40, 100, 900), 6),
    "cache that fills quickly to 90 %": (cache(10, 100, 900), 4),
    "cache that fills evenly to 70 %": (evenly(40, 100, 700), 3),
    "daily rhythm, up to 95 %": (daily, 48),
    "step after a deploy, to 85 %": (step, 5),
}
LOOKS_LIKE_ONE: dict[str, tuple[Course, float, float]] = {
    # name: course, hours, the most minutes that it may be told
    "first tooth of 30 min, up to 90 %": (sawtooth(1800, 300, 900), 6, 12),
    "first tooth of 2 h, up to 90 %": (sawtooth(7200, 300, 900), 12, 35),
    "cache that fills evenly to 90 %": (evenly(40, 100, 900), 3, 20),
}


def told(course: Course, hours: float) -> Iterator[tuple[float, Told]]:
    for noise in NOISES:
        for seed in SEEDS if noise else [0]:
            yield noise, play(course, hours, seed, noise)


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_told_in_time(name: str) -> None:
    """Early enough for a person to look, or for a restart that hurts nobody."""
    course, hours, least = LEAKS[name]
    leads: dict[float, float] = {}
    for noise, one in told(course, hours):
        leads[noise] = min(one.lead, leads.get(noise, math.inf))
    say(f"{name}: told {_all(leads)} min before its limit")
    assert least <= min(leads.values())


def say(words: str) -> None:
    """Write a line of the table."""
    sys.stdout.write(f"\n{words}")


def _all(numbers: dict[float, float]) -> str:
    return ", ".join(
        f"{value:.0f} (noise {noise / 10:g} %)" for noise, value in numbers.items()
    )


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_is_not_told(name: str) -> None:
    """Not once, however noisy it is."""
    course, hours = HARMLESS[name]
    wrong = [one.warned for _, one in told(course, hours)]
    say(f"{name}: told wrongly for {sum(wrong):g} min")
    assert 0 == sum(wrong)


@pytest.mark.parametrize("name", LOOKS_LIKE_ONE)
def test_what_looks_like_a_leak_is_told_once(name: str) -> None:
    """Until it turns, nobody could know; then it is taken back, and not told again."""
    course, hours, most = LOOKS_LIKE_ONE[name]
    warned = [one.warned for _, one in told(course, hours)]
    say(f"{name}: told wrongly for at most {max(warned):g} min")
    assert max(warned) <= most


def recorded(name: str) -> list[Point]:
    lines = (RECORDED / f"{name}.txt").read_text().split()
    return [(10.0 * number, float(kib)) for number, kib in enumerate(lines)]


def test_a_recorded_leak_is_told() -> None:
    """Of a real process that keeps some of each request."""
    series = recorded("leak")
    limit = series[-1][1] * 0.98
    reached = next(at for at, value in series if value >= limit)
    series = [(at, value) for at, value in series if at < reached]
    found = tell(series, limit, reached)
    say(f"recorded leak: told {found.lead:.0f} min before its limit")
    assert 10 <= found.lead


@pytest.mark.parametrize("name", ["cache", "sawtooth", "noise"])
def test_what_was_recorded_and_is_harmless(name: str) -> None:
    """A cache that fills, garbage collected now and then, and plain work."""
    series = recorded(name)
    highest = max(value for _, value in series)
    for share in (1.1, 1.2, 1.3):
        found = tell(series, highest * share)
        say(f"recorded {name}: told wrongly for {found.warned:g} min")
        assert () == found.warnings


def test_the_time_left_is_about_right() -> None:
    """What is said first is no more than a third off."""
    for course, hours in ((leak(60), 1.2), (leak(360), 6.2), (leak(60, after=7200), 4)):
        found = play(course, hours, 1, 5.0)
        assert found.left is not None
        assert found.lead * MINUTE * 2 / 3 <= found.left <= found.lead * MINUTE * 4 / 3


FOUND = Forecast(
    value=900,
    limit=1000,
    slope=0.1,
    left=1000,
    earliest=900,
    latest=1100,
    confidence=1,
)


def test_one_forecast_is_none() -> None:
    """So many have to agree, to begin and to end; one that differs begins anew."""
    outlook, edges = CLEAR, []
    for found in (FOUND, FOUND, None, *[FOUND] * BEGIN_AFTER):
        outlook, edge = foresight.look(outlook, found)
        edges.append(edge)
    assert [*[Edge.SAME] * (2 + BEGIN_AFTER), Edge.COMES] == edges
    edges.clear()
    for found in (None, FOUND, *[None] * END_AFTER):
        assert FOUND == outlook.latest
        outlook, edge = foresight.look(outlook, found)
        edges.append(edge)
    assert [*[Edge.SAME] * (1 + END_AFTER), Edge.GOES] == edges
    assert CLEAR == outlook


def test_what_is_far_is_not_told() -> None:
    """A limit beyond the horizon is not near, however sure it is."""
    far = msgspec.structs.replace(FOUND, left=HORIZON_SECS + 1)
    assert (CLEAR, Edge.SAME) == foresight.look(CLEAR, far)
    once, _ = foresight.look(CLEAR, far, pace=2)
    assert Outlook(row=1) == once


@pytest.mark.parametrize(
    ("left", "named", "now", "acts"),
    [
        (1000, False, True, False),
        (800, False, True, True),
        (1000, True, True, True),
        (800, True, False, False),
    ],
)
def test_when_to_act(left: float, *, named: bool, now: bool, acts: bool) -> None:
    """In quiet hours, where there are any; else only at the last."""
    found = msgspec.structs.replace(FOUND, left=left)
    assert acts is foresight.due(found, quiet_named=named, quiet_now=now)
