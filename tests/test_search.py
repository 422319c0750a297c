"""A pattern in lines that come in pieces, and patterns that take for ever."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.search import LONGEST_LINE, Search, TooSlow


@pytest.mark.parametrize(
    ("pattern", "output", "found"),
    [
        ("up", b"it is up now\n", True),
        ("up", b"it is up now", False),
        ("^up$", b"no\nup\r\nno\n", True),
        ("^up$", b"is up\n", False),
        ("up.now", b"up\nnow\n", False),
        ("gr\u00fc\u00df", "gr\u00fc\u00df gott\n".encode(), True),
        ("\ufffd up", b"\xff up\n", True),
        ("up", b"x" * LONGEST_LINE + b"up\n", False),
        ("up", b"x" * (LONGEST_LINE - 2) + b"up\n", True),
    ],
)
def test_feed(pattern: str, output: bytes, found: bool) -> None:  # noqa: FBT001
    """Whole lines, of bounded length."""
    assert found is Search(pattern).feed(output)


@given(st.lists(st.binary(max_size=9) | st.sampled_from([b"\n", b"u", b"p"])))
def test_pieces(pieces: list[bytes]) -> None:
    """However the output is cut, it holds the same lines."""
    whole = Search("up").feed(b"".join(pieces))
    search = Search("up")
    assert whole is any(list(map(search.feed, pieces)))


def test_a_line_without_end_takes_no_memory() -> None:
    """Of what can't be looked at, nothing is kept."""
    search = Search("up")
    for _ in range(100):
        assert not search.feed(b"x" * 65536)
    assert LONGEST_LINE == len(search._rest)


def test_a_pattern_that_would_take_for_ever() -> None:
    """The search ends, and everything is as it was before."""
    handler = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(TooSlow):
        Search("(a+)+$").feed(b"a" * 60 + b"b\n")
    assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_VIRTUAL)
    assert handler == signal.getsignal(signal.SIGVTALRM)
    assert Search("up").feed(b"up\n")
