"""A mover serves all its streams in turns, and ends when it is told."""

import math
import os
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
import trio

from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.mover import Mover, Stream


class Memory:
    """A sink that keeps what it gets, for a while says no, or hangs."""

    def __init__(self) -> None:
        self.complaint = ""
        self.due = math.inf
        self.data = b""
        self.trouble = ""
        self.ticks = 0
        self.finished = 0
        self.closed = 0
        self.hold: Callable[[], None] = lambda: None
        self.ticked: Callable[[], None] = lambda: None

    def move(self, fifo: Fifo) -> int:
        self.hold()
        if self.trouble:
            raise OutputError(self.trouble)
        data = os.read(fifo.fd, fifo.pending())
        self.data += data
        return len(data)

    def tick(self) -> None:
        self.due = math.inf
        self.ticks += 1
        self.ticked()

    def finish(self) -> None:
        self.finished += 1

    def reopen(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        self.closed += 1


class Bell:
    """Tells the test that a mover told something."""

    def __init__(self) -> None:
        self._rung = trio.Event()

    def __call__(self) -> None:
        self._rung.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(20):
            while not condition():
                self._rung = trio.Event()
                await self._rung.wait()


@pytest.fixture
def changed() -> Bell:
    """Give what hears of changed problems."""
    return Bell()


@pytest.fixture
async def mover(changed: Bell) -> AsyncIterator[Mover]:
    """Run a mover."""
    mover = Mover(changed)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mover.run)
        yield mover
        nursery.cancel_scope.cancel()


def _stream(tmp_path: Path, bell: Bell, name: str = "web") -> tuple[Stream, Memory]:
    sink = Memory()
    return Stream(Fifo(tmp_path / f"{name}.stdout", None), sink, (bell,)), sink


async def test_what_comes_is_moved_and_told(mover: Mover, tmp_path: Path) -> None:
    """Each write wakes the thread; whoever listens hears of it."""
    bell = Bell()
    stream, sink = _stream(tmp_path, bell)
    mover.post(lambda: mover.attach(stream))
    for text in (b"one", b"onetwo"):
        os.write(stream.fifo.fd, text[-3:])
        await bell.until(lambda text=text: sink.data == text)  # type: ignore[misc]


async def test_idle_it_sleeps_until_something_comes(
    mover: Mover, tmp_path: Path
) -> None:
    """Streams that wait cost nothing: there is no time at which it would wake."""
    streams = [_stream(tmp_path, Bell(), str(number)) for number in range(100)]
    for stream, _ in streams:
        mover.post(partial(mover.attach, stream))
    assert None is await mover.ask(mover._patience)


async def test_trouble_is_told_and_tried_again(
    mover: Mover, changed: Bell, tmp_path: Path
) -> None:
    """What a sink does not take stays in the FIFO until it does."""
    bell = Bell()
    stream, sink = _stream(tmp_path, bell)
    sink.trouble = "cannot write: no space"
    mover.post(lambda: mover.attach(stream))
    os.write(stream.fifo.fd, b"one")
    await changed.until(lambda: stream.problem == "cannot write: no space")
    sink.trouble = ""
    await bell.until(lambda: sink.data == b"one")
    await changed.until(lambda: not stream.problem)


async def test_a_held_one_holds_no_other_mover(mover: Mover, tmp_path: Path) -> None:
    """While one thread waits for its disk, others move, and say who is held."""
    other = Mover(lambda: None)
    bell = Bell()
    stuck, sink = _stream(tmp_path, bell, "stuck")
    well, memory = _stream(tmp_path, bell, "well")
    reader, writer = os.pipe()

    def hold() -> None:
        mover.tell(bell)
        sink.data += os.read(reader, 1)

    sink.hold = hold
    async with trio.open_nursery() as nursery:
        nursery.start_soon(other.run)
        mover.post(lambda: mover.attach(stuck))
        other.post(lambda: other.attach(well))
        os.write(stuck.fifo.fd, b"one")
        os.write(well.fifo.fd, b"two")
        await bell.until(lambda: memory.data == b"two")
        await bell.until(lambda: mover.held() > 0)
        assert not other.held()
        os.write(writer, b"!")
        await bell.until(lambda: sink.data == b"!one")
        nursery.cancel_scope.cancel()
    for fd in (reader, writer):
        os.close(fd)


async def test_drained_is_what_was_there(mover: Mover, tmp_path: Path) -> None:
    """Draining takes what waits, and lets the sink pass on what it holds back."""
    stream, sink = _stream(tmp_path, Bell())
    os.write(stream.fifo.fd, b"x" * 10_000)
    assert 0 == await mover.ask(lambda: mover.drain(stream))
    assert (10_000, 1) == (len(sink.data), sink.finished)
    stream.fifo.close()


async def test_draining_into_trouble(mover: Mover, tmp_path: Path) -> None:
    """What could not be moved is told, to be asked for again."""
    stream, sink = _stream(tmp_path, Bell())
    os.write(stream.fifo.fd, b"x" * 10)
    sink.trouble = "no"
    assert 10 == await mover.ask(lambda: mover.drain(stream))
    sink.trouble = ""
    assert 0 == await mover.ask(lambda: mover.drain(stream, 10))
    stream.fifo.close()


async def test_what_is_due_is_done(mover: Mover, tmp_path: Path) -> None:
    """A sink is called when it asked for it, without any output."""
    bell = Bell()
    stream, sink = _stream(tmp_path, bell)
    sink.due = time.monotonic() + 0.05
    sink.ticked = lambda: mover.tell(bell)
    mover.post(lambda: mover.attach(stream))
    os.write(stream.fifo.fd, b"x")
    await bell.until(lambda: sink.data == b"x")
    await bell.until(lambda: sink.ticks > 0)
    assert 1 == sink.ticks


async def test_errors_reach_who_asks(mover: Mover) -> None:
    """What goes wrong with a file is the asker's to handle, and ends nobody."""

    def fail() -> None:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        await mover.ask(fail)
    assert 2 == await mover.ask(lambda: 2)


@pytest.mark.parametrize("begun", [True, False])
async def test_cancelled_it_closes_everything(
    tmp_path: Path, footprint: Callable[[], list[str]], *, begun: bool
) -> None:
    """No descriptor and no wait is left; later orders are ignored."""
    before = footprint()
    mover = Mover(lambda: None)
    stream, sink = _stream(tmp_path, Bell())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mover.run)
        mover.post(lambda: mover.attach(stream))
        if begun:
            await mover.ask(lambda: None)
        nursery.cancel_scope.cancel()
    mover.post(lambda: None)
    assert (1, before) == (sink.closed, footprint())
