"""What the prober needs of the other rooms: to run commands, and to follow logs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Self

from selfhealingd.core.events import Event
from selfhealingd.core.launch import Launch
from selfhealingd.core.probe import Probes
from selfhealingd.observe.pressure import Pressure
from selfhealingd.observe.probes.asking import Asker
from selfhealingd.observe.probes.command import Ended
from selfhealingd.observe.probes.lines import CannotRead
from selfhealingd.observe.probes.prober import Prober, Senses
from selfhealingd.supervise.environment import INSTANCE, TASK
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.follow import Follower
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.run import DISCREET, run_to_end

_TAIL = 1024


def prober(
    mark: str,
    outputs: Outputs,
    launch: Callable[[str], Launch],
    report: Callable[[Event], Awaitable[None]],
    probes: Mapping[str, Probes],
) -> Prober:
    """Make the one that asks how services are, by ``probes``; it has to be run."""

    async def run(command: Launch, seconds: float) -> Ended:
        marks = {INSTANCE: mark, TASK: f"probe {command.argv[0]}"}
        try:
            ran = await run_to_end(command, marks, timeout=seconds, output_limit=_TAIL)
        except SpawnError as error:
            return Ended(problem=str(error))
        return Ended(
            code=ran.code,
            signal=ran.signal,
            timed_out=ran.timed_out,
            tail=ran.told,
            left=len(ran.survivors),
        )

    @contextmanager
    def follow(path: Path) -> Iterator[AsyncIterator[bytes]]:
        with outputs.follow(path) as follower:
            yield _Pieces(follower)

    pressure = Pressure()
    senses = Senses(
        asker=Asker(run, pressure),
        pressure=pressure,
        launch=launch,
        follow=follow,
        hear=outputs.hear,
        stuck=lambda service: service in outputs.waiting(),
        discreet=DISCREET.get(),
    )
    spread = Random()  # noqa: S311 - it only spreads work over time
    made = Prober(senses, report, spread)
    made.put(probes)
    return made


class _Pieces:
    """What a follower gives; no generator, as that would have to be closed."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._follower)
        except OutputError as error:
            raise CannotRead(str(error)) from error
