"""Quiet hours, as operators write them and as a clock meets them."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core import quiet
from selfhealingd.core.quiet import BadWindow, Window

MINUTES = st.integers(0, 24 * 60 - 1)


def at(minute: int) -> time:
    return time(minute // 60, minute % 60)


@pytest.mark.parametrize(
    ("words", "begin", "end"),
    [
        ("02:00-05:00", 120, 300),
        ("2:00 - 5:00", 120, 300),
        ("22:30-06:00", 1350, 360),
        ("00:00-24:00", 0, 1440),
    ],
)
def test_parse(words: str, begin: int, end: int) -> None:
    """Hours and minutes of two clocks, the second one perhaps on the next day."""
    assert Window(begin=begin, end=end) == quiet.parse(words)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "is like"),
        ("2-5", "is like"),
        ("02:00", "is like"),
        ("02:60-03:00", "00 to 59"),
        ("24:00-03:00", "ends at 24:00"),
        ("23:00-24:01", "ends at 24:00"),
        ("03:00-03:00", "no length"),
    ],
)
def test_what_is_no_window(words: str, problem: str) -> None:
    """Who mistypes is told what would be one."""
    with pytest.raises(BadWindow, match=problem):
        quiet.parse(words)


@given(MINUTES, st.integers(1, 24 * 60), MINUTES)
def test_within(begin: int, length: int, minute: int) -> None:
    """It holds its length of minutes, from its first on, over midnight too."""
    end = begin + length
    window = Window(begin=begin, end=end if end <= 1440 else end - 1440)
    since = (minute - begin) % 1440
    assert (since < length) is quiet.permits((window,), at(minute))


@given(MINUTES)
def test_without_windows_it_is_always_quiet(minute: int) -> None:
    """Who names none is asked for none."""
    assert quiet.permits((), at(minute))


@given(MINUTES, MINUTES)
def test_any_of_several_will_do(begin: int, minute: int) -> None:
    """A minute in one window is enough."""
    windows = (Window(begin=0, end=1), Window(begin=begin, end=1440))
    assert (minute == 0 or minute >= begin) is quiet.permits(windows, at(minute))


@pytest.mark.parametrize("words", ["02:00-05:00", "22:30-06:00", "00:00-24:00"])
def test_told_as_written(words: str) -> None:
    """What was read is told as it was written."""
    assert words == str(quiet.parse(words))
