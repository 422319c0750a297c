"""The deeds of the loop, each in a task of its own: one that fails harms no other."""

from functools import partial

import trio

from selfhealingd import logs
from selfhealingd.core.launch import Launch
from selfhealingd.supervise.runs import Runs

log = logs.get("Supervisor")


class Hands:
    """Performs what the loop decided, in a nursery that outlives each program."""

    def __init__(self, runs: Runs, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._runs = runs

    def start(self, service: str, run: int, launch: Launch) -> None:
        """Start a run; its events come through the inbox."""
        self._nursery.start_soon(partial(self._live, service, run, launch))

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:
        """Signal a run's process or group."""
        self._runs.signal(service, run, signo, group=group)

    async def _live(self, service: str, run: int, launch: Launch) -> None:
        try:
            await self._runs.live(service, run, launch)
        except Exception:
            log.exception(f"{service}: a defect of ours ended the watch over run {run}")
            await self._runs.lose(service, run)
