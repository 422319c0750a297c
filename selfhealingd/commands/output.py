"""Methods that show and clear programs' logs.

What is shown leaves as fast as the client reads, and no faster: the rest waits in the
log itself.
"""

from pathlib import Path

import trio

from selfhealingd import logs
from selfhealingd.commands.common import programs, record
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core.output import logs as logs_of
from selfhealingd.core.tailing import followable, tailing
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.tail import Position
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import Document
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.operation import Outcome
from selfhealingd.wire.output import (
    EndedDocument,
    LogDocument,
    OutputDocument,
    SkippedDocument,
    Tailing,
)

MOST = 1024 * 1024
"""Bytes of a log's past that are shown at most: they are held in memory meanwhile."""

FOLLOWED_AT_ONCE = 128
"""Logs, by all clients together and beyond one who follows all: each takes a descriptor
of the daemon's."""

_PIECE = 64 * 1024

log = logs.get("Control")


async def tail(system: System, call: Call, params: methods.Tail) -> Tailing:
    """Show the end of logs and, if asked, go on with what is added to them."""
    names = programs(system, params.names)
    found = tailing(system.loop.launches, names, params.stream)
    if not found.logs:
        first = found.elsewhere[0]
        raise Refusal(Kind.REFUSED, f"cannot show it: {first.words}", first.hint)
    followed = len(found.logs) if params.follow else 0
    most = FOLLOWED_AT_ONCE + sum(map(followable, system.loop.launches.values()))
    if system.followed + followed > most:
        raise Refusal(
            Kind.BUSY,
            f"cannot follow {followed} logs: {most} at a time are allowed,"
            f" and {system.followed} are followed now",
            "name fewer programs",
        )
    system.followed += followed
    scope = trio.CancelScope()
    showing = _Showing(system, call, params)

    async def show() -> None:
        try:
            with scope:
                await showing.all(found.logs)
        except Exception as error:
            log.error("a defect of ours in tail", exc_info=error)
            for one in found.logs:
                call.notify("ended", _ended(one, "an error in the daemon: see its log"))
        finally:
            system.followed -= followed

    call.on_close(scope.cancel)
    system.nursery.start_soon(show)
    return found


async def clear(system: System, call: Call, params: methods.Names) -> list[Outcome]:
    """Empty all logs of programs, and delete their older ones."""
    outcomes = []
    for name in programs(system, params.names):
        outcomes.append(await _cleared(system, name))
        await record(system, call, "clear", name)
    return outcomes


async def _cleared(system: System, name: str) -> Outcome:
    launch = system.config.launches.get(name)
    paths = () if launch is None else logs_of(launch.stdout, launch.stderr)
    try:
        for path in paths:
            await system.outputs.clear(path)
    except OutputError as error:
        return Outcome(name=name, ok=False, words=str(error))
    words = f"cleared {', '.join(map(str, paths))}" if paths else "it has no log"
    return Outcome(name=name, ok=True, words=words)


class _Showing:
    """Several logs to one client: of each its end, then what is added to it."""

    def __init__(self, system: System, call: Call, params: methods.Tail) -> None:
        self._system = system
        self._call = call
        self._params = params

    async def all(self, logs: tuple[LogDocument, ...]) -> None:
        """Show each log up to its ``ended``."""
        async with trio.open_nursery() as nursery:
            problems = self._system.outputs.problems()
            for one in logs:
                if one.name in problems:
                    await self._tell("skipped", _skipped(one, problems[one.name]))
                try:
                    position = await self._past(one)
                except OutputError as error:
                    await self._tell("ended", _ended(one, str(error)))
                    continue
                if self._params.follow:
                    nursery.start_soon(self._follow, one, position)
                else:
                    await self._tell("ended", _ended(one))

    async def _past(self, one: LogDocument) -> Position:
        """Show the end of a log; return where what comes after it begins."""
        size = self._params.bytes
        lines = self._params.lines if size is None else None
        most = MOST if size is None else min(size, MOST)
        past = await self._system.outputs.tail(Path(one.path), lines=lines, most=most)
        if past.cut or (size is not None and size > len(past.data) == MOST):
            words = f"only the last {MOST >> 20} MiB are shown; all of it: {one.path}"
            await self._tell("skipped", _skipped(one, words))
        for begin in range(0, len(past.data), _PIECE):
            await self._output(one, past.data[begin : begin + _PIECE])
        return past.position

    async def _follow(self, one: LogDocument, since: Position) -> None:
        problem = f"{one.name} writes to {one.path} no more"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._until_moved, one, nursery.cancel_scope)
            problem = await self._added(one, since)
            nursery.cancel_scope.cancel()
        await self._tell("ended", _ended(one, problem))

    async def _added(self, one: LogDocument, since: Position) -> str:
        """Show what is added to a log; return why that cannot go on."""
        told = 0
        try:
            with self._system.outputs.follow(Path(one.path), since) as follower:
                async for data in follower:
                    if follower.missed > told:
                        told = follower.missed
                        words = "older output was rotated away before it was read"
                        await self._tell("skipped", _skipped(one, words))
                    await self._output(one, data)
        except OutputError as error:
            return str(error)
        raise AssertionError  # a follower has no end

    async def _until_moved(self, one: LogDocument, following: trio.CancelScope) -> None:
        """End when the program is gone, or writes elsewhere; it may be looked for."""
        while True:
            moved = self._system.loop.moved
            launch = self._system.config.launches.get(one.name)
            paths = () if launch is None else logs_of(launch.stdout, launch.stderr)
            if Path(one.path) not in paths:
                break
            await moved.wait()
        following.cancel()

    async def _output(self, one: LogDocument, data: bytes) -> None:
        output = OutputDocument(name=one.name, stream=one.stream, data=data)
        await self._tell("output", output)

    async def _tell(self, method: str, document: Document) -> None:
        await self._call.room()
        self._call.notify(method, document)


def _skipped(one: LogDocument, words: str) -> SkippedDocument:
    return SkippedDocument(name=one.name, stream=one.stream, words=words)


def _ended(one: LogDocument, problem: str | None = None) -> EndedDocument:
    return EndedDocument(name=one.name, stream=one.stream, problem=problem)
