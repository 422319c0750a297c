"""One rule over time: what is told, and what a span counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from selfhealingd.core.remedy import Hold
from selfhealingd.core.rules.course import Course, Starts, count, forget, look
from selfhealingd.core.rules.grammar import rule
from selfhealingd.core.rules.hysteresis import Verdict
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import Metric, Sample

MIB = 1024.0**2


def of(when: str, clear: str | None = None) -> Rule:
    return rule(when, clear, Scope.SERVICE)


def memory(at: float, mib: float | None, limit: float | None = None) -> Sample:
    values = {} if mib is None else {Metric.MEMORY: mib * MIB}
    limits = {} if limit is None else {Metric.MEMORY: limit * MIB}
    return Sample(at=at, run=1, values=values, limits=limits)


def test_it_says_what_was_measured_while_it_is_met() -> None:
    """In units that people read, from the edge on, and not after it."""
    course = Course(rule=of("memory > 500MiB for 2 samples", "memory < 100MiB"))
    told = []
    for at, mib in enumerate([600, None, 612.3, 700, 99]):
        course, verdict = look(course, memory(at, mib), cores=1)
        told.append((verdict, course.met, course.words))
    words = "memory: 612 MiB (memory > 500MiB for 2 samples)"
    assert [
        (Verdict.SAME, False, ""),
        (Verdict.SAME, False, ""),
        (Verdict.SICKENED, True, words),
        (Verdict.SAME, True, words),
        (Verdict.RECOVERED, False, ""),
    ] == told


def test_it_says_what_is_only_pretended() -> None:
    """By a drill: it counts as measured, and nobody takes it for that."""
    course = Course(rule=of("memory > 500MiB", "memory < 100MiB"))
    leaking = replace(memory(0, 90), pretended={Metric.MEMORY: 411 * MIB})
    course, verdict = look(course, leaking, cores=1)
    said = "memory: 501 MiB (memory > 500MiB), of which a drill only pretends 411 MiB"
    assert (Verdict.SICKENED, said) == (verdict, course.words)
    course, verdict = look(course, leaking, cores=1)
    assert (Verdict.SAME, said) == (verdict, course.words)
    assert Verdict.RECOVERED is look(course, memory(1, 90), cores=1)[1]
    fds = replace(leaking, values={Metric.FDS: 9.0})
    [found, _] = look(Course(rule=of("fds > 5")), fds, cores=1)
    assert "open files: 9 (fds > 5)" == found.words


def test_a_share_without_its_whole_is_unknown() -> None:
    """So it counts neither for the rule nor against it."""
    course = Course(rule=of("memory > 50% of limit for 2 samples"))
    verdicts = []
    for at, limit in enumerate([100, None, 100]):
        course, verdict = look(course, memory(at, 60, limit), cores=1)
        verdicts.append(verdict)
    assert [Verdict.SAME, Verdict.SAME, Verdict.SICKENED] == verdicts


def test_after_a_long_rest_it_begins_anew() -> None:
    """What is met stays so; what it takes to change that counts from now on."""
    course = Course(rule=of("memory > 500MiB for 2 samples"))
    course, _ = look(course, memory(0, 600), cores=1)
    course, verdict = look(forget(course), memory(1, 600), cores=1)
    assert Verdict.SAME is verdict
    course, verdict = look(course, memory(2, 600), cores=1)
    assert Verdict.SICKENED is verdict
    course, _ = look(course, memory(3, 1), cores=1)
    course, verdict = look(forget(course), memory(4, 1), cores=1)
    assert (Verdict.SAME, True) == (verdict, course.met)


def test_another_remedy_is_the_same_rule() -> None:
    """What was seen is kept where it is about the same words."""
    course = Course(rule=of("fds > 5"))
    held = Rule(scope=Scope.SERVICE, when=of("fds > 5").when, ladder=(Hold(),))
    assert course.follows(held)
    assert not course.follows(of("fds > 6"))
    assert not course.follows(of("fds > 5", "fds < 4"))


def test_what_counts_is_not_measured_and_the_other_way_round() -> None:
    """Each of the two ways leaves the other's rules alone."""
    counted, plain = Course(rule=of("restarts > 5 in 1h")), Course(rule=of("fds > 5"))
    assert (counted, Verdict.SAME) == look(counted, memory(0, 1), cores=1)
    assert (plain, Verdict.SAME) == count(plain, 0.0, Starts())


