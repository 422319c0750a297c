"""The deeds of the loop, each in a task of its own: one that fails harms no other."""

from functools import partial

import trio

from selfhealingd import logs
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import Listening
from selfhealingd.supervise.runs import Runs
from selfhealingd.supervise.sockets.knocks import Knocks

log = logs.get("Supervisor")


class Hands:
    """Performs what the loop decided, in a nursery that outlives each program."""

    def __init__(self, runs: Runs, knocks: Knocks, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._runs = runs
        self._knocks = knocks

    def start(self, service: str, run: int, launch: Launch) -> None:
        """Start a run; its events come through the inbox."""
        self._nursery.start_soon(partial(self._live, service, run, launch))

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:
        """Signal a run's process or group."""
        self._runs.signal(service, run, signo, group=group)

    def listen(
        self, service: str, sockets: tuple[Listening, ...], at: float | None
    ) -> None:
        """Send ``Knocked`` on the first connection from ``at`` on; None: on none."""
        if at is None:
            self._knocks.forget(service)
        else:
            self._nursery.start_soon(self._wait, service, sockets, at)

    async def _wait(
        self, service: str, sockets: tuple[Listening, ...], at: float
    ) -> None:
        try:
            await self._knocks.wait(service, sockets, at)
        except Exception:
            log.exception(f"{service}: a defect of ours ended the wait for a client")

    async def _live(self, service: str, run: int, launch: Launch) -> None:
        try:
            await self._runs.live(service, run, launch)
        except Exception:
            log.exception(f"{service}: a defect of ours ended the watch over run {run}")
            await self._runs.lose(service, run)
