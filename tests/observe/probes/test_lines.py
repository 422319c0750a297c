"""Lines that say that a program has failed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
import trio
from trio.testing import MockClock

from selfhealingd.core.ask import Answer, failed, ok, unknown
from selfhealingd.core.events import Event
from selfhealingd.core.probe import LogLine, Probe
from selfhealingd.observe.probes.case import Case, Telling
from selfhealingd.observe.probes.lines import CannotRead, search

OUT, ERR = Path("/log/out"), Path("/log/err")


class Log:
    """What a test writes, piece by piece."""

    def __init__(self) -> None:
        self.pieces: dict[Path, trio.MemorySendChannel[bytes]] = {}
        self.answers: list[tuple[float, Answer]] = []
        self.problem: str | None = None
        probe = Probe(what=LogLine("ERR"), period=10, failure_threshold=1)
        telling = Telling(self._report, lambda: 1.0)
        self.case = Case("web", 1, "liveness", probe, telling)

    async def watch(self, pattern: str = "ERR") -> None:
        await search(self.case, pattern, (OUT, ERR), self.follow)

    async def write(self, path: Path, data: bytes) -> None:
        await self.pieces[path].send(data)
        await trio.testing.wait_all_tasks_blocked()

    @contextmanager
    def follow(self, path: Path) -> Iterator[AsyncIterator[bytes]]:
        send, receive = trio.open_memory_channel[bytes](0)
        self.pieces[path] = send
        with send, receive:
            yield Checked(self, receive)

    async def _report(self, _event: Event) -> None:
        assert self.case.answer is not None
        self.answers.append((trio.current_time(), self.case.answer))


class Checked:
    """What was written, as far as it can be read."""

    def __init__(self, log: Log, pieces: trio.MemoryReceiveChannel[bytes]) -> None:
        self.log = log
        self.pieces = pieces

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        data = await anext(self.pieces)
        if self.log.problem is not None:
            raise CannotRead(self.log.problem)
        return data


@pytest.fixture
async def log(nursery: trio.Nursery) -> Log:
    log = Log()
    nursery.start_soon(log.watch)
    await trio.testing.wait_all_tasks_blocked()
    return log


async def test_a_line(log: Log, mock_clock: MockClock) -> None:
    """It is a failure at once, in whichever log; a period without one is a success."""
    await log.write(OUT, b"all is well\nER")
    await log.write(ERR, b"an ERR of some kind\n")
    mock_clock.jump(4)
    await log.write(OUT, b"R too\n")
    for _ in range(3):
        mock_clock.jump(10)
        await trio.testing.wait_all_tasks_blocked()
    first = failed("it wrote: an ERR of some kind", "a line")
    assert [(0, first), (14, ok("no such line"))] == log.answers


async def test_a_log_that_can_not_be_read(log: Log, mock_clock: MockClock) -> None:
    """Then nothing is known of it, now and later."""
    log.problem = "no permission"
    await log.write(OUT, b"ERR\n")
    for _ in range(3):
        assert unknown("no permission") == log.case.answer
        mock_clock.jump(10)
        await trio.testing.wait_all_tasks_blocked()
    assert [] == log.answers
    assert log.case.blind


async def test_a_pattern_that_takes_too_long(nursery: trio.Nursery) -> None:
    """That is told, and the other logs are read on."""
    log = Log()
    nursery.start_soon(log.watch, "(a+)+$")
    await trio.testing.wait_all_tasks_blocked()
    await log.write(OUT, b"a" * 60 + b"b\n")
    words = "looking for /(a+)+$/ in its output takes too long"
    assert unknown(words) == log.case.answer
    await log.write(ERR, b"a\n")
    assert failed("it wrote: a", "a line") == log.case.answer
