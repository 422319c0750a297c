"""What a run has to show to be ready, from before its start to its end."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from selfhealingd.core.events import Event
from selfhealingd.core.launch import Launch, notify_socket
from selfhealingd.core.readiness import Line, Notify, Readiness, Tcp, Unix
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.readiness.lines import Reading
from selfhealingd.supervise.readiness.listener import Trying
from selfhealingd.supervise.readiness.notify import Hearing
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


class Gates:
    """Makes the gate of each run, by what its launch says of readiness.

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
    ) -> None:
        self._runtime_dir = runtime_dir
        self._outputs = outputs
        self._report = report
        self._trouble = trouble
        self._say = say

    async def prepare(
        self, service: str, run: int, launch: Launch, readiness: Readiness
    ) -> Gate:
        """Make ready for a run that is about to start, or to be adopted.

        Raises SpawnError or OutputError.
        """
        witness = Witness(
            service,
            run,
            report=self._report,
            trouble=self._trouble,
            say=self._say,
        )
        match readiness.sign:
            case Notify():
                path = notify_socket(self._runtime_dir, service)
                return await Hearing.prepare(path, launch, witness)
            case Line(pattern=pattern):
                return await Reading.prepare(self._outputs, pattern, launch, witness)
            case Tcp() | Unix() as place:
                return await Trying.prepare(place, readiness, launch, witness)


class Open:
    """The gate of a run that has nothing to show."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch

    async def watch(self, child: Child) -> None:
        """There is nothing to look for."""

    def close(self) -> None:
        """There is nothing to clear away."""
