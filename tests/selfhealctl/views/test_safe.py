"""What programs write cannot steer the terminal of who looks at it."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from selfhealctl.views.safe import Safe, safe

COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=4),
        st.sampled_from(
            [b"\x1b[31m", b"\x1b[1;4", b"m", b"\x1b", b"\r", b"\n", "né€😀".encode()]
        ),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\twords\n, ünïcode 😀 too\n", "plain\twords\n, ünïcode 😀 too\n"),
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        ("\x1b[2J\x1b[H", "^[[2J^[[H"),
        ("\x1b]0;title\x07", "^[]0;title^G"),
        ("\x1b]8;;http://x\x1b\\link", "^[]8;;http://x^[\\link"),
        ("\x1b[?25l\x1bc", "^[[?25l^[c"),
        ("\x9b2J\x85", "\\x9b2J\\x85"),
        ("\x00\x08\x7f", "^@^H^?"),
        ("dos\r\n", "dos\n"),
        ("50 %\r100 %\n", "50 %^M100 %\n"),
        ("right\u202eto left\u2066", "right\\u202eto left\\u2066"),
        ("one\u2028two", "one\\u2028two"),
    ],
)
def test_what_steers_is_shown(text: str, shown: str) -> None:
    """Nothing is taken out, so that nothing is hidden; colours alone work."""
    assert shown == safe(text, colours=True)


def test_colours_go_where_they_are_not_wanted() -> None:
    """As a whole: a sequence's letters don't stay behind."""
    assert "red" == safe("\x1b[31mred\x1b[0m", colours=False)


@given(PIECES)
def test_nothing_that_steers_is_left(pieces: list[bytes]) -> None:
    """Whatever comes, in whatever pieces."""
    shower = Safe(colours=True)
    shown = "".join(map(shower.feed, pieces)) + shower.feed(b"", final=True)
    rest = COLOUR.sub("", shown)
    assert not [char for char in rest if ord(char) < 32 and char not in "\n\t"]
    assert not [char for char in rest if 0x7F <= ord(char) < 0xA0]
    assert shower.coloured is (COLOUR.search(shown) is not None)


@given(PIECES)
@example([b"\x1b", b"[31", b"m"])
@example([b"\xe2", b"\x82", b"\xac"])
@example([b"\r", b"\n"])
def test_the_cuts_between_pieces_change_nothing(pieces: list[bytes]) -> None:
    """Neither characters nor colours fall apart."""
    shower = Safe(colours=True)
    shown = "".join(map(shower.feed, pieces)) + shower.feed(b"", final=True)
    assert Safe(colours=True).feed(b"".join(pieces), final=True) == shown


def test_bytes_that_are_no_text_are_shown() -> None:
    """As numbers."""
    assert "a\\xffb" == Safe(colours=True).feed(b"a\xffb")
