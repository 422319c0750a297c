import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from topped import words

from selfhealctl.ink import (
    Line,
    Paint,
    Piece,
    Style,
    beside,
    cell,
    line,
    wrapped,
)

SGR = re.compile(r"\x1b\[[0-9;]*m")
styles = st.sampled_from(Style)
pieces = st.lists(st.builds(Piece, text=words, style=styles), max_size=5).map(tuple)
paints = st.builds(Paint, colours=st.booleans(), unicode=st.booleans())


@given(st.builds(Line, pieces, st.booleans()), st.integers(0, 60), paints)
def test_no_line_is_wider_than_asked(text: Line, width: int, paint: Paint) -> None:
    """Nor does anything in it steer the terminal; a marked one is exactly as wide."""
    drawn = SGR.sub("", paint.draw(text, width))
    assert cell_len(drawn) <= width
    assert all(char.isprintable() for char in drawn)
    if text.cursor:
        assert width == cell_len(drawn)
    if not paint.unicode:
        assert drawn.isascii()


@given(words, st.integers(0, 40))
def test_a_cell_is_as_wide_as_asked(text: str, width: int) -> None:
    """Whatever is in it, so that what is under each other stays so."""
    assert width == cell_len(cell(text, width))
    assert width == cell_len(cell(text, width, right=True))


def test_what_is_cut_says_so() -> None:
    """By one character, in the style of what it stands for."""
    text = line(Piece("abc", Style.BOLD), "defgh")
    assert "abcd…" == str(Paint().fit(text, 5))
    assert "abcd~" == str(Paint(unicode=False).fit(text, 5))
    assert "abcdefgh" == str(Paint().fit(text, 8))


def test_without_colours_what_is_urgent_is_still_marked() -> None:
    """By bold and reverse, which are no colours."""
    bad = line(Piece("down", Style.BAD), Piece("up", Style.GOOD))
    assert "\x1b[1;31mdown\x1b[0m\x1b[32mup\x1b[0m" == Paint().draw(bad, 9)
    assert "\x1b[1mdown\x1b[0mup" == Paint(colours=False).draw(bad, 9)


def test_at_both_edges_if_there_is_room() -> None:
    """Else the left one alone."""
    assert "ab   z" == str(beside(line("ab"), line("z"), 6))
    assert "ab" == str(beside(line("ab"), line("xyz"), 5))


@given(words, st.integers(1, 40))
def test_wrapped_text_loses_no_word(text: str, width: int) -> None:
    """And no part of it is too wide, but for a character wider than all there is."""
    parts = [str(part) for part in wrapped(line(text), width)]
    assert all(cell_len(part) <= max(width, 2) for part in parts)
    joined = "".join(parts).replace(" ", "")
    assert joined == "".join(
        char for char in cell(text, cell_len(text) * 2 + 99) if char != " "
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("one two three", ["one two", "three"]), ("abcdefghij", ["abcdefgh", "ij"])],
)
def test_it_is_broken_at_blanks(text: str, expected: list[str]) -> None:
    """Where there are any."""
    assert expected == [str(part) for part in wrapped(line(text), 8)]
