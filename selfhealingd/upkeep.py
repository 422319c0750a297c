"""The daemon's own periodic tasks: few, and none of them a matter of life."""

import os
import shlex
import stat
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import trio

from selfhealingd import logs
from selfhealingd.config.settings import Config
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import Elsewhere, LogTo
from selfhealingd.core.probe import LogLine, Probes
from selfhealingd.core.tailing import followable
from selfhealingd.door import Door
from selfhealingd.observe.probes.asking import CONNECTIONS_AT_ONCE
from selfhealingd.observe.sampler import Sampler
from selfhealingd.problems import Problems
from selfhealingd.store.atomic import make_folder
from selfhealingd.store.errors import StoreError
from selfhealingd.store.lock import Held, Lock
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.strangers import strangers
from selfhealingd.tasks import SAMPLE, SELF_CHECK, STRAY_CHECK, Task

SELF_CHECK_SECS = 10.0
SWEEP_SECS = 60.0
"""A sweep waits 2 s for each file system that hangs; more than this is a defect."""
SPARE_DESCRIPTORS = 300
"""For clients and the logs that they follow, spawns under way, state, journal, and what
the interpreter needs."""
WEB_DESCRIPTORS = 160
"""For those who are connected over HTTP, and the logs that they follow."""

_SHOWN = 3


def own_tasks(
    config: Config,
    door: Door,
    lock: Lock,
    problems: Problems,
    store_problem: Callable[[], str | None],
    sampler: Sampler,
    *also: Callable[[], Awaitable[None]],
) -> Iterator[Task]:
    """All of them, ready to be registered.

    ``also``: what others have to look at now and then.
    """
    store = StoreWatch()

    async def self_check() -> None:
        store.look(store_problem())
        check_state(lock, problems)
        check_door(door)
        await check_damaged(config.daemon.state_dir, problems)
        for look in also:
            await look()

    async def stray_check() -> None:
        await check_strangers(problems)

    yield Task(id=SELF_CHECK, every=SELF_CHECK_SECS, run=self_check)
    yield Task(id=STRAY_CHECK, every=SELF_CHECK_SECS, run=stray_check)
    yield Task(id=SAMPLE, every=sampler.interval, run=sampler.sweep, timeout=SWEEP_SECS)


def check_door(door: Door) -> None:
    """Let clients in again if somebody removed the control socket."""
    if door.ours:
        return
    problem = door.reopen()
    log = logs.get("Control")
    if problem is None:
        log.warning("the control socket was gone; it is there again")
    else:
        log.error(f"the control socket is gone: {problem}")


def check_state(lock: Lock, problems: Problems) -> None:
    """Make the state folder again if somebody deleted it, and lock it again.

    What is written next is the state as a whole; the journal of before is lost.
    """
    folder = lock.path.parent
    if lock.in_place:
        problems.clear("state-folder")
        return
    log = logs.get("Store")
    try:
        make_folder(folder, 0o755 if os.geteuid() == 0 else 0o700)
        lock.renew()
    except (StoreError, Held) as error:
        log.error(f"the state folder was deleted: {error}")
        problems.set(
            "state-folder",
            f"the state folder {folder} was deleted, and can't be made again: {error}",
            f"see what is there: namei -l {folder}",
            critical=True,
        )
    else:
        log.warning(f"the state folder {folder} was deleted; it is there again")
        problems.clear("state-folder")


class StoreWatch:
    """Logs when the disk stops taking the state, and when it takes it again."""

    def __init__(self) -> None:
        self._told: str | None = None

    def look(self, problem: str | None) -> None:
        """Tell of a change since the last look."""
        if problem == self._told:
            return
        self._told = problem
        log = logs.get("Store")
        if problem is None:
            log.info("state and journal are written again")
        else:
            log.error(problem)


def allow_descriptors(config: Config, problems: Problems) -> None:
    """Allow as many as running all programs at once takes; tell if that is too few."""
    needed = needed_descriptors(config)
    # Each log once more, for a client that follows all; without these, he is refused.
    allowed = DESCRIPTORS.allow(needed + sum(map(followable, config.launches.values())))
    if allowed >= needed:
        problems.clear("descriptors")
        return
    problems.set(
        "descriptors",
        f"the daemon may open {allowed} files; for {len(config.launches)} programs it"
        f" needs {needed}",
        f"give it more (ulimit -Hn {needed}, or LimitNOFILE=1024:{needed} in its unit)"
        " and restart it",
    )


def needed_descriptors(config: Config) -> int:
    """Return how many files are open when all programs run."""
    needed = SPARE_DESCRIPTORS + sum(map(_descriptors, config.launches.values()))
    needed += 0 if config.web is None else WEB_DESCRIPTORS
    return needed + _asking(config.probes.values())


def _descriptors(launch: Launch) -> int:
    """How many a running program takes.

    That is its pidfd, its FIFOs with their logs, and the socket at which it speaks.
    """
    streams = [launch.stdout, launch.stderr]
    fifos = sum(one not in (None, Elsewhere.NOWHERE) for one in streams)
    logs = sum(isinstance(one, LogTo) for one in streams)
    return 1 + fifos + logs + launch.speaks


def _asking(probes: Iterable[Probes]) -> int:
    """How many it takes to ask programs how they are, and to read their logs."""
    asked = [probe.what for one in probes for probe in one.all().values()]
    logs = sum(isinstance(what, LogLine) for what in asked)
    return min(len(asked) - logs, CONNECTIONS_AT_ONCE) + 2 * logs


async def check_damaged(state_dir: Path, problems: Problems) -> None:
    """Tell of state files that were set aside, for as long as they are there."""
    found = await trio.to_thread.run_sync(
        lambda: sorted(state_dir.glob("state.toml*.damaged-*"))
    )
    if not found:
        problems.clear("damaged")
        return
    problems.set(
        "damaged",
        f"a damaged state file was set aside: {found[-1]}",
        f"look at it; once you need it no more: rm {' '.join(map(str, found))}",
    )


async def check_writable(files: Iterable[Path], problems: Problems) -> None:
    """Tell of config files that anyone may write: they make anyone the daemon's user.

    Blocks nobody; a file that can't be looked at is passed over.
    """

    def look() -> list[str]:
        return [str(file) for file in files if _anyone_writes(file)]

    found = await trio.to_thread.run_sync(look, abandon_on_cancel=True)
    if not found:
        problems.clear("writable")
        return
    problems.set(
        "writable",
        f"anyone may write {', '.join(found)}, and so have anything run as"
        f" {'root' if os.geteuid() == 0 else 'you'}",
        f"chmod o-w {shlex.join(found)}; then: selfhealctl reload",
        critical=True,
    )


def _anyone_writes(file: Path) -> bool:
    with suppress(OSError):
        return bool(file.stat().st_mode & stat.S_IWOTH)
    return False


async def check_strangers(problems: Problems) -> None:
    """Tell of processes that came from a program, but lead back to none."""
    found = await strangers()
    if not found:
        problems.clear("strangers")
        return
    shown = ", ".join(map(str, found[:_SHOWN]))
    if len(found) > _SHOWN:
        shown += f" and {len(found) - _SHOWN} more"
    pids = " ".join(str(one.identity.pid) for one in found[:_SHOWN])
    problems.set(
        "strangers",
        "came from a program or task, but nothing tells from which, so that only the"
        f" daemon's end stops it: {shown}",
        f"end it, if it should not run: kill {pids}",
    )
