"""The end of a log, wherever it is."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.tail import START, tail

Make = Callable[[list[bytes]], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a log of these files, the newest first; from the second older on gzipped."""

    def make(texts: list[bytes]) -> Path:
        for file in tmp_path.iterdir():
            file.unlink()
        log = tmp_path / "web.log"
        for number, text in enumerate(texts):
            if number > 1:
                packed = tmp_path / f"web.log.{number}.gz"
                packed.write_bytes(gzip.compress(text))
            else:
                (tmp_path / f"web.log.{number}" if number else log).write_bytes(text)
        return log

    return make


_LINE = st.sampled_from([b"\n", b"one\n", b"two\r\n", b"\xff three\n"])
_TEXT = st.lists(_LINE, max_size=8).map(b"".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(_TEXT, min_size=1, max_size=5), st.binary(max_size=3), st.integers(0, 30)
)
def test_the_last_lines(make: Make, texts: list[bytes], rest: bytes, n: int) -> None:
    """They are the last of all files joined; one without end counts."""
    texts[0] += rest
    log = make(texts)
    everything = b"".join(reversed(texts))
    *whole, last = everything.split(b"\n")
    lines = [line + b"\n" for line in whole] + ([last] if last else [])
    assert b"".join(lines[-n:] if n else []) == tail(log, lines=n).data


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_TEXT, min_size=1, max_size=5), st.integers(0, 100))
def test_the_last_bytes(make: Make, texts: list[bytes], most: int) -> None:
    """They are the last of all files joined."""
    everything = b"".join(reversed(texts))
    assert everything[len(everything) - min(most, len(everything)) :] == (
        tail(make(texts), most=most).data
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_TEXT, min_size=1, max_size=5), st.integers(0, 20), st.integers(1, 60))
def test_what_is_left_out_is_told(
    make: Make, texts: list[bytes], n: int, most: int
) -> None:
    """It is cut when, and only when, some of what was asked for is missing."""
    log = make(texts)
    found = tail(log, lines=n, most=most)
    assert found.cut is (found.data != tail(log, lines=n).data)


def test_what_came_later_does_not_count(make: Make) -> None:
    """With ``until`` the newest file ends there; behind its end there is nothing."""
    log = make([b"one\ntwo\nthree\n", b"zero\n"])
    assert b"zero\none\n" == tail(log, lines=9, until=4).data
    assert b"one\n" == tail(log, lines=1, until=4).data
    assert b"zero\n" == tail(log, lines=9, until=0).data
    assert b"three\n" == tail(log, lines=1, until=10_000).data


def test_a_large_log(make: Make) -> None:
    """Of a large log only the end is returned, from the start of a line on."""
    lines = [b"line %07d\n" % number for number in range(200_000)]
    found = tail(make([b"".join(lines)]), lines=100_000, most=1000)
    assert b"".join(lines[-76:]) == found.data
    assert 200_000 * 13 == found.position.offset


def test_one_line_longer_than_allowed(make: Make) -> None:
    """Its end is better than nothing."""
    log = make([b"short\n" + b"x" * 100 + b"\n"])
    assert b"x" * 9 + b"\n" == tail(log, lines=5, most=10).data


def test_no_log(tmp_path: Path) -> None:
    """A program that never said anything has an empty log."""
    found = tail(tmp_path / "web.log", lines=10)
    assert (b"", START) == (found.data, found.position)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A program's user can't have the daemon read what he may not."""
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "web.log").symlink_to(tmp_path / "secret")
    with pytest.raises(OutputError, match=r"cannot read log .* symbolic link"):
        tail(tmp_path / "web.log")


def test_a_damaged_older_one(make: Make, tmp_path: Path) -> None:
    """It is told, and not taken for the end."""
    log = make([b"new\n", b"old\n", b"older\n" * 1000])
    packed = tmp_path / "web.log.2.gz"
    packed.write_bytes(packed.read_bytes()[:30])
    with pytest.raises(OutputError, match="cannot read log"):
        tail(log, lines=50)
    assert b"old\nnew\n" == tail(log, lines=2, most=1000).data[-8:]