@pytest.mark.parametrize(
    ("seen", "now", "number"),
    [
        ([], 0, 0),
        ([(0, 1)], 0, 0),
        ([(0, 1), (1, 2)], 1, 1),
        ([(0, 1), (1, 2), (5, 7)], 5, 6),
        ([(0, 1), (1, 2), (5, 7)], 10, 6),
        ([(0, 1), (1, 2), (5, 7)], 11, 5),
        ([(0, 1), (1, 2), (5, 7)], 15, 0),
        ([(0, 4), (0, 4), (3, 4)], 3, 0),
    ],
)
def test_restarts_are_counted_by_the_numbers_of_runs(
    seen: list[tuple[float, int]], now: float, number: int
) -> None:
    """So those that failed before anybody looked are in it; the first start isn't."""
    starts = Starts()
    for at, run in seen:
        starts = starts.add(at, run, 10.0)
    assert number == starts.within(10.0, now)


def eighths(least: int, most: int) -> st.SearchStrategy[float]:
    """Seconds of which sums and differences are exact, so that edges are edges."""
    return st.integers(least, most).map(lambda number: number / 8)


@given(
    steps=st.lists(st.tuples(eighths(1, 72), st.integers(0, 3)), max_size=30),
    later=eighths(0, 240),
)
def test_what_is_forgotten_never_counts(
    steps: list[tuple[float, int]], later: float
) -> None:
    """The number is the same as from all that ever happened."""
    starts, whole, now, run = Starts(), Starts(), 0.0, 1
    for pause, more in steps:
        now, run = now + pause, run + more
        starts, whole = starts.add(now, run, 10.0), whole.add(now, run, 1e9)
    now += later
    assert starts.within(10.0, now) == whole.within(10.0, now)
    change = starts.next_change(10.0, now)
    if change is None:
        assert 0 == starts.within(10.0, now)
    else:
        assert now < change
        assert starts.within(10.0, now) >= starts.within(10.0, change)


def test_a_count_clears_as_time_passes() -> None:
    """Without anything else happening."""
    course, starts = Course(rule=of("restarts > 1 in 10s")), Starts()
    verdicts = []
    for at, run in [(0.0, 1), (1.0, 2), (2.0, 3)]:
        starts = starts.add(at, run, 10.0)
        course, verdict = count(course, at, starts)
        verdicts.append(verdict)
    assert "restarts: 2 (restarts > 1 in 10s)" == course.words
    change = starts.next_change(10.0, 2.0)
    assert change is not None
    course, before = count(course, 10.9, starts)
    course, after = count(course, 11.0, starts)
    assert [Verdict.SAME, Verdict.SAME, Verdict.SICKENED] == verdicts
    assert (Verdict.SAME, Verdict.RECOVERED) == (before, after)


def test_what_was_not_measured_three_times_is_blind_until_it_is() -> None:
    """With what it lacks: a value, or what a share is of."""
    course = Course(rule=of("memory > 50% of limit for 2 samples"))
    told = []
    looks = [(None, 100), (60, None), (60, None), (60, 200), (60, None)]
    for at, (mib, limit) in enumerate(looks):
        course, _ = look(course, memory(at, mib, limit), cores=1)
        told.append((course.blind, course.lack))
    none = "memory has no limit here, or none that can be read"
    assert told == [
        (False, "memory can't be measured"),
        (False, none),
        (True, none),
        (False, ""),
        (False, none),
    ]
