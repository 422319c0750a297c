"""What a run has to show to be ready, from before its start to its end."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import trio
from msgspec import UNSET

from selfhealingd.core.ask import Answer, Ask
from selfhealingd.core.events import Event
from selfhealingd.core.launch import Launch, notify_socket
from selfhealingd.core.readiness import Answers, Line, Notify, Readiness, Tcp, Unix
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.readiness.asking import Asking
from selfhealingd.supervise.readiness.lines import Reading
from selfhealingd.supervise.readiness.listener import Trying
from selfhealingd.supervise.readiness.notify import Beats, Hearing
from selfhealingd.supervise.readiness.witness import Witness


class Gate(Protocol):
    """Of one run: prepared before its start, closed after its end."""

    @property
    def launch(self) -> Launch:
        """What to start, with what the program needs to pass."""

    async def watch(self, child: Child) -> None:
        """Tell what the run shows; may go on until it is cancelled."""

    def close(self) -> None:
        """Clear away what was prepared, once nobody watches."""


class Prober(Protocol):
    """Who can ask a program how it is, and judges by its heartbeats."""

    async def ask(self, ask: Ask, launch: Launch, seconds: float) -> Answer:
        """Return what comes of asking, within so many seconds."""

    def beat(self, service: str, run: int) -> None:
        """Take in that a run sent ``WATCHDOG=1``."""

    def fail(self, service: str, run: int) -> None:
        """Take in that a run sent ``WATCHDOG=trigger``."""


class Gates:
    """Makes the gate of each run, by what its launch says of readiness and heartbeats.

    ``report`` takes events, ``trouble`` what does not count and why, and ``say`` a
    program's status in its own words, None once there is none.
    """

    def __init__(
        self,
        runtime_dir: Path,
        outputs: Outputs,
        *,
        report: Callable[[Event], Awaitable[None]],
        trouble: Callable[[str, str], None],
        say: Callable[[str, str | None], None],
        prober: Prober,
    ) -> None:
        self._prober = prober
        self._runtime_dir = runtime_dir
        self._outputs = outputs
        self._report = report
        self._trouble = trouble
        self._say = say

    @staticmethod
    def needed(launch: Launch) -> bool:
        """Whether there is anything to ``prepare`` and watch for."""
        return launch.readiness is not None or launch.speaks

    async def prepare(self, service: str, run: int, launch: Launch) -> Gate:
        """Make ready for a run that is about to start, or to be adopted.

        Raises SpawnError or OutputError.
        """
        readiness = launch.readiness
        sign = None if readiness is None else readiness.sign
        witness = Witness(
            service,
            run,
            report=self._report,
            trouble=self._trouble,
            say=self._say,
            by_word=isinstance(sign, Notify),
        )
        gate: Gate = Open(launch)
        if launch.speaks:
            path = notify_socket(self._runtime_dir, service)
            beats = Beats(
                beat=partial(self._prober.beat, service, run),
                fail=partial(self._prober.fail, service, run),
            )
            gate = await Hearing.prepare(path, launch, witness, beats)
        if readiness is None or isinstance(sign, Notify):
            return gate
        try:
            return Both(gate, await self._seen(readiness, gate.launch, witness))
        except BaseException:
            gate.close()
            raise

    async def _seen(
        self, readiness: Readiness, launch: Launch, witness: Witness
    ) -> Gate:
        """Return the gate that looks for a sign from outside."""
        match readiness.sign:
            case Line(pattern=pattern):
                return await Reading.prepare(self._outputs, pattern, launch, witness)
            case Tcp() | Unix() as place:
                return await Trying.prepare(place, readiness, launch, witness)
            case Answers() if launch.asks is not UNSET:
                asks = self._prober.ask
                return Asking(launch.asks, asks, readiness, launch, witness)
            case _:
                raise AssertionError(readiness)


class Open:
    """The gate of a run that has nothing to show."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch

    async def watch(self, child: Child) -> None:
        """There is nothing to look for."""

    def close(self) -> None:
        """There is nothing to clear away."""


class Both:
    """Two gates of one run; its launch is that of the second."""

    def __init__(self, first: Gate, second: Gate) -> None:
        self.launch = second.launch
        self._gates = (first, second)

    async def watch(self, child: Child) -> None:
        """Look for what both look for."""
        async with trio.open_nursery() as nursery:
            for gate in self._gates:
                nursery.start_soon(gate.watch, child)

    def close(self) -> None:
        """Clear away what was prepared for either."""
        for gate in self._gates:
            gate.close()
