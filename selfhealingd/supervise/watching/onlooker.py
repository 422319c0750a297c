"""Watchers that touch nothing: they look, and say what they would do.

A start that is only said is taken to have led to a process, whose pid is ``NOBODY``.
"""

from collections.abc import Callable, Mapping
from functools import partial

import trio

from selfhealingd.core.effects import Order
from selfhealingd.core.launch import Launch
from selfhealingd.core.watch import Watch
from selfhealingd.supervise.identity import Identity, read_stat
from selfhealingd.supervise.watching.sight import Down, Eye, Sight, Up
from selfhealingd.supervise.watching.watcher import Around, Watcher
from selfhealingd.supervise.watching.watching import Watching

NOBODY = 0
"""The pid of a process that there isn't."""

LOOK_SECS = 1.0

Say = Callable[[str, str], None]
Recall = Callable[[str], Identity | None]


class Remembered:
    """Finds a program's process by what another daemon wrote down of it."""

    def __init__(self, recall: Callable[[], Identity | None]) -> None:
        self._recall = recall

    async def look(self) -> Sight:
        """Say whether that process is still there."""
        found = await trio.to_thread.run_sync(self._recall, abandon_on_cancel=True)
        if found is not None:
            stat = read_stat(found.pid)
            if stat is not None and stat.identity == found and not stat.gone:
                return Up(found)
        return Down("no other daemon runs it")

    async def news(self) -> None:
        """Wait a moment."""
        await trio.sleep(LOOK_SECS)

    def died(self, identity: Identity) -> None:
        """That process is seen to be gone."""


class Onlooker(Watcher):
    """Looks as a watcher does. ``say`` takes what it would do instead of doing it."""

    def __init__(
        self, name: str, watch: Watch, eye: Eye, around: Around, say: Say
    ) -> None:
        super().__init__(name, watch, eye, around, run=0, up=False)
        self._say = say

    def order(self, order: Order, signo: int) -> None:
        """Nothing: who orders says so."""

    def signal(self, signo: int) -> None:
        """Nothing: who signals says so."""

    async def _move(
        self,
        launch: Launch | None,
        limit: trio.CancelScope,  # noqa: ARG002
    ) -> str | None:
        command = "nothing says how" if launch is None else " ".join(launch.argv)
        self._say(self._name, f"would start it: {command}; taken to be up from now on")
        if self._owed:
            self._owed = False
            await self._reports.spawned(self.run, NOBODY)
        return None


class Onlookers(Watching):
    """One for each service; a program's process is what ``recall`` knows of it."""

    def __init__(self, around: Around, recall: Recall, say: Say) -> None:
        super().__init__(around)
        self._recall = recall
        self._say = say
        self._programs: frozenset[str] = frozenset()

    def look_at(
        self, watches: Mapping[str, Watch], programs: Mapping[str, Watch]
    ) -> None:
        """Look at these, from their first run on."""
        self._programs = frozenset(programs)
        self.sync({**watches, **programs}, {})

    def _watcher(self, name: str, watch: Watch, *, run: int, up: bool) -> Watcher:  # noqa: ARG002
        eye = self._eye(watch)
        if name in self._programs:
            eye = Remembered(partial(self._recall, name))
        return Onlooker(name, watch, eye, self._around, self._say)
