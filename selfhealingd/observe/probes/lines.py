"""Lines in a program's logs that say that it has failed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import trio

from selfhealingd.core.ask import failed, ok, unknown
from selfhealingd.observe.probes.case import Case
from selfhealingd.search import Search, TooSlow

Follow: TypeAlias = Callable[[Path], AbstractContextManager[AsyncIterator[bytes]]]
"""Gives what is added to a log from now on; the iterator raises CannotRead."""

_SHOWN = 200


class CannotRead(Exception):
    """The log can't be read; says why."""


async def search(
    case: Case, pattern: str, paths: tuple[Path, ...], follow: Follow
) -> None:
    """Judge by whether such lines are written, until cancelled.

    Each is a failure; each ``period`` without one is a success. What can't be read, or
    looked through, is unknown from then on: there may be such lines.
    """
    seen = [trio.current_time()]
    given_up: list[str] = []

    async def read(path: Path) -> None:
        looking = Search(pattern)
        try:
            with follow(path) as pieces:
                async for data in pieces:
                    if looking.feed(data):
                        seen[0] = trio.current_time()
                        line = looking.line[:_SHOWN]
                        await case.take(failed(f"it wrote: {line}", "a line"))
        except TooSlow:
            given_up.append(f"looking for /{pattern}/ in its output takes too long")
            await case.take(unknown(given_up[0]))
        except CannotRead as error:
            given_up.append(str(error))
            await case.take(unknown(given_up[0]))

    async with trio.open_nursery() as nursery:
        for path in paths:
            nursery.start_soon(read, path)
        while True:
            quiet_at = seen[0] + case.probe.period
            if trio.current_time() < quiet_at:
                await trio.sleep_until(quiet_at)
            else:
                seen[0] = trio.current_time()
                nothing = unknown(given_up[0]) if given_up else ok("no such line")
                await case.take(nothing)
