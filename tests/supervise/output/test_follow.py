"""Who follows a log gets every byte once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from selfhealingd.supervise.output.compress import compress_one, settle
from selfhealingd.supervise.output.follow import Follower
from selfhealingd.supervise.output.rotation import rotate
from selfhealingd.supervise.output.tail import START, Position, tail

Follow = Callable[..., Follower]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give the path of a log."""
    return tmp_path / "web.log"


def _add(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def _rename_to(log: Path, name: str) -> None:
    log.rename(log.with_name(name))


def _rename_and_create(log: Path) -> None:
    _rename_to(log, "web.log.1")
    log.touch()


async def _read(follower: Follower, size: int) -> bytes:
    data = b""
    with trio.fail_after(20):
        while len(data) < size:
            follower.wake()
            data += await anext(follower)
    return data


@pytest.fixture
def follow(log: Path) -> Iterator[Follow]:
    """Follow the log, until the test ends."""
    made: list[Follower] = []

    def follow(since: Position | None = None) -> Follower:
        made.append(Follower(log, since))
        return made[-1]

    yield follow
    for one in made:
        one.close()


async def test_after_a_tail(log: Path, follow: Follow) -> None:
    """What a tail did not show, the follower does: nothing twice, nothing missing."""
    _add(log, b"one\ntwo\n")
    shown = tail(log, lines=1)
    _add(log, b"three\n")
    follower = follow(shown.position)
    assert b"three\n" == await _read(follower, 6)
    _add(log, b"four\n")
    assert b"four\n" == await _read(follower, 5)


async def test_from_now_on(log: Path, follow: Follow) -> None:
    """Without a tail it begins at the end."""
    _add(log, b"old\n")
    follower = follow()
    assert b"" == follower._read()
    _add(log, b"new\n")
    assert b"new\n" == await _read(follower, 4)


async def test_a_log_that_is_not_there_yet(log: Path, follow: Follow) -> None:
    """It is followed from its first byte."""
    follower = follow(tail(log).position)
    async with trio.open_nursery() as nursery:

        async def come() -> None:
            await trio.testing.wait_all_tasks_blocked(0.02)
            _add(log, b"first\n")
            follower.wake()

        nursery.start_soon(come)
        with trio.fail_after(20):
            assert b"first\n" == await anext(follower)


async def test_over_rotations(log: Path, follow: Follow) -> None:
    """Rotated once or often between two reads, it misses nothing."""
    follower = follow(START)
    expected = b""
    for number in range(9):
        line = b"%d" % number * 10 + b"\n"
        _add(log, line)
        expected += line
        if number not in (4, 5):
            rotate(log, 20)
    assert expected == await _read(follower, len(expected))
    _add(log, b"last\n")
    assert b"last\n" == await _read(follower, 5)


async def test_compressed_before_it_was_read(log: Path, follow: Follow) -> None:
    """Older ones that were compressed meanwhile are read, too."""
    follower = follow(START)
    for number in range(4):
        _add(log, b"%d\n" % number)
        rotate(log, 20)
    assert b"0\n1\n" == (await _read(follower, 4))
    follower = follow(START)
    while done := compress_one(log, lambda: False):
        settle(log, done)
    assert b"0\n1\n2\n3\n" == await _read(follower, 8)


async def test_what_came_before_the_rotation(log: Path, follow: Follow) -> None:
    """The old file is read to its end before the new one is begun."""
    follower = follow(START)
    _add(log, b"one\n")
    assert b"one\n" == await _read(follower, 4)
    _add(log, b"two\n")
    rotate(log, 3)
    _add(log, b"three\n")
    assert b"two\nthree\n" == await _read(follower, 10)


async def test_logrotate_makes_the_new_one_first(log: Path, follow: Follow) -> None:
    """While the new file is empty, the old one may still grow."""
    follower = follow(START)
    _add(log, b"one\n")
    assert b"one\n" == await _read(follower, 4)
    _rename_and_create(log)
    _add(log.with_name("web.log.1"), b"two\n")
    assert b"two\n" == await _read(follower, 4)
    _add(log, b"three\n")
    assert b"three\n" == await _read(follower, 6)


async def test_cleared(log: Path, follow: Follow) -> None:
    """A log that was emptied is followed from its start."""
    follower = follow(START)
    _add(log, b"one, a long line\n")
    assert 17 == len(await _read(follower, 17))
    os.truncate(log, 0)
    _add(log, b"two\n")
    assert b"two\n" == await _read(follower, 4)


async def test_what_was_rotated_away_unread_is_counted(
    log: Path, follow: Follow
) -> None:
    """It goes on with what is left, and says that some is missing."""
    follower = follow(START)
    _add(log, b"one\n")
    assert b"one\n" == await _read(follower, 4)
    rotate(log, 1)
    _add(log, b"two\n")
    assert b"two\n" == await _read(follower, 4)
    assert 0 == follower.missed
    for number in range(3):
        _add(log, b"unread %d\n" % number)
        rotate(log, 1)
    _add(log, b"last\n")
    # Of the file that it holds open, it reads the rest.
    assert b"unread 0\nlast\n" == await _read(follower, 14)
    assert 1 == follower.missed


async def test_a_tail_that_was_rotated_away_is_counted(
    log: Path, follow: Follow
) -> None:
    """Between the tail and the first read, too."""
    _add(log, b"one\n")
    position = tail(log).position
    _rename_to(log, "other")
    _add(log, b"two\n")
    follower = follow(position)
    assert b"two\n" == await _read(follower, 4)
    assert 1 == follower.missed
