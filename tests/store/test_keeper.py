import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from selfhealingd.store import keeper as keeper_module
from selfhealingd.store.codec import Document
from selfhealingd.store.journal import Journal
from selfhealingd.store.keeper import Keeper
from selfhealingd.store.reading import Reading
from selfhealingd.store.statefile import StateFile


class World:
    """A state that changes, its files, and the keeper that writes it."""

    def __init__(self, folder: Path) -> None:
        self.value = 0
        self.file = StateFile(folder / "state.toml")
        self.path = folder / "journal.jsonl"
        self.threads: set[int] = set()
        self.writes: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.keeper = Keeper(Journal(self.path), self.snapshot, self.write)

    def snapshot(self) -> Document:
        self.threads.add(threading.get_ident())
        return Document({"value": self.value})

    def write(self, document: Document) -> None:
        self.gate.wait(30)
        assert threading.get_ident() not in self.threads
        self.file.write(document)
        self.writes.append(document.header["value"])

    def change(self, value: int, *, durable: bool) -> int:
        """Change the state, and put it with a line of the same value."""
        self.value = value
        line = b'{"n":%d}' % value
        return self.keeper.put([line], state_changed=True, durable=durable)

    def journal(self) -> list[int]:
        return [record["n"] for record in Reading(self.path)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process have any content that it has not yet."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("mock_clock")
async def test_what_is_durable_is_written_at_once(
    world: World, nursery: trio.Nursery
) -> None:
    """With the clock standing still, state and journal are there at the release."""
    await nursery.start(world.keeper.run)

    for value in (1, 2, 3):
        await world.keeper.written(world.change(value, durable=True))
        loaded = world.file.load().document
        assert loaded is not None
        assert value == loaded.header["value"]
        assert value == world.journal()[-1]


async def test_in_calm_there_is_one_write_a_second(
    world: World, mock_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Changes within a second wait for its end, and are one write of the last state."""
    await nursery.start(world.keeper.run)
    await world.keeper.written(world.change(0, durable=False))

    tickets = [world.change(value, durable=False) for value in range(1, 100)]
    await wait_all_tasks_blocked()
    mock_clock.jump(0.9)
    await wait_all_tasks_blocked()
    assert [0] == world.writes
    mock_clock.jump(0.2)
    await world.keeper.written(tickets[-1])

    assert [0, 99] == world.writes
    assert list(range(100)) == world.journal()


async def test_lines_alone_leave_the_state_alone(
    world: World, nursery: trio.Nursery
) -> None:
    """And nothing at all is a ticket that is released already."""
    await nursery.start(world.keeper.run)

    with trio.fail_after(30):
        await world.keeper.written(world.keeper.put([b'{"n":1}'], durable=True))
        await world.keeper.written(world.keeper.put())

    assert [] == world.writes
    assert [1] == world.journal()


async def test_what_comes_during_a_write_is_the_next_one(
    world: World, nursery: trio.Nursery
) -> None:
    """The snapshot is of the write's begin; a later ticket waits for a later write."""
    await nursery.start(world.keeper.run)
    world.gate.clear()
    with trio.fail_after(30):
        first = world.change(1, durable=True)
        await wait_all_tasks_blocked()
        last = [world.change(value, durable=True) for value in (2, 3, 4)][-1]
        world.gate.set()
        await world.keeper.written(first)
        assert [1] == world.writes
        await world.keeper.written(last)

    assert [1, 4] == world.writes
    assert [1, 2, 3, 4] == world.journal()


async def test_a_full_disk_is_told_and_stops_nothing(
    world: World, mock_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Tickets are released, each second is a try, and room brings all of it to disk."""
    await nursery.start(world.keeper.run)
    await world.keeper.written(world.change(1, durable=True))
    with full_disk():
        await world.keeper.written(world.change(2, durable=True))
        assert world.keeper.problem is not None
        assert f"cannot write {world.file.path}" in world.keeper.problem
        assert f"cannot write {world.path}" in world.keeper.problem
        await world.keeper.written(world.change(3, durable=True))
        assert not await flushed_without_time(world, mock_clock)
    assert [1] == world.writes
    assert [1] == world.journal()

    mock_clock.rate = 100
    assert await world.keeper.flush(1000)

    assert world.keeper.problem is None
    assert 3 == world.writes[-1]
    assert [1, 2, 3] == world.journal()


async def flushed_without_time(world: World, clock: MockClock) -> bool:
    """Flush with a deadline that passes before the next try."""
    result: list[bool] = []

    async def flush() -> None:
        result.append(await world.keeper.flush(0.5))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(flush)
        await wait_all_tasks_blocked()
        clock.jump(0.6)
    return result[0]


async def test_a_journal_goes_on_when_the_state_cannot(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    """What happened is known even where what is true now could not be written."""
    world = World(tmp_path)
    world.file = StateFile(tmp_path / "missing" / "state.toml")
    await nursery.start(world.keeper.run)

    with trio.fail_after(30):
        await world.keeper.written(world.change(1, durable=True))

    assert [1] == world.journal()
    assert "there is no such folder" in str(world.keeper.problem)


async def test_a_defect_is_told_and_stops_nothing(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    """A value that TOML does not know is a problem in words."""
    file = StateFile(tmp_path / "state.toml")
    keeper = Keeper(
        Journal(tmp_path / "journal.jsonl"),
        lambda: Document({"none": None}),
        file.write,
    )
    await nursery.start(keeper.run)

    with trio.fail_after(30):
        await keeper.written(keeper.put(state_changed=True, durable=True))

    assert "internal error (TypeError" in str(keeper.problem)


async def test_a_disk_that_hangs_is_told_and_stops_nothing(
    world: World, mock_clock: MockClock, nursery: trio.Nursery
) -> None:
    """After its patience tickets are released, until the disk answers again."""
    await nursery.start(world.keeper.run)
    world.gate.clear()
    ticket = world.change(1, durable=True)
    await wait_all_tasks_blocked()
    mock_clock.jump(5)
    await world.keeper.written(ticket)
    await world.keeper.written(world.change(2, durable=True))
    assert "has not answered for 5 s" in str(world.keeper.problem)

    world.gate.set()
    mock_clock.rate = 100
    assert await world.keeper.flush(1000)

    assert world.keeper.problem is None
    assert [1, 2] == world.journal()


async def test_the_oldest_lines_go_when_there_are_too_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And are counted."""
    monkeypatch.setattr(keeper_module, "BUFFER", 10)
    for n in range(25):
        world.keeper.put([b'{"n":%d}' % n])

    async with trio.open_nursery() as nursery:
        await nursery.start(world.keeper.run)
        assert await world.keeper.flush(30)
        nursery.cancel_scope.cancel()

    assert 15 == world.keeper.dropped
    assert list(range(15, 25)) == world.journal()


async def test_a_cancelled_keeper_leaves_nobody_waiting(world: World) -> None:
    """Neither those who wait already nor those who come later; a write may hang."""
    world.gate.clear()
    done = trio.Event()

    async def wait(ticket: int) -> None:
        await world.keeper.written(ticket)
        done.set()

    with trio.fail_after(30):
        async with trio.open_nursery() as outer:
            async with trio.open_nursery() as nursery:
                await nursery.start(world.keeper.run)
                outer.start_soon(wait, world.change(1, durable=True))
                await wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
            await done.wait()
            await world.keeper.written(world.change(2, durable=True))
            assert not await world.keeper.flush(30)
    world.gate.set()


async def test_a_flush_of_nothing_is_done(world: World, nursery: trio.Nursery) -> None:
    """Nothing put, nothing written."""
    await nursery.start(world.keeper.run)

    with trio.fail_after(30):
        assert await world.keeper.flush(30)

    assert [] == list(world.path.parent.iterdir())
