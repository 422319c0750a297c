"""Ready by an answer: a probe is asked again and again until all is well."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio

from selfhealingd.core.ask import Answer, Ask, Outcome
from selfhealingd.core.launch import Launch
from selfhealingd.core.readiness import Readiness
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.readiness.witness import Witness

Asks: TypeAlias = Callable[[Ask, Launch, float], Awaitable[Answer]]
"""Returns what comes of asking, within so many seconds, as the launch's program."""

_FIRST_PAUSE = 0.05
"""Seconds after the first answer; it doubles from one to the next, up to ``period``."""


class Asking:
    """The gate of one run that answers when it is ready."""

    def __init__(
        self,
        ask: Ask,
        asks: Asks,
        readiness: Readiness,
        launch: Launch,
        witness: Witness,
    ) -> None:
        self.launch = launch
        self._ask = ask
        self._asks = asks
        self._readiness = readiness
        self._witness = witness

    async def watch(self, child: Child) -> None:  # noqa: ARG002 - its answer is enough
        """Ask until the answer is that all is well."""
        pause = _FIRST_PAUSE
        while True:
            answer = await self._asks(self._ask, self.launch, self._readiness.timeout)
            if answer.outcome is Outcome.OK:
                break
            await self._witness.unready(answer.words)
            await trio.sleep(min(pause, self._readiness.period))
            pause *= 2
        await self._witness.ready()

    def close(self) -> None:
        """Nothing was made."""
