"""When a rule is met, and when that is over."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.rules.grammar import rule
from selfhealingd.core.rules.hysteresis import FRESH, Verdict, judge
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Lasting, Rule, Samples

EDGES = {Verdict.SICKENED: "S", Verdict.RECOVERED: "R"}


def of(when: str, clear: str | None = None) -> Rule:
    return rule(when, clear, Scope.SERVICE)


def course(
    which: Rule, values: Sequence[float | None], times: Sequence[float] | None = None
) -> str:
    """What each sample changes, as a letter: S, R, or a dot for nothing."""
    tally, told = FRESH, ""
    for at, value in zip(times or range(len(values)), values, strict=True):
        clause = which.until if tally.sick else which.when
        bound = clause.threshold.value
        tally, verdict = judge(which, tally, at=at, value=value, bound=bound)
        told += EDGES.get(verdict, ".")
    return told


def numbers(text: str) -> list[float | None]:
    return [None if c == "?" else float(c) for c in text]


@pytest.mark.parametrize(
    ("when", "clear", "values", "told"),
    [
        ("fds > 5", None, "56678", ".S..."),
        ("fds > 5", None, "6565", "SRSR"),
        ("fds > 5 for 3 samples", None, "66566666", ".....S.."),
        ("fds > 5 for 3 samples", None, "6665565555", "..S.....R."),
        ("fds > 5 for 3 of 5 samples", None, "6565656565", "....S....."),
        ("fds > 5 for 3 of 5 samples", None, "65556655656", "........S.."),
        ("fds > 5 for 3 of 5 samples", None, "666555", "..S..R"),
        ("fds > 5 for 3 samples", None, "66??6?6", "....S.."),
        ("fds > 5 for 2 samples", None, "66?5?5", ".S...R"),
        ("fds > 5", "fds < 3 for 2 samples", "6432122", "S...R.."),
        ("fds > 5", "fds <= 3 for 2 of 3 samples", "6343", "S..R"),
        ("fds < 5 for 2 samples", None, "544455", "..S..R"),
    ],
)
def test_samples(when: str, clear: str | None, values: str, told: str) -> None:
    """An unknown value counts neither way; by default as many good ones clear it."""
    assert told == course(of(when, clear), numbers(values))


@pytest.mark.parametrize(
    ("when", "clear", "times", "values", "told"),
    [
        ("fds > 5 for 10s", None, [0, 5, 9.9, 10, 11], "66666", "...S."),
        ("fds > 5 for 10s", None, [0, 5, 10, 15, 20], "65666", "....S"),
        ("fds > 5 for 10s", None, [0, 5, 10, 15, 20], "6?6", "..S"),
        ("fds > 5 for 10s", None, [0, 10, 11, 15, 21], "66555", ".S..R"),
        ("fds > 5 for 10s", None, [0, 10, 11, 15, 21], "66565", ".S..."),
        ("fds > 5 for 10s", "fds < 5 for 1 sample", [0, 10, 11], "664", ".SR"),
        ("fds > 5", "fds < 5 for 10s", [0, 1, 6, 11], "6444", "S..R"),
    ],
)
def test_durations(
    when: str, clear: str | None, times: list[float], values: str, told: str
) -> None:
    """It has to be so at each known sample, from the first to the last of them."""
    seen = numbers(values)
    assert told == course(of(when, clear), seen, times[: len(seen)])


def test_what_was_seen_long_ago_says_nothing() -> None:
    """Two bad samples with nothing known for long between them are no bad minute."""
    which = of("fds > 5 for 10s")
    assert "....S" == course(which, [6.0, 6.0, 6.0, 6.0, 6.0], [0, 21, 42, 47, 52])


RULES = st.sampled_from(
    [
        of(when, clear)
        for when in (
            "fds > 5",
            "fds > 5 for 3 samples",
            "fds > 5 for 3 of 5 samples",
            "fds > 5 for 4s",
        )
        for clear in (None, "fds < 4 for 2 of 4 samples", "fds <= 5 for 3s")
    ]
)
COURSES = st.lists(
    st.tuples(st.floats(0.1, 5), st.one_of(st.none(), st.integers(0, 10))),
    max_size=60,
)


@given(which=RULES, steps=COURSES)
def test_it_never_flaps_within_its_window(
    which: Rule, steps: list[tuple[float, int | None]]
) -> None:
    """Each edge has its own whole window behind it, back to the edge before."""
    tally, now, first, samples = FRESH, 0.0, 0.0, 0
    for pause, value in steps:
        now += pause
        samples += value is not None
        first = now if samples == 1 and value is not None else first
        clause = which.until if tally.sick else which.when
        after, verdict = judge(
            which, tally, at=now, value=value, bound=clause.threshold.value
        )
        if verdict is not Verdict.SAME:
            assert tally.sick is not after.sick
            match clause.window:
                case Samples(count=count):
                    assert samples >= count
                case Lasting(secs=secs):
                    assert now - first >= secs
            samples = 0
        tally = after


@given(which=RULES, values=st.lists(st.integers(0, 10), max_size=40))
def test_unknown_values_change_nothing(which: Rule, values: list[int]) -> None:
    """A rule on samples judges the known ones as if there were no others."""
    if isinstance(which.when.window, Lasting) or isinstance(
        which.until.window, Lasting
    ):
        return
    mixed = [one for value in values for one in (None, float(value), None)]
    assert course(which, [float(v) for v in values]) == "".join(
        course(which, mixed)[1::3]
    )
