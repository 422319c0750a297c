"""All programs' output, as the rest of the daemon sees it."""

import os
import subprocess
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias, get_args

import trio

from selfhealingd.core.launch import Credentials
from selfhealingd.core.output import Elsewhere, LogTo, Target
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.output.compress import compress_one, settle
from selfhealingd.supervise.output.errors import OutputError, worded
from selfhealingd.supervise.output.fifo import Fifo, fifo_path, program_of
from selfhealingd.supervise.output.follow import Follower
from selfhealingd.supervise.output.logfile import clear_log
from selfhealingd.supervise.output.lost import find_lost, own_lost
from selfhealingd.supervise.output.mover import Mover, T
from selfhealingd.supervise.output.question import Question
from selfhealingd.supervise.output.routes import Channel, Route, Routes, Surroundings
from selfhealingd.supervise.output.sink import Sink
from selfhealingd.supervise.output.tail import Position, Tail, tail

_FOLDER = "output"
_ASK_SECS = 5.0
_AGAIN_SECS = 0.1
_READERS = 8

EndSoon: TypeAlias = Callable[[], Awaitable[int | None]]
"""Waits for the end of a log that was asked for. Raises OutputError."""


class Outputs:
    """Every program's output, from ``open`` to ``close``; for the loop's thread.

    Nothing here waits for a disk, but where seconds are said.
    """

    def __init__(
        self,
        runtime_dir: Path,
        *,
        changed: Callable[[], None] = lambda: None,
        around: Surroundings | None = None,
    ) -> None:
        """``changed`` is called when ``problems`` may have other words."""
        self._folder = runtime_dir / _FOLDER
        self._changed = changed
        self._open: dict[str, dict[Channel, Route]] = {}
        self._found: dict[Path, int] = {}
        self._routes = Routes(
            Surroundings() if around is None else around, changed, self._compress_soon
        )
        self._to_compress: dict[Path, None] = {}
        self._compressing = trio.Event()
        self._not_compressed: dict[Path, str] = {}
        self._one_at_a_time = trio.CapacityLimiter(1)
        # Threads of their own: reads that hang on a dead disk must not keep the
        # rest of the daemon from having one.
        self._reading = trio.CapacityLimiter(_READERS)
        self._stopping = False
        self._scope = trio.CancelScope()
        self._stopped = trio.Event()

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Move output until cancelled; what then waits in FIFOs, stays there."""
        try:
            async with trio.open_nursery() as nursery:
                self._scope = nursery.cancel_scope
                await nursery.start(self._routes.run)
                nursery.start_soon(self._compress_all)
                task_status.started()
        finally:
            self._stopping = True
            self._stopped.set()

    def recover(self, running: Mapping[str, int]) -> set[str]:
        """Find FIFOs that are not in their folder, for ``open``; before it is called.

        ``running``: pids of programs that an earlier daemon started. What that daemon
        was is the same process as we, perhaps. Returns whose were found elsewhere.
        """
        self._found = own_lost(self._folder)
        for name, pid in running.items():
            for channel in get_args(Channel):
                path = fifo_path(self._folder, name, channel)
                fd = None if path in self._found else find_lost(path, pid)
                if fd is not None:
                    self._found[path] = fd
        return {program_of(path) for path in self._found}

    def open(
        self,
        name: str,
        stdout: Target,
        stderr: Target | None = None,
        credentials: Credentials | None = None,
    ) -> Handles:
        """Return what a run of a program gets; its output is moved from now on.

        ``stderr`` None: the same as stdout. What an earlier daemon left in the FIFOs
        is moved, too. To be called before each run, and for each that is adopted;
        with other targets, what comes from now on goes there. The descriptors are
        good until ``close``. Raises OutputError.
        """
        routes = self._open.setdefault(name, {})
        both = stdout if stderr is None else stderr
        wanted: dict[Channel, tuple[Target, bool]] = {
            "stdout": (stdout, stdout is not Elsewhere.NOWHERE),
            "stderr": (both, stderr not in (None, Elsewhere.NOWHERE)),
        }
        handles = {}
        for channel, (target, needed) in wanted.items():
            route = self._route(name, channel, target, credentials, needed=needed)
            if route is not None:
                routes[channel] = route
            handles[channel] = (
                route.fifo.for_child() if route and needed else subprocess.DEVNULL
            )
        if stderr is None:
            return Handles(handles["stdout"], handles["stdout"])
        return Handles(handles["stdout"], handles["stderr"])

    def close(self, name: str) -> None:
        """Forget a program that is no more; its FIFOs are removed."""
        for route in self._open.pop(name, {}).values():
            route.fifo.path.unlink(missing_ok=True)
            self._routes.drop(route)
        self._changed()

    def keep(self, names: Container[str]) -> None:
        """Close all but these programs."""
        for name in [one for one in self._open if one not in names]:
            self.close(name)

    def hold(self) -> list[int]:
        """Return descriptors that keep what waits in FIFOs, whoever lets go of them.

        They are the caller's. Raises OSError if there are too few.
        """
        flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
        fifos = {r.fifo.path: r.fifo for r in self._routes.all}
        rest = [path for path in self._folder.glob("*.std*") if path not in fifos]
        # Not by their paths: there may be none, or another FIFO.
        held = [os.dup(fifo.fd) for fifo in fifos.values()]
        held += [os.open(path, flags) for path in rest]
        return [DESCRIPTORS.lift(fd) for fd in held]

    async def stop(self) -> None:
        """Move nothing any more; what was taken out of a FIFO is where it belongs."""
        self._scope.cancel()
        await self._stopped.wait()

    def strangers(self) -> set[str]:
        """Return whose FIFOs are there without being open: an earlier daemon's."""
        paths = {*self._folder.glob("*.std*"), *self._found}
        return {program_of(path) for path in paths} - self._open.keys()

    async def drain(self, name: str, seconds: float) -> bool:
        """Have moved all that a program has written until now.

        False: some of it still waits, as nothing takes it. What descendants of the
        program go on writing is not waited for.
        """
        routes = self._open.get(name, {})
        with trio.move_on_after(seconds):
            for route in list(routes.values()):
                await _drain(route)
            return True
        return False

    async def reopen_all(self) -> None:
        """Go on in new files, for logrotate. Raises OutputError naming what is held."""
        held = []
        for what, (mover, sinks) in self._routes.movers().items():
            try:
                await self._ask(mover, partial(_reopen, sinks))
            except OutputError:
                held.append(what)
        if held:
            raise OutputError(
                f"cannot reopen all logs yet: {', '.join(held)} does not answer; they"
                " are reopened as soon as it does"
            )

    def problems(self) -> dict[str, str]:
        """Return what is wrong, in words, by program; those that are well are not in.

        The programs themselves go on, until their FIFO is full.
        """
        found: dict[str, str] = {}
        for name, routes in self._open.items():
            words = [route.problem for route in routes.values()]
            words += [
                self._not_compressed.get(route.target.path, "")
                for route in routes.values()
                if isinstance(route.target, LogTo)
            ]
            if any(words):
                found[name] = "; ".join(dict.fromkeys(filter(None, words)))
        return found

    def waiting(self) -> set[str]:
        """Return of which programs something waits that could not be moved yet."""
        return {
            name
            for name, routes in self._open.items()
            if any(route.waits for route in routes.values())
        }

    async def clear(self, path: Path) -> None:
        """Empty a log, and delete its older ones. Raises OutputError."""
        found = self._routes.file(path)
        try:
            if found is None:
                await trio.to_thread.run_sync(clear_log, path)
            else:
                await self._ask(found[0], found[1].clear)
        except OSError as error:
            raise worded(f"clear log {str(path)!r}", error) from error

    def wrote(self, path: Path) -> bool:
        """Whether we have written anything to a log."""
        found = self._routes.file(path)
        return found is not None and found[1].used

    def end(self, path: Path) -> int | None:
        """Return where a log ends now, for ``tail``; None if that isn't known."""
        found = self._routes.file(path)
        return None if found is None else found[1].end

    def settling_end(self, path: Path) -> EndSoon | None:
        """Ask where a log ends after the move under way, whatever comes from now on.

        None where we write to no such log.
        """
        found = self._routes.file(path)
        if found is None:
            return None
        mover, log = found
        return partial(_answered, mover.put(lambda: log.end))

    async def tail(
        self, path: Path, *, lines: int | None, most: int, until: int | None = None
    ) -> Tail:
        """Return the end of a log, as ``tail`` does. Raises OutputError."""
        with trio.move_on_after(_ASK_SECS):
            return await trio.to_thread.run_sync(
                partial(tail, path, lines=lines, most=most, until=until),
                abandon_on_cancel=True,
                limiter=self._reading,
            )
        raise _held()

    @contextmanager
    def follow(self, path: Path, since: Position | None = None) -> Iterator[Follower]:
        """Give an iterator of what is added to a log, from where a ``tail`` ended."""
        follower = Follower(path, since, self._reading)
        self._routes.watch(path, follower.wake)
        try:
            yield follower
        finally:
            self._routes.unwatch(path, follower.wake)
            follower.close()

    @contextmanager
    def hear(self, path: Path, heard: Callable[[], None]) -> Iterator[None]:
        """Call ``heard`` whenever something was added to a log, for the block."""
        self._routes.watch(path, heard)
        try:
            yield
        finally:
            self._routes.unwatch(path, heard)

    def _route(
        self,
        name: str,
        channel: Channel,
        target: Target,
        owner: Credentials | None,
        *,
        needed: bool,
    ) -> Route | None:
        route = self._open[name].get(channel)
        if route is not None:
            route.fifo.give(owner)
            return self._routes.change(route, target)
        path = fifo_path(self._folder, name, channel)
        # One that is there may still have a writer, of a time when it was needed.
        found = self._found.pop(path, None)
        if needed or found is not None or path.exists():
            fifo = Fifo(path, owner, found)
            return self._routes.add(name, channel, fifo, target)
        return None

    async def _ask(self, mover: Mover, work: Callable[[], T]) -> T:
        return await _answered(mover.put(work))

    def _compress_soon(self, path: Path) -> None:
        self._to_compress[path] = None
        self._compressing.set()

    async def _compress_all(self) -> None:
        while True:
            if not self._to_compress:
                self._compressing = trio.Event()
                await self._compressing.wait()
            path = next(iter(self._to_compress))
            del self._to_compress[path]  # who asks again meanwhile, means it
            try:
                more = await self._compress(path)
                problem = ""
            except (OSError, OutputError) as error:
                more = False
                problem = str(error)
                if isinstance(error, OSError):
                    what = f"compress older logs of {str(path)!r}"
                    problem = str(worded(what, error))
            if more:
                self._to_compress[path] = None
            if problem != self._not_compressed.get(path, ""):
                self._not_compressed[path] = problem
                self._changed()

    async def _compress(self, path: Path) -> bool:
        done = await trio.to_thread.run_sync(
            compress_one,
            path,
            lambda: self._stopping,
            abandon_on_cancel=True,
            limiter=self._one_at_a_time,
        )
        if done is None:
            return False
        found = self._routes.file(path)
        if found is None:
            await trio.to_thread.run_sync(settle, path, done)
        else:
            await self._ask(found[0], partial(settle, path, done))
        return True


async def _answered(question: Question[T]) -> T:
    with trio.move_on_after(_ASK_SECS):
        return await question.answered()
    raise _held()


def _held() -> OutputError:
    return OutputError(
        f"cannot get at the log: what it is on has not answered for"
        f" {_ASK_SECS:.0f} s; look for errors of the disk (dmesg)"
    )


async def _drain(route: Route) -> None:
    if route.direct and route.fifo.empty():
        return
    mover, stream = route.place.mover, route.stream
    left = await mover.ask(partial(mover.drain, stream))
    while left:
        await trio.sleep(_AGAIN_SECS)
        left = await mover.ask(partial(mover.drain, stream, left))


def _reopen(sinks: list[Sink]) -> None:
    for sink in sinks:
        sink.reopen()
