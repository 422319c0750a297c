"""What an earlier daemon left: its lock, and programs that run on without it."""

import math
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import trio

from selfhealingd import logs
from selfhealingd.clock import boottime
from selfhealingd.config.settings import Config
from selfhealingd.core.adoption import Survivor, Survivors
from selfhealingd.core.policy import Program
from selfhealingd.core.spans import span
from selfhealingd.handoff import Handoff
from selfhealingd.problems import Problems
from selfhealingd.store.atomic import make_folder, remove_stale
from selfhealingd.store.lock import Held, Lock, hold, take_over
from selfhealingd.supervise.identity import age, boot_id
from selfhealingd.supervise.leftovers import (
    DEFAULT_GRACE,
    Leftover,
    Recorded,
    find,
    kill_at_once,
    stop_leftovers,
)
from selfhealingd.supervise.notes import Notes, latest
from selfhealingd.supervise.rivals import number, rival
from selfhealingd.supervise.survey import sort_out

log = logs.get("Supervisor")

ROUNDS = 3

_COMMANDS = ""
"""Stands for what is of no program: commands that heal or ask, and tasks."""


def instance(config: Config) -> str:
    """The mark of this daemon's programs: its state folder, told apart from others'.

    By device and inode as well, since in another container the same path is another
    folder, and its programs are none of ours.
    """
    folder = config.daemon.state_dir.resolve()
    return f"{folder}#{number(folder)}"


def output_folder(config: Config) -> Path:
    """Return where this daemon's FIFOs are: daemons may share a runtime folder."""
    return config.daemon.runtime_dir / number(config.daemon.state_dir)


def hold_state(config: Config, handoff: Handoff | None = None) -> Lock:
    """Make the folders, and see to it that the state is ours alone.

    Raises Held where it isn't, StoreError where it can't be used.
    """
    for folder in (config.daemon.state_dir, config.daemon.runtime_dir):
        make_folder(folder, 0o755 if os.geteuid() == 0 else 0o700)
    path = config.daemon.state_dir / "lock"
    lock = (take_over(path, handoff.lock) if handoff else None) or hold(path)
    other = rival(path.resolve())
    if other is not None:
        lock.release()
        raise Held(path, other, deleted=True)
    remove_stale(config.daemon.state_dir)
    return lock


