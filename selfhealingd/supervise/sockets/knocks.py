"""Waits for clients of programs that are down."""

import os
from collections.abc import Awaitable, Callable, Iterable

import trio

from selfhealingd.core.events import Event, Knocked
from selfhealingd.core.listening import Listening
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.sockets.pool import Sockets


class Knocks:
    """Reports the first client of each program that waits for one.

    It is left in the queue, for the program to accept.
    """

    def __init__(
        self, sockets: Sockets, report: Callable[[Event], Awaitable[None]]
    ) -> None:
        self._sockets = sockets
        self._report = report
        self._watches: dict[str, trio.CancelScope] = {}

    def forget(self, service: str) -> None:
        """Wait for no client any more."""
        watch = self._watches.pop(service, None)
        if watch is not None:
            watch.cancel()

    async def wait(self, service: str, sockets: Iterable[Listening], at: float) -> None:
        """Wait for a client from ``at`` on and report it, unless it is forgotten."""
        self.forget(service)
        with trio.CancelScope() as watch:
            self._watches[service] = watch
            await trio.sleep_until(at)
            opened = await self._connected(sockets)
            now = trio.current_time()
            await self._report(Knocked(at=now, service=service, opened=opened))
        if self._watches.get(service) is watch:
            del self._watches[service]

    async def _connected(self, sockets: Iterable[Listening]) -> bool:
        """Return when somebody connected, or False when that isn't possible."""
        try:
            # Copies of our own: others may wait for the same socket, and epoll tells
            # them apart by these.
            lent = [os.dup(fd) for fd in await self._sockets.lend(sockets)]
        except (SpawnError, OSError):  # the latter: there is no descriptor left
            return False
        try:
            async with trio.open_nursery() as nursery:
                for fd in lent:
                    nursery.start_soon(_first, fd, nursery.cancel_scope)
        finally:
            for fd in lent:
                os.close(fd)
        return True


async def _first(fd: int, others: trio.CancelScope) -> None:
    await trio.lowlevel.wait_readable(fd)
    others.cancel()
