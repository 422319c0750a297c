"""A wait in a thread can be ended."""

import os

import pytest

from selfhealingd.supervise.output.waiting import Gate, StopMoving


def test_what_takes_more_is_not_waited_for() -> None:
    """A pipe with room is ready; one whose reader is gone is, too, to tell that."""
    gate = Gate()
    reader, writer = os.pipe()
    gate.wait_writable(writer)
    os.close(reader)
    gate.wait_writable(writer)
    os.close(writer)
    gate.close()


def test_stopped_once_it_never_waits_again() -> None:
    """A full pipe is not waited for when the mover has to end."""
    gate = Gate()
    reader, writer = os.pipe2(os.O_NONBLOCK)
    os.write(writer, bytes(65536))
    gate.stop()
    for _ in range(2):
        with pytest.raises(StopMoving):
            gate.wait_writable(writer)
    for fd in (reader, writer):
        os.close(fd)
    gate.close()
