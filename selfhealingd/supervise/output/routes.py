"""Which FIFO goes where, and which mover serves it.

What may stall together shares a mover: the logs of one file system, all that goes to
the daemon's own stdout, and so on. Programs with the same log share its sink, which
therefore has one owner.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, assert_never

import trio

from selfhealingd.core.output import Elsewhere, LogTo, Target
from selfhealingd.supervise.output.discard import Discard
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.journal import SOCKET, Entries, Journal
from selfhealingd.supervise.output.logfile import LogFile
from selfhealingd.supervise.output.mounts import mount_of, mount_points
from selfhealingd.supervise.output.mover import Mover, Stream
from selfhealingd.supervise.output.relay import Dressed, Relay
from selfhealingd.supervise.output.sink import Sink

Channel: TypeAlias = Literal["stdout", "stderr"]
Heard: TypeAlias = Callable[[], None]

_HELD_SECS = 5.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is the daemon's own: its descriptors, and where the journal listens."""

    stdout: int = 1
    stderr: int = 2
    journal: Path = SOCKET


@dataclass(slots=True, eq=False)
class Route:
    """One program's stdout or stderr, from its FIFO to its target."""

    name: str
    channel: Channel
    fifo: Fifo
    target: Target
    stream: Stream
    place: "_Place"

    @property
    def problem(self) -> str:
        """What is wrong with it, in words; empty if nothing is."""
        held = self.place.mover.held()
        if held > _HELD_SECS and not self.fifo.empty():
            return (
                f"cannot move output: {self.place.what} has taken nothing for more"
                f" than {_HELD_SECS:.0f} s; the program goes on until its FIFO is full"
            )
        return self.stream.problem

    @property
    def waits(self) -> bool:
        """Whether something of it is not where it belongs yet, as far as is known."""
        return not self.fifo.empty() or (not self.direct and bool(self.problem))

    @property
    def direct(self) -> bool:
        """Whether what has left the FIFO is where it belongs."""
        return not isinstance(self.stream.sink, Relay)


@dataclass(slots=True, eq=False)
class _Place:
    """A mover, and what it writes to in words."""

    what: str
    mover: Mover
    journal: Journal


