"""``upgrade``: the daemon goes on as the code that is installed now.

It executes itself in place: same pid, same arguments. Its programs stay its children,
so their exit statuses are not lost; its lock and its socket stay open, so nobody slips
in; descriptors that stay open hold its programs' sockets and what waits in FIFOs, so
that no client is refused and no output lost even if a program ends in between. Before
that, the new code has to accept the config. After the point of no return a failure is
one more crash: the next start finds everything.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import trio

from selfhealingd import logs
from selfhealingd.core.launch import Launch
from selfhealingd.door import Door
from selfhealingd.entry import HELD
from selfhealingd.handoff import Handoff
from selfhealingd.logwriter import Writer
from selfhealingd.memory import Moment
from selfhealingd.store.keeper import Keeper
from selfhealingd.store.lock import Lock
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.environment import INSTANCE, TASK
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import run_to_end
from selfhealingd.supervise.runs import Kit, Runs

CHECK_SECS = 30.0
REPORT_SECS = 2.0
STOP_SECS = 5.0
FLUSH_SECS = 5.0

log = logs.get("Daemon")


class CannotSucceed(Exception):
    """The new code can't go on; the old one does. Its text says why."""


class Succession:
    """Everything that a successor is handed."""

    def __init__(
        self, mark: str, lock: Lock, door: Door, *, runs: Runs, kit: Kit
    ) -> None:
        self._mark = mark
        self._lock = lock
        self._door = door
        self._runs = runs
        self._kit = kit
        self.asked = trio.Event()
        """From then on there is no way back."""

    async def check(self) -> None:
        """See whether the new code starts and accepts the config; or CannotSucceed."""
        argv = (*_command(sys.orig_argv), "--check")
        marks = {INSTANCE: self._mark, TASK: "upgrade"}
        try:
            ran = await run_to_end(Launch(argv=argv), marks, timeout=CHECK_SECS)
        except SpawnError as error:
            raise CannotSucceed(str(error)) from error
        if ran.timed_out:
            raise CannotSucceed(f"the new code did not check it in {CHECK_SECS:g} s")
        if ran.code != 0:
            raise CannotSucceed(f"the new code does not take it:\n{ran.tail.strip()}")

    async def go_on(
        self, keeper: Keeper[Moment], writer: Writer, ending: Callable[[], bool]
    ) -> NoReturn:
        """Become the new code. Raises CannotSucceed, and then all has to end.

        ``ending``: whether the daemon was asked to end, too; the successor does so.
        """
        # What comes now is for the successor, who inherits it as pending.
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
        # Long before any is to be inherited: a start may be under way.
        DESCRIPTORS.hand_over()
        try:
            kept = [*self._kit.outputs.hold(), *self._kit.sockets.hold()]
        except OSError as error:
            raise CannotSucceed(f"cannot keep output and sockets: {error}") from error
        await self._runs.hand_over(REPORT_SECS)
        with trio.move_on_after(STOP_SECS):  # a disk that hangs must not hold it up
            await self._kit.outputs.stop()
        log.info("going on as the code that is installed now")
        if not await keeper.flush(FLUSH_SECS):
            raise CannotSucceed(f"the state was not written: {keeper.problem}")
        # No await beyond this point: what was written is what is so.
        writer.close()
        if ending():
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        environ = dict(os.environ)
        Handoff(
            pid=os.getpid(),
            lock=self._lock.descriptor,
            socket=self._door.handed(),
            kept=tuple(kept),
        ).write(environ)
        try:
            os.execve(sys.executable, _command(sys.orig_argv), environ)  # noqa: S606
        except OSError as error:
            raise CannotSucceed(f"cannot execute {sys.executable}: {error}") from error


def _command(argv: Sequence[str]) -> list[str]:
    """Return our command line, without what a person said for one start only."""
    command, words = [sys.executable], iter(argv[1:])
    for word in words:
        if word == "--resume":
            next(words, None)
        elif not word.startswith("--resume="):
            command.append(word)
    return command
