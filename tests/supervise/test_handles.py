"""A program's streams can be copied, and closed, as one."""

import os
from pathlib import Path

import pytest

from selfhealingd.supervise.handles import Handles

NONE = 2**30


def test_a_copy_lives_on_its_own() -> None:
    """It is of the same streams, and still there when the original is closed."""
    reader, writer = os.pipe()
    copy = Handles(writer, writer).copy()
    assert copy.stdout == copy.stderr != writer
    os.close(writer)
    os.write(copy.stdout, b"x")
    assert b"x" == os.read(reader, 1)
    copy.close()
    assert b"" == os.read(reader, 1)
    os.close(reader)


def test_nowhere_needs_no_descriptor() -> None:
    """What is no descriptor is neither copied nor closed."""
    assert Handles() == Handles().copy()
    Handles().close()


def test_sockets_are_copied_in_their_order() -> None:
    """One that is a stream as well is still one of both."""
    (reader, writer), (other, end) = os.pipe(), os.pipe()
    handles = Handles(writer, writer, (other, writer))
    copy = handles.copy()
    assert inodes(handles) == inodes(copy)
    assert copy.stdout == copy.sockets[1] != writer
    for each in (handles, copy, Handles(reader, end)):
        each.close()


def inodes(handles: Handles) -> list[int]:
    fds = (handles.stdout, handles.stderr, *handles.sockets)
    return [os.fstat(fd).st_ino for fd in fds]


def test_half_a_copy_is_given_back() -> None:
    """When the second stream can't be copied, the first copy is closed."""
    reader, writer = os.pipe()
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match="Bad file descriptor"):
        Handles(writer, NONE).copy()
    assert before == set(Path("/proc/self/fd").iterdir())
    os.close(reader)
    os.close(writer)
