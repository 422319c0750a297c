"""What an earlier daemon left: its lock, and programs that run on without it."""

import math
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from selfhealingd import logs
from selfhealingd.clock import boot_id
from selfhealingd.config.settings import Config
from selfhealingd.core.spans import span
from selfhealingd.problems import Problems
from selfhealingd.store.atomic import make_folder, remove_stale
from selfhealingd.store.lock import Lock, hold
from selfhealingd.supervise.leftovers import (
    DEFAULT_GRACE,
    Leftover,
    Recorded,
    find,
    stop_leftovers,
)

log = logs.get("Supervisor")

ROUNDS = 3


def instance(config: Config) -> str:
    """The mark of this daemon's programs: its state folder, told apart from others'.

    By device and inode as well, since in another container the same path is another
    folder, and its programs are none of ours.
    """
    folder = config.daemon.state_dir.resolve()
    return f"{folder}#{_number(folder)}"


def output_folder(config: Config) -> Path:
    """Return where this daemon's FIFOs are: daemons may share a runtime folder."""
    return config.daemon.runtime_dir / _number(config.daemon.state_dir)


def _number(folder: Path) -> str:
    status = folder.stat()
    return f"{status.st_dev:x}.{status.st_ino:x}"


def hold_state(config: Config) -> Lock:
    """Make the folders, and see to it that the state is ours alone."""
    for folder in (config.daemon.state_dir, config.daemon.runtime_dir):
        make_folder(folder, 0o755 if os.geteuid() == 0 else 0o700)
    lock = hold(config.daemon.state_dir / "lock")
    remove_stale(config.daemon.state_dir)
    return lock


class Inheritance:
    """Processes of an earlier daemon: found at once, ended beside everything else.

    A program comes up only when nothing is left of its former run, so that it never
    runs twice; other programs don't wait for it.
    """

    def __init__(self, config: Config, recorded: tuple[Recorded, ...]) -> None:
        self._mark = instance(config)
        self._programs = config.policy.programs
        self._recorded = recorded
        self._boot = boot_id()
        self._found: list[Leftover] = []
        self._looked = -math.inf
        self._looking = trio.Lock()
        self.ended = trio.Event()
        """Set once all of it is gone, or will not go."""

    async def look(self) -> list[Leftover]:
        """Find what there is now; those who ask at the same time share one look."""
        asked = trio.current_time()
        async with self._looking:
            if self._looked <= asked:
                self._looked = trio.current_time()
                self._found = await find(self._recorded, self._mark, self._boot)
        return self._found

    async def deadlines(self) -> dict[str, float]:
        """Which programs have something left, and until when it may end by itself."""
        now = trio.current_time()
        names = {one.program for one in await self.look()} & self._programs.keys()
        return {name: now + self._programs[name].stopwaitsecs for name in names}

    async def end(
        self, emptied: Callable[[str], Awaitable[None]], problems: Problems
    ) -> None:
        """Stop all of it; ``emptied`` is told each program of which nothing is left."""
        async with trio.open_nursery() as nursery:
            for name in {one.program for one in self._found}:
                nursery.start_soon(self._end_program, name, emptied, problems)
        self.ended.set()

    async def _end_program(
        self, name: str, emptied: Callable[[str], Awaitable[None]], problems: Problems
    ) -> None:
        grace = {
            name: (program.stopsignal, program.stopwaitsecs)
            for name, program in self._programs.items()
        }
        left = [one for one in self._found if one.program == name]
        # What is being stopped may fork meanwhile, so one look is not enough.
        for _ in range(ROUNDS):
            pids = ", ".join(str(one.pid) for one in left)
            shown = name or "a task"
            seconds = grace.get(name, DEFAULT_GRACE)[1]
            log.warning(
                f"{shown}: stopping what an earlier daemon left running, SIGKILL in"
                f" {span(seconds)}: pid {pids}"
            )
            await stop_leftovers(left, grace=grace)
            left = [one for one in await self.look() if one.program == name]
            if not left:
                if name in self._programs:
                    await emptied(name)
                return
        problems.set(
            f"leftover-{name}",
            f"{name or 'a process'} of an earlier daemon did not end on SIGKILL; it is"
            " not started again, as it would run twice",
            f"see what holds it: cat /proc/{left[0].pid}/wchan",
            critical=True,
        )