class Inheritance:
    """Processes of an earlier daemon: programs that run on, and leftovers.

    Leftovers are found at once, and ended beside everything else. Their program comes
    up only when nothing of them is left, so that it never runs twice; other programs
    don't wait for it.
    """

    def __init__(self, config: Config) -> None:
        self._mark = instance(config)
        self._programs: Mapping[str, Program] = config.policy.programs
        self._boot = boot_id()
        self.notes = Notes(output_folder(config), self._boot)
        """What the state file can't know yet."""
        self._recorded: tuple[Recorded, ...] = ()
        self._began = math.inf
        self._left: dict[str, list[Leftover]] = {}
        self.leaders: Mapping[str, Leftover] = {}
        """Programs that run on, by name."""
        self.ended = trio.Event()
        """Set once all leftovers are gone, or will not go."""
        self.commands_ended = trio.Event()
        """The same, of what commands and tasks left."""

    async def look(
        self, recorded: Mapping[str, Recorded], uids: Mapping[str, int]
    ) -> Survivors:
        """Find what runs on, and who is left over; to be done once.

        ``uids``: whom programs run as, where that is not us.
        """
        mine = latest(
            {name: one for name, one in recorded.items() if one.boot == self._boot},
            await trio.to_thread.run_sync(lambda: [*self.notes.read()]),
        )
        self._recorded = tuple(mine.values())
        self._began = boottime()
        found = await find(self._recorded, self._mark, self._boot)
        survey = sort_out(found, mine, uids, uid=os.geteuid())
        self.leaders = survey.leaders
        self._left = _by_program(survey.leftovers)
        if _COMMANDS not in self._left:
            self.commands_ended.set()
        now = trio.current_time()
        return {
            name: Survivor(
                run=leader.run or 0,
                pid=leader.pid,
                started=leader.started,
                at=now - age(leader.identity),
            )
            for name, leader in self.leaders.items()
        }

    def take_over(self, programs: Mapping[str, Program]) -> None:
        """Know by these how leftovers are ended."""
        self._programs = programs

    def deadlines(self) -> dict[str, float]:
        """Which programs have something left, and until when it may end by itself."""
        now = trio.current_time()
        names = self._left.keys() & self._programs.keys()
        return {name: now + self._programs[name].stopwaitsecs for name in names}

    def left(self) -> dict[str, int]:
        """Of how many processes of each program the end is awaited."""
        return {name: len(left) for name, left in self._left.items()}

    def pids(self) -> list[int]:
        """Return whom there was at the look: programs that run on, and leftovers."""
        left = [one for of_program in self._left.values() for one in of_program]
        return [one.pid for one in (*self.leaders.values(), *left)]

    def kill(self) -> None:
        """End at once what is left over."""
        for left in self._left.values():
            kill_at_once(left)

    async def end(
        self, emptied: Callable[[str], Awaitable[None]], problems: Problems
    ) -> None:
        """Stop all of it; ``emptied`` is told each program of which nothing is left."""
        async with trio.open_nursery() as nursery:
            for name in self._left:
                nursery.start_soon(self._end_program, name, emptied, problems)
        self.ended.set()

    async def _end_program(
        self, name: str, emptied: Callable[[str], Awaitable[None]], problems: Problems
    ) -> None:
        # What is being stopped may fork meanwhile, so one look is not enough.
        for _ in range(ROUNDS):
            self._tell(name, problems)
            await stop_leftovers(self._left[name], grace={name: self._grace(name)})
            self._left[name] = await self._look_again(name)
            if not self._left[name]:
                problems.clear(f"leftover-{name}")
                if name == _COMMANDS:
                    self.commands_ended.set()
                if name in self._programs:
                    await emptied(name)
                return
        if name == _COMMANDS:
            self.commands_ended.set()
        problems.set(
            f"leftover-{name}",
            f"{name or 'a process'} of an earlier daemon did not end on SIGKILL; it is"
            " not started again, as it would run twice",
            f"see what holds it: cat /proc/{self._left[name][0].pid}/wchan",
            critical=True,
        )

    def _tell(self, name: str, problems: Problems) -> None:
        pids = [str(one.pid) for one in self._left[name]]
        seconds = self._grace(name)[1]
        words = (
            f"stopping what an earlier daemon left running, SIGKILL in"
            f" {span(seconds)}: pid {', '.join(pids)}"
        )
        log.warning(f"{name or 'a task'}: {words}")
        problems.set(
            f"leftover-{name}",
            f"{name or 'a task'}: {words}",
            f"wait; or see who that is: ps -o pid,ppid,etime,args -p {','.join(pids)}",
        )

    def _grace(self, name: str) -> tuple[int, float]:
        program = self._programs.get(name)
        if program is None:
            return DEFAULT_GRACE
        return program.stopsignal, program.stopwaitsecs

    async def _look_again(self, name: str) -> list[Leftover]:
        """Find who is left now; what was started since is none of it."""
        before = self._left[name]
        runs = [one.run for one in before if one.run is not None]
        sessions = {one.session for one in before}
        return [
            one
            for one in await find(self._recorded, self._mark, self._boot)
            if one.program == name
            and (
                one.session in sessions
                or (one.run is not None and one.run <= max(runs, default=0))
                or age(one.identity) > boottime() - self._began
            )
        ]


def _by_program(leftovers: Iterable[Leftover]) -> dict[str, list[Leftover]]:
    found: dict[str, list[Leftover]] = {}
    for one in leftovers:
        found.setdefault(one.program, []).append(one)
    return found
