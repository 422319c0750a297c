"""The deeds of the loop, each in a task of its own: one that fails harms no other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import trio

from selfhealingd import logs
from selfhealingd.core.effects import Order
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import Listening
from selfhealingd.gathering import Gatherer
from selfhealingd.observing import Observers
from selfhealingd.origins import Origins
from selfhealingd.runbooks import Runbooks
from selfhealingd.supervise.identity import Identity
from selfhealingd.supervise.runs import Runs
from selfhealingd.supervise.sockets.knocks import Knocks
from selfhealingd.supervise.watching.watching import Watching

log = logs.get("Supervisor")


@dataclass(kw_only=True)
class Hands:
    """Performs what the loop decided, in a nursery that outlives each program."""

    runs: Runs
    watching: Watching
    knocks: Knocks
    nursery: trio.Nursery
    origins: Origins
    observers: Observers
    runbooks: Runbooks
    gatherer: Gatherer

    def start(self, service: str, run: int, launch: Launch) -> None:
        """Start a run; its events come through the inbox."""
        self.origins.note(service, run, launch)
        # The thread that starts it needs no task of ours to run before it does.
        order = self.runs.begin(service, run, launch)
        live = partial(self.runs.live, service, run, launch, order)
        self.observers.start(service, run)
        self.nursery.start_soon(self._guard, service, run, live)

    async def adopt(
        self, service: str, run: int, identity: Identity, launch: Launch
    ) -> None:
        """Stay with a run that an earlier daemon started; returns once it is held."""
        held = trio.Event()

        async def stay() -> None:
            try:
                await self.runs.adopt(service, run, identity, launch, held)
            finally:
                held.set()

        self.nursery.start_soon(self._guard, service, run, stay)
        await held.wait()

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:
        """Signal a run's process or group."""
        if service in self.watching:
            self.watching.signal(service, run, signo)
        # What has become a watch may still run as a program.
        self.runs.signal(service, run, signo, group=group)

    def find(self, service: str, run: int, *, look: bool) -> None:
        """Start a run of a watch, or only look for it; its events come as others."""
        if service in self.watching:
            self.watching.start(service, run, look=look)
            self.observers.start(service, run)

    def order(self, service: str, order: Order, signo: int) -> None:
        """End a watch by its command, or where it has none by a signal."""
        if service in self.watching:
            self.watching.order(service, order, signo)

    def listen(
        self, service: str, sockets: tuple[Listening, ...], at: float | None
    ) -> None:
        """Send ``Knocked`` on the first connection from ``at`` on; None: on none."""
        if at is None:
            self.knocks.forget(service)
        else:
            self.nursery.start_soon(self._wait, service, sockets, at)

    def observe(self, service: str, run: int, pid: int | None) -> None:
        """Look whether a run is well from now on; ``pid`` None: no more."""
        self.observers.observe(service, run, pid)

    def gather(self, service: str, run: int, incident: str) -> None:
        """Keep an incident's evidence, then send ``Gathered``."""
        ends = self.gatherer.ends(service, run)
        self.nursery.start_soon(self.gatherer.gather, service, run, incident, ends)

    def command(
        self, service: str, incident: str, attempt: int, runbook: str | None
    ) -> None:
        """Carry out an attempt by a command, then send ``CommandEnded``."""
        self.nursery.start_soon(
            self.runbooks.carry_out, service, incident, attempt, runbook
        )

    async def _wait(
        self, service: str, sockets: tuple[Listening, ...], at: float
    ) -> None:
        try:
            await self.knocks.wait(service, sockets, at)
        except Exception:
            log.exception(f"{service}: a defect of ours ended the wait for a client")

    async def _guard(
        self, service: str, run: int, stay: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            await stay()
        except Exception:
            log.exception(f"{service}: a defect of ours ended the watch over run {run}")
            await self.runs.lose(service, run)
