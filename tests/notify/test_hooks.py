"""Hooks tell in order, one at a time each, and hold up nobody."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock, wait_all_tasks_blocked

from selfhealingd.core.hook import Execute, Hook, Notify, Post
from selfhealingd.core.launch import Launch
from selfhealingd.notify.hooks import AT_ONCE, Ear, Hooks, Letter, Ways
from selfhealingd.notify.queue import QUEUED
from selfhealingd.wire.documents import EventDocument

COMMAND = Execute(launch=Launch(argv=("tell",)), timeout=1)
NOTIFY = Notify(urls=("json://h",), launch=Launch(argv=("tell",)), timeout=1)
POST = Post(secure=False, host="h", port=80, target="/", timeout=1)


def event(
    seq: int, kind: str = "incident.opened", service: str | None = "web"
) -> EventDocument:
    return EventDocument(
        at="2026-11-26T13:09:00.123Z",
        seq=seq,
        kind=kind,
        component="SelfHealing",
        service=service,
        words="words",
    )


def hook(name: str = "h", **keys: object) -> Hook:
    return Hook(name=name, **{"way": COMMAND, **keys})  # type: ignore[arg-type]


@dataclass
class Listening(Ear):
    """What is heard of hooks."""

    failures: list[tuple[str, str, int]] = field(default_factory=list)
    well: list[str] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def failed(self, hook: Hook, words: str, row: int) -> None:
        self.failures.append((hook.name, words, row))

    def went_well(self, hook: Hook) -> None:
        self.well.append(hook.name)

    def dropped(self, hook: Hook, count: int) -> None:  # noqa: ARG002
        self.lost.append(count)

    def gone(self, hook: Hook) -> None:
        self.left.append(hook.name)


@dataclass
class World:
    """Whoever is told takes as long, and answers, as we say."""

    ear: Listening = field(default_factory=Listening)
    told: list[tuple[str, int, int]] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    doubt: str | None = None
    with_it: list[list[int]] = field(default_factory=list)
    running: int = 0
    most: int = 0
    secs: float = 0.0
    answer: str | None = None

    async def execute(self, name: str, _way: Execute, letter: Letter) -> str | None:
        return await self._tell(name, letter)

    async def post(self, _way: Post, letter: Letter) -> str | None:
        return await self._tell("post", letter)

    async def notify(self, name: str, _way: Notify, letter: Letter) -> str | None:
        self.with_it.append([one.seq for one in letter.more])
        return await self._tell(name, letter)

    async def prove(self, name: str, _way: Notify) -> str | None:
        self.proven.append(name)
        return self.doubt

    async def _tell(self, name: str, letter: Letter) -> str | None:
        self.running += 1
        self.most = max(self.most, self.running)
        await trio.sleep(self.secs)
        self.running -= 1
        self.told.append((name, letter.event.seq, letter.missed))
        return self.answer


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def hooks(world: World, nursery: trio.Nursery) -> AsyncIterator[Hooks]:
    ways = Ways(
        execute=world.execute,
        post=world.post,
        notify=world.notify,
        prove=world.prove,
    )
    hooks = Hooks(ways, world.ear)
    await nursery.start(hooks.run)
    yield hooks
    nursery.cancel_scope.cancel()


def have(hooks: Hooks, *those: Hook) -> None:
    hooks.sync({one.name: one for one in those})


async def test_each_is_told_what_it_wants(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """In the order in which it happened; nobody is told of what is not asked for."""
    have(hooks, hook("all"), hook("flags", kind="flags.changed"))
    for number, kind in enumerate(["incident.opened", "flags.changed"]):
        hooks.offer(event(number, kind))
    await hooks.drained()
    assert [("all", 0, 0), ("all", 1, 0), ("flags", 1, 0)] == sorted(world.told)


async def test_one_at_a_time(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """A hook's next event waits until its last one was told."""
    world.secs = 1
    have(hooks, hook())
    for number in range(5):
        hooks.offer(event(number))
    await hooks.drained()
    assert (1, [0, 1, 2, 3, 4]) == (world.most, [seq for _, seq, _ in world.told])


