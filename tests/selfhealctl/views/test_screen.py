"""Prose is broken between words where a person reads it, and nowhere else."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealctl.ink import line
from selfhealctl.views.screen import Screen, prose, screen


def printed(words: str, width: int, most: int | None = None) -> str:
    page = io.StringIO()
    Screen(page, width, coloured=None).write(prose(line(words), width, most=most))
    return page.getvalue()


@given(
    st.lists(st.text("abc", min_size=1, max_size=8), min_size=1, max_size=30),
    st.integers(12, 60),
)
def test_no_word_is_broken_and_none_is_lost(words: list[str], width: int) -> None:
    """Each line fits, and what goes on is indented."""
    text = printed(" ".join(words), width)
    assert words == text.split()
    first, *others = text.splitlines()
    assert width >= max(map(len, (first, *others)))
    assert all(one.startswith("  ") and one[2] != " " for one in others)


def test_what_is_cut_says_so() -> None:
    """With an ellipsis, within the lines that it was given."""
    first, second = printed("word " * 40, 20, most=2).splitlines()
    assert "…" not in first
    assert second.endswith("…")
    assert 20 >= len(second)


def test_in_a_pipe_nothing_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads it there counts on lines."""
    assert not sys.stdout.isatty()
    screen().tell("word " * 40)
    assert 1 == len(capsys.readouterr().out.splitlines())