class Routes:
    """All routes there are; for the loop."""

    def __init__(
        self,
        around: Surroundings,
        changed: Callable[[], None],
        rotated: Callable[[Path], None],
    ) -> None:
        """``changed``, ``rotated``: called in the loop; see ``Mover``, ``LogFile``."""
        self._around = around
        self._changed = changed
        self._rotated = rotated
        self._places: dict[str, _Place] = {}
        self._files: dict[Path, LogFile] = {}
        self._mounts: dict[Path, str] = {}
        self._watchers: dict[Path, tuple[Heard, ...]] = {}
        self._nursery: trio.Nursery | None = None
        self.all: set[Route] = set()

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Let the movers work, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            for place in self._places.values():
                self._nursery.start_soon(place.mover.run)
            task_status.started()
            await trio.sleep_forever()

    def add(self, name: str, channel: Channel, fifo: Fifo, target: Target) -> Route:
        """Move a FIFO to a target from now on."""
        place = self._place(target)
        sink = self._sink(place, target, name, channel)
        route = Route(name, channel, fifo, target, Stream(fifo, sink), place)
        self.all.add(route)
        self._listen(route)
        stream = route.stream
        place.mover.post(lambda: place.mover.attach(stream))
        return route

    def change(self, route: Route, target: Target) -> Route:
        """Move a route's FIFO to another target from now on; return the new route."""
        if target == route.target:
            return route
        if isinstance(target, LogTo) and _path(route.target) == target.path:
            self._files[target.path].target = target
            route.target = target
            return route
        new = self._place(target)
        sink = self._sink(new, target, route.name, route.channel)
        stream = Stream(route.fifo, sink)
        changed = Route(route.name, route.channel, route.fifo, target, stream, new)
        self.all.add(changed)
        self._listen(changed)
        # The old mover must have let go before the new one begins.
        old = route.place.mover
        begin = lambda: new.mover.post(lambda: new.mover.attach(stream))  # noqa: E731
        self._leave(route, then=lambda: old.tell(begin))
        return changed

    def drop(self, route: Route) -> None:
        """Move a FIFO no more, and close it."""
        self._leave(route, then=route.fifo.close)

    def file(self, path: Path) -> tuple[Mover, LogFile] | None:
        """Return what writes a log, and through which mover."""
        sink = self._files.get(path)
        if sink is None:
            return None
        return self._on_disk(path).mover, sink

    def movers(self) -> dict[str, tuple[Mover, list[Sink]]]:
        """Return, by what they write to in words, all movers and their sinks."""
        return {
            place.what: (
                place.mover,
                list({r.stream.sink for r in self.all if r.place is place}),
            )
            for place in self._places.values()
        }

    def watch(self, path: Path, heard: Heard) -> None:
        """Call ``heard`` whenever something was added to a log."""
        self._watchers[path] = (*self._watchers.get(path, ()), heard)
        self._listen_all(path)

    def unwatch(self, path: Path, heard: Heard) -> None:
        """Call ``heard`` no more."""
        left = tuple(one for one in self._watchers[path] if one != heard)
        self._watchers[path] = left
        if not left:
            del self._watchers[path]
        self._listen_all(path)

    def _listen_all(self, path: Path) -> None:
        for route in self.all:
            if _path(route.target) == path:
                self._listen(route)

    def _listen(self, route: Route) -> None:
        path = _path(route.target)
        route.stream.moved = () if path is None else self._watchers.get(path, ())

    def _leave(self, route: Route, then: Callable[[], None]) -> None:
        self.all.discard(route)
        mover, stream = route.place.mover, route.stream
        path = _path(route.target)
        last = path is None or all(_path(one.target) != path for one in self.all)
        if last and path is not None:
            del self._files[path]

        def leave() -> None:
            mover.detach(stream)
            if last:
                stream.sink.close()
            then()

        mover.post(leave)

    def _sink(self, place: _Place, target: Target, name: str, channel: Channel) -> Sink:
        if isinstance(target, LogTo):
            file = self._files.get(target.path)
            if file is None:
                file = self._files[target.path] = self._log(place, target)
            file.target = target
            return file
        mover = place.mover
        match target:
            case Elsewhere.NOWHERE:
                return Discard()
            case Elsewhere.STDOUT:
                return Relay(Dressed(self._around.stdout, name, mover.gate))
            case Elsewhere.STDERR:
                return Relay(Dressed(self._around.stderr, name, mover.gate))
            case Elsewhere.JOURNAL:
                return Relay(Entries(place.journal, name, channel))
            case _:
                assert_never(target)

    def _log(self, place: _Place, target: LogTo) -> LogFile:
        mover, path = place.mover, target.path

        def rotated() -> None:
            mover.tell(lambda: self._rotated(path))

        if target.compress:  # an earlier daemon may not have come to it
            self._rotated(path)
        return LogFile(target, mover.peeker, rotated=rotated)

    def _place(self, target: Target) -> _Place:
        match target:
            case LogTo(path=path):
                return self._on_disk(path)
            case Elsewhere.NOWHERE:
                return self._called("/dev/null")
            case Elsewhere.STDOUT:
                return self._called("the daemon's stdout")
            case Elsewhere.STDERR:
                return self._called("the daemon's stderr")
            case Elsewhere.JOURNAL:
                return self._called("the journal")
            case _:
                assert_never(target)

    def _on_disk(self, path: Path) -> _Place:
        folder = path.parent
        if folder not in self._mounts:
            self._mounts[folder] = mount_of(path, mount_points())
        return self._called(f"the file system at {self._mounts[folder]}")

    def _called(self, what: str) -> _Place:
        place = self._places.get(what)
        if place is None:
            mover = Mover(self._changed)
            journal = Journal(mover.gate, self._around.journal)
            mover.at_end.append(journal.close)
            place = self._places[what] = _Place(what, mover, journal)
            if self._nursery is not None:
                self._nursery.start_soon(mover.run)
        return place


def _path(target: Target) -> Path | None:
    return target.path if isinstance(target, LogTo) else None