async def test_people_are_told_of_all_at_once(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """What happens within moments, or while they are told, is one message."""
    world.secs = 60
    have(hooks, hook(way=NOTIFY))
    for number in range(3):
        hooks.offer(event(number))
    await trio.sleep(30)
    for number in range(3, 200):
        hooks.offer(event(number))
    await hooks.drained()
    assert [("h", 0, 0), ("h", 100, 97)] == world.told
    assert [[1, 2], [*range(101, 200)]] == world.with_it


async def test_people_are_looked_for_at_once(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """A URL that can't be right is told when it is read, and not at night."""
    world.doubt = "not a URL"
    have(hooks, hook(way=NOTIFY), hook("other"))
    await wait_all_tasks_blocked()
    assert (["h"], [("h", "not a URL", 1)]) == (world.proven, world.ear.failures)
    assert "not a URL" == hooks.tallies()["h"].problem
    world.doubt = None
    have(hooks, hook(way=NOTIFY))
    await wait_all_tasks_blocked()
    assert (["h", "h"], 1) == (world.proven, len(world.ear.failures))
    assert hooks.tallies()["h"].problem is None


async def test_people_are_not_flooded(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """An hour in which something happens each second is some 65 messages."""
    have(hooks, hook(way=NOTIFY))
    for number in range(3600):
        hooks.offer(event(number))
        await trio.sleep(1)
    assert 60 <= len(world.told) <= 66
    began = trio.current_time()
    hooks.hurry()
    await hooks.drained()
    assert began == trio.current_time()
    assert 3600 == len(world.told) + sum(map(len, world.with_it))


@pytest.mark.parametrize(("way", "most"), [(COMMAND, AT_ONCE), (POST, 4 * AT_ONCE)])
async def test_so_many_at_once(
    hooks: Hooks,
    world: World,
    way: Execute | Post,
    most: int,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """However many hooks there are, not more run at the same time."""
    world.secs = 1
    have(hooks, *(hook(f"h{number}", way=way) for number in range(30)))
    hooks.offer(event(1))
    await hooks.drained()
    assert (most, 30) == (world.most, len(world.told))


async def test_one_that_hangs_holds_up_no_request(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Commands and requests don't wait for each other."""
    world.secs = 1e9
    have(hooks, *(hook(f"h{number}") for number in range(9)))
    hooks.offer(event(1))
    await wait_all_tasks_blocked()
    world.secs = 0
    have(hooks, hook("p", way=POST))
    hooks.offer(event(2))
    await wait_all_tasks_blocked()
    assert [("post", 2, 0)] == world.told


async def test_a_storm(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """What can't be told is counted, and the next one told says how many are lost."""
    world.secs = 10
    have(hooks, hook())
    for number in range(1000):
        hooks.offer(event(number))
        await trio.sleep(0.001)
    lost = 1000 - 1 - QUEUED
    assert [*range(1, lost + 1)] == world.ear.lost
    await hooks.drained()
    assert 1 + QUEUED == len(world.told)
    assert ("h", 0, 0) == world.told[0]
    assert ("h", 1000 - QUEUED, lost) == world.told[1]
    assert ("h", 999, 0) == world.told[-1]


async def test_failures_are_heard(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """So many in a row, until one goes well."""
    have(hooks, hook())
    for answer in ("refused", "refused", None, "hung"):
        world.answer = answer
        hooks.offer(event(1))
        await hooks.drained()
    assert [
        ("h", "refused", 1),
        ("h", "refused", 2),
        ("h", "hung", 1),
    ] == world.ear.failures
    assert ["h"] == world.ear.well


async def test_a_defect_is_a_failure(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever goes wrong with one event, the next one is told."""
    have(hooks, hook())
    with monkeypatch.context() as patch:
        patch.setattr(world, "told", None)  # so that the one who tells it stumbles
        hooks.offer(event(1))
        await hooks.drained()
    hooks.offer(event(2))
    await hooks.drained()
    [(_, words, _)] = world.ear.failures
    assert "cannot be told: AttributeError" in words
    assert [("h", 2, 0)] == world.told
    assert ["h"] == world.ear.well


async def test_a_reload_begins_anew(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """What was wrong is forgotten; what waits is told as the hook is now."""
    world.secs = 5
    world.answer = "refused"
    have(hooks, hook())
    hooks.offer(event(1))
    hooks.offer(event(2))
    await trio.sleep(1)
    have(hooks, hook(level="info"))
    assert ["h"] == world.ear.left
    world.answer = None
    await hooks.drained()
    assert [1, 2] == [seq for _, seq, _ in world.told]
    assert [] == world.ear.failures  # of how it was before
    have(hooks, hook(level="info"))
    assert ["h"] == world.ear.left


async def test_who_is_removed_is_told_nothing(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """What is under way ends as it began; what waits is not told."""
    world.secs = 1
    have(hooks, hook("a"), hook("b"))
    hooks.offer(event(1))
    hooks.offer(event(2))
    await trio.sleep(0.5)
    have(hooks, hook("b"))
    hooks.offer(event(3))
    await hooks.drained()
    await trio.sleep(10)
    assert [("a", 1, 0), ("b", 1, 0), ("b", 2, 0), ("b", 3, 0)] == sorted(world.told)
    have(hooks)
    hooks.offer(event(4))
    await hooks.drained()
    assert 4 == len(world.told)


async def test_a_name_may_come_back(
    hooks: Hooks,
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """A hook that was removed and is written again begins empty."""
    world.secs = 1
    have(hooks, hook())
    hooks.offer(event(1))
    hooks.offer(event(2))
    await trio.sleep(0.5)
    have(hooks)
    have(hooks, replace(hook(), way=POST))
    hooks.offer(event(3))
    await hooks.drained()
    await trio.sleep(10)
    assert [("h", 1, 0), ("post", 3, 0)] == sorted(world.told)
