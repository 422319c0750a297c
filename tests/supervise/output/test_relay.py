"""Lines reach the daemon's own stdout whole, with names in front."""

import math
import os
from collections.abc import Iterator

import pytest

from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.lines import LONGEST
from selfhealingd.supervise.output.relay import Dressed, Relay
from selfhealingd.supervise.output.waiting import Gate, StopMoving


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Give what a mover would have."""
    gate = Gate()
    yield gate
    gate.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give a pipe that a test may close parts of."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test did


def test_names_stand_in_front(fifo: Fifo, gate: Gate, pipe: tuple[int, int]) -> None:
    """Each line that has ended is passed on with the program's name."""
    relay = Relay(Dressed(pipe[1], "web", gate))
    os.write(fifo.fd, b"one\n\ntwo\nthr")
    assert 12 == relay.move(fifo)
    assert b"web: one\nweb: \nweb: two\n" == os.read(pipe[0], 100)
    assert relay.due < math.inf


def test_a_prompt_is_passed_on_when_it_is_due(
    fifo: Fifo, gate: Gate, pipe: tuple[int, int]
) -> None:
    """A line that does not end is not held back for ever."""
    relay = Relay(Dressed(pipe[1], "web", gate))
    os.write(fifo.fd, b"password: ")
    relay.move(fifo)
    relay.tick()
    assert b"web: password: \n" == os.read(pipe[0], 100)
    assert math.inf == relay.due


def test_a_line_longer_than_a_pipe_takes(
    fifo: Fifo, gate: Gate, pipe: tuple[int, int]
) -> None:
    """A long line comes whole, however often the pipe must be waited for."""
    relay = Relay(Dressed(pipe[1], "web", gate))
    line = b"x" * (LONGEST - 100)
    os.write(fifo.fd, line)
    relay.move(fifo)
    os.write(fifo.fd, b"\n")
    relay.move(fifo)
    assert b"web: " + line + b"\n" == os.read(pipe[0], 2 * LONGEST)


def test_nobody_reads_any_more(fifo: Fifo, gate: Gate, pipe: tuple[int, int]) -> None:
    """Lines for a reader that is gone stay, are complained of, and nothing is taken."""
    relay = Relay(Dressed(pipe[1], "web", gate))
    os.close(pipe[0])
    os.write(fifo.fd, b"one\n")
    assert 4 == relay.move(fifo)
    assert "cannot write to the daemon's own output: broken pipe" == relay.complaint
    os.write(fifo.fd, b"two\n")
    with pytest.raises(OutputError, match="broken pipe"):
        relay.move(fifo)
    assert 4 == fifo.pending()


def test_lines_that_waited_are_sent_first(
    fifo: Fifo, gate: Gate, pipe: tuple[int, int]
) -> None:
    """When a reader is there again, nothing is missing or out of order."""
    relay = Relay(Dressed(pipe[1], "web", gate))
    os.close(pipe[0])
    os.write(fifo.fd, b"one\n")
    relay.move(fifo)
    reader, writer = os.pipe()
    os.dup2(writer, pipe[1])
    os.write(fifo.fd, b"two\n")
    relay.move(fifo)
    assert (b"web: one\nweb: two\n", "") == (os.read(reader, 100), relay.complaint)
    for fd in (reader, writer):
        os.close(fd)


def test_a_stuck_terminal_can_be_left(
    fifo: Fifo, gate: Gate, pipe: tuple[int, int]
) -> None:
    """A wait for who does not read ends when the mover has to."""
    os.set_blocking(pipe[1], False)
    os.write(pipe[1], bytes(65536))
    relay = Relay(Dressed(pipe[1], "web", gate))
    os.write(fifo.fd, b"one\n")
    gate.stop()
    with pytest.raises(StopMoving):
        relay.move(fifo)
