"""What the service manager hears from a daemon: how it is, and that it is alive."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from selfhealingd import systemd
from selfhealingd.core.summary import summary
from selfhealingd.status import problems
from selfhealingd.system import System

CALM_SECS = 1.0
"""A status line is for people: nobody reads more than one a second."""

BEAT_SECS = 10.0
"""How often life is shown where no watchdog asks for it."""

PATIENCE_SECS = 45.0
"""What is asked for, again at each beat, while stopping takes its time."""


class Reporting:
    """Reports to whoever the environment names; ``watchdog``: its limit in seconds."""

    def __init__(
        self, system: System, notifier: systemd.Notifier, *, watchdog: float | None
    ) -> None:
        self._system = system
        self._notifier = notifier
        self._up = False
        self._beat = min(BEAT_SECS, math.inf if watchdog is None else watchdog / 2)

    async def ready(self) -> None:
        """Say that all is up (again), and how it is."""
        self._up = True
        await self._notifier.tell(systemd.READY, self._status())

    @asynccontextmanager
    async def reloading(self) -> AsyncIterator[None]:
        """Say that config and flags are read, for the block."""
        if not self._up:  # who begins is not ready because a reload is over
            yield
            return
        await self._notifier.tell(*systemd.reloading())
        yield
        await self.ready()

    async def stopping(self) -> None:
        """Say that the end has begun."""
        more = systemd.extend_timeout(PATIENCE_SECS)
        await self._notifier.tell(systemd.STOPPING, more, self._status())

    async def run(self) -> None:
        """Show status and life until cancelled; ends at once where nobody looks."""
        if not self._notifier.listening:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._show_status)
            nursery.start_soon(self._show_life)

    def _status(self) -> str:
        line = summary(self._system.loop.host, problems(self._system))
        return systemd.status(line)

    async def _show_status(self) -> None:
        told = ""
        while True:
            moved, changed = self._system.loop.moved, self._system.problems.changed
            line = self._status()
            if line != told:
                await self._notifier.tell(line)
                told = line
            with trio.move_on_after(self._beat):  # no event tells how the disk is
                await _either(moved, changed)
            await trio.sleep(CALM_SECS)

    async def _show_life(self) -> None:
        """Beat only while the loop decides, and what it decided is told.

        A disk that hangs is no reason to be killed: healing goes on without it, and
        a new daemon would fare no better. What waits for it is let go by the keeper.
        """
        while True:
            await self._system.loop.pulse()
            life = [systemd.ALIVE]
            if self._system.shutdown_asked.is_set():
                life.append(systemd.extend_timeout(PATIENCE_SECS))
            await self._notifier.tell(*life)
            await trio.sleep(self._beat)


async def _either(one: trio.Event, other: trio.Event) -> None:
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(wait, one)
        nursery.start_soon(wait, other)
