"""What may stall together shares a mover; a log has one owner."""

from pathlib import Path

import pytest

from selfhealingd.core.output import Elsewhere, LogTo
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.logfile import LogFile
from selfhealingd.supervise.output.routes import Routes, Surroundings


@pytest.fixture
def routes() -> Routes:
    """Give routes that nobody serves yet."""
    return Routes(Surroundings(), lambda: None, lambda _path: None)


def test_one_owner_per_log(routes: Routes, fifo: Fifo, tmp_path: Path) -> None:
    """Two streams into one log share its sink, and the mover of its file system."""
    target = LogTo(path=tmp_path / "web.log")
    first = routes.add("web", "stdout", fifo, target)
    second = routes.add("api", "stderr", fifo, target)
    assert first.stream.sink is second.stream.sink
    assert first.place is second.place
    assert routes.file(target.path) == (first.place.mover, first.stream.sink)


def test_what_stalls_apart_is_moved_apart(
    routes: Routes, fifo: Fifo, tmp_path: Path
) -> None:
    """A stuck terminal, journal or mount holds nothing else."""
    targets = [
        LogTo(path=tmp_path / "web.log"),
        LogTo(path=Path("/proc/web.log")),
        *Elsewhere,
    ]
    places = {routes.add("web", "stdout", fifo, one).place.what for one in targets}
    assert 6 == len(places)


def test_new_settings_of_a_log(routes: Routes, fifo: Fifo, tmp_path: Path) -> None:
    """Other limits for the same log reach its one owner."""
    path = tmp_path / "web.log"
    route = routes.add("web", "stdout", fifo, LogTo(path=path))
    sink = route.stream.sink
    assert route is routes.change(route, LogTo(path=path, max_bytes=5))
    assert isinstance(sink, LogFile)
    assert 5 == sink.target.max_bytes
    assert sink is route.stream.sink


def test_the_last_to_leave_a_log(routes: Routes, fifo: Fifo, tmp_path: Path) -> None:
    """A log is given up when nobody writes to it any more."""
    target = LogTo(path=tmp_path / "web.log")
    first = routes.add("web", "stdout", fifo, target)
    second = routes.add("api", "stdout", fifo, target)
    routes.change(first, Elsewhere.JOURNAL)
    assert routes.file(target.path) is not None
    routes.drop(second)
    assert routes.file(target.path) is None


def test_who_listens_hears_of_all_streams(
    routes: Routes, fifo: Fifo, tmp_path: Path
) -> None:
    """Streams that come later are heard, too; none when nobody listens any more."""

    def heard() -> None:
        """Hear."""

    target = LogTo(path=tmp_path / "web.log")
    first = routes.add("web", "stdout", fifo, target)
    routes.watch(target.path, heard)
    second = routes.add("api", "stdout", fifo, target)
    other = routes.add("api", "stderr", fifo, Elsewhere.STDERR)
    moved = [route.stream.moved for route in (first, second, other)]
    assert [(heard,), (heard,), ()] == moved
    routes.unwatch(target.path, heard)
    assert [(), ()] == [first.stream.moved, second.stream.moved]
