"""What is reported of one watch's process: that it is there, or is not."""

from collections.abc import Awaitable, Callable

import trio

from selfhealingd.core.events import Appeared, Event, Exited, Spawned, SpawnFailed
from selfhealingd.core.exits import Exit
from selfhealingd.supervise.identity import Identity


class Reports:
    """Makes the events of one watch, as of now, and hands them to ``report``."""

    def __init__(self, name: str, report: Callable[[Event], Awaitable[None]]) -> None:
        self._name = name
        self._report = report

    async def spawned(self, run: int, pid: int, started: int | None = None) -> None:
        """Report that a start which was asked for has led to this process."""
        await self._report(
            Spawned(
                at=trio.current_time(),
                service=self._name,
                run=run,
                pid=pid,
                started=started,
            )
        )

    async def appeared(self, run: int, identity: Identity) -> None:
        """Report that this process is there, which nobody asked us for."""
        await self._report(
            Appeared(
                at=trio.current_time(),
                service=self._name,
                run=run,
                pid=identity.pid,
                started=identity.started,
            )
        )

    async def failed(self, run: int, problem: str) -> None:
        """Report that a start led to no process."""
        await self._report(
            SpawnFailed(
                at=trio.current_time(), service=self._name, run=run, problem=problem
            )
        )

    async def exited(self, run: int, end: Exit, *, meant: bool) -> None:
        """Report that there is no process any more; ``meant``: as others wanted it."""
        await self._report(
            Exited(
                at=trio.current_time(),
                service=self._name,
                run=run,
                exit=end,
                meant=meant,
            )
        )
