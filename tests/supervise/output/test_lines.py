"""A stream is cut into lines, however it arrives."""

from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.supervise.output.lines import MARK, Lines


@given(st.lists(st.binary(max_size=50)), st.integers(5, 20))
def test_nothing_is_lost_or_added(pieces: list[bytes], longest: int) -> None:
    """Joined again without the marks, the lines are the stream; none is too long."""
    lines = Lines(longest)
    found = [line for piece in pieces for line in lines.feed(piece)]
    rest = lines.partial
    found += lines.flush()
    assert all(len(line) <= longest + len(MARK) for line in found)
    stream = b"".join(pieces)
    assert len(rest) < longest + 1
    again = b"".join(
        line[: -len(MARK)] if len(line) > longest else line + b"\n" for line in found
    )
    assert stream == (again[:-1] if rest else again)


def test_a_long_line_comes_in_marked_parts() -> None:
    """Each part but the last says that the line goes on."""
    lines = Lines(4)
    assert [b"abcd" + MARK, b"efgh" + MARK, b"i", b"j"] == lines.feed(b"abcdefghi\nj\n")


def test_a_line_without_end_comes_when_asked_for() -> None:
    """A prompt is not held back for ever."""
    lines = Lines()
    assert [] == lines.feed(b"login: ")
    assert [b"login: "] == lines.flush()
    assert [] == lines.flush()
