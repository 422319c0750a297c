"""Ready by a line in the output: a program's logs are read from its start on."""

from pathlib import Path

import trio

from selfhealingd.core.launch import Launch
from selfhealingd.core.output import logs
from selfhealingd.search import Search, TooSlow
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.output.tail import Position, tail
from selfhealingd.supervise.readiness.witness import Witness


class Reading:
    """The gate of one run; ``since``: where each of its logs ended before its start."""

    def __init__(
        self,
        outputs: Outputs,
        pattern: str,
        since: dict[Path, Position],
        launch: Launch,
        witness: Witness,
    ) -> None:
        self.launch = launch
        self._outputs = outputs
        self._pattern = pattern
        self._since = since
        self._witness = witness

    @classmethod
    async def prepare(
        cls, outputs: Outputs, pattern: str, launch: Launch, witness: Witness
    ) -> "Reading":
        """Note where the logs end now. Raises OutputError."""
        paths = logs(launch.stdout, launch.stderr)
        since = await trio.to_thread.run_sync(
            lambda: {path: tail(path, lines=0).position for path in paths}
        )
        return cls(outputs, pattern, since, launch, witness)

    async def watch(self, child: Child) -> None:  # noqa: ARG002 - the logs are its own
        """Read until the line has come in one of the logs."""
        async with trio.open_nursery() as nursery:
            for path, since in self._since.items():
                nursery.start_soon(self._read, path, since, nursery)

    def close(self) -> None:
        """Nothing was made."""

    async def _read(self, path: Path, since: Position, nursery: trio.Nursery) -> None:
        search = Search(self._pattern)
        try:
            with self._outputs.follow(path, since) as follower:
                async for data in follower:
                    if search.feed(data):
                        await self._witness.ready()
                        nursery.cancel_scope.cancel()
                        return
        except TooSlow:
            await self._witness.unready(
                f"looking for /{self._pattern}/ in its output takes too long; a pattern"
                " with a repetition inside of another one does"
            )
        except OutputError as error:
            await self._witness.unready(str(error))
