"""Words from the daemon cannot steer the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealctl.views.text import clean, duration, moment, size


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("plain words, ünïcode too", "plain words, ünïcode too"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x9b2Jc1\x07bell\x00", "2Jc1bell"),
        ("right\u202eto left", "rightto left"),
        ("\x1b", ""),
    ],
)
def test_controls_are_taken_out(words: str, expected: str) -> None:
    """Colours, titles, links, newlines and writing directions."""
    assert expected == clean(words)


@given(st.text())
def test_whatever_comes_is_printable(words: str) -> None:
    """Nothing but printable characters is left."""
    assert clean(words).isprintable()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (61, "1m 1s"),
        (3600, "1h 0m"),
        (11523, "3h 12m"),
        (90061, "1d 1h"),
    ],
)
def test_durations_show_two_units(seconds: float, expected: str) -> None:
    """The largest two, rounded down."""
    assert expected == duration(seconds)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (50_000_000, "47.7 MiB"),
        (104_805_171, "99.9 MiB"),
        (104_852_000, "100 MiB"),
        (1023 * 2**20, "1.0 GiB"),
        (2**70, "1048576 PiB"),
    ],
)
def test_sizes_have_three_digits(number: float, expected: str) -> None:
    """And the unit that fits."""
    assert expected == size(number)


@pytest.mark.parametrize("stamp", ["yesterday", "", "9999-12-31T23:59:59Z\x1b[2J"])
def test_what_is_no_time_is_shown_clean(stamp: str) -> None:
    """A strange time is no reason to fail."""
    assert clean(stamp) == moment(stamp)


def test_a_time_is_shown_without_fractions() -> None:
    """In the reader's zone, to the second."""
    assert len("2026-01-02 03:04:05") == len(moment("2026-01-02T03:04:05.678Z"))
