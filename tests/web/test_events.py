"""What is streamed: the latest status, seldom; announcements, and what was lost."""

import json
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
import trio
from topped import service, status
from trio.testing import MockClock

from selfhealingd.feed import QUEUED, Feed, Follower
from selfhealingd.web.answers import Refused
from selfhealingd.web.backend import Who
from selfhealingd.web.events import (
    BEAT_SECS,
    GAP_SECS,
    MOST,
    RESERVED,
    Bulletin,
    Listen,
    Stream,
)
from selfhealingd.web.intake import WHO
from selfhealingd.web.truth import Truth
from selfhealingd.wire.documents import EventDocument, Status

if TYPE_CHECKING:
    from selfhealingd.web.backend import Backend


class Daemon:
    """A status that counts how often it was made, and a feed."""

    def __init__(self) -> None:
        self.made: list[float] = []
        self.feed = Feed()
        self.moved = trio.Event()

    def status(self) -> Status:
        self.made.append(trio.current_time())
        number = len(self.made)
        return status(service("calm"), service("moved", runs=number), pid=number)

    async def settled(self) -> None:
        await trio.lowlevel.checkpoint()

    def change(self) -> trio.Event:
        return self.moved

    def last(self, number: int) -> list[EventDocument]:
        return self.feed.last(number)

    def follow(self) -> AbstractContextManager[Follower]:
        return self.feed.follow()

    def move(self) -> None:
        self.moved.set()
        self.moved = trio.Event()


def announced(seq: int) -> EventDocument:
    return EventDocument(
        at="", seq=seq, kind="k", component="c", service=None, words="w"
    )


class Listener:
    """A client; it reads only while it is told to."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.reads = trio.Event()
        self.reads.set()
        self.leaves = trio.Event()

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        self.told += [
            line.removeprefix("event: ")
            for line in message.get("body", b"").decode().splitlines()
            if line.startswith(("event: ", "data: "))
        ]

    @property
    def latest(self) -> dict[str, Any]:
        """The last document that was told, with its ``event``."""
        document = json.loads(self.told[-1].removeprefix("data: "))
        return {**document, "event": self.told[-2]}

    async def receive(self) -> Any:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


class Room:
    """Somebody who streams, and whoever listens."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.daemon = Daemon()
        backend = cast("Backend", self.daemon)
        truth = Truth(backend)
        bulletin = Bulletin(backend, truth)
        self._stream = Stream(backend, truth, bulletin)
        self._nursery = nursery
        nursery.start_soon(bulletin.run)

    async def listen(
        self, listener: Listener, *, operator: bool = False, changes: bool = False
    ) -> None:
        scope = {"state": {WHO: Who(operator=operator, via="a test")}}
        asked = Listen(changes=changes)
        await self._stream._tell(asked, scope, listener.receive, listener.send)

    async def enter(self, **asked: bool) -> Listener:
        listener = Listener()
        self._nursery.start_soon(partial(self.listen, listener, **asked))
        await trio.testing.wait_all_tasks_blocked()
        return listener


async def test_a_status_is_made_seldom_and_for_all(
    autojump_clock: MockClock,  # noqa: ARG001
    nursery: trio.Nursery,
) -> None:
    """At most twice a second, whatever happens; now and then without cause."""
    room = Room(nursery)
    listeners = [await room.enter() for _ in range(3)]
    await trio.sleep(60)
    calm = len(room.daemon.made)
    assert calm == pytest.approx(60 / BEAT_SECS, abs=5)
    for _ in range(100):
        room.daemon.move()
        await trio.sleep(0.1)
    assert len(room.daemon.made) - calm == pytest.approx(10 / GAP_SECS, abs=2)
    assert [one.told[-1] for one in listeners] == [listeners[0].told[-1]] * 3
    for listener in listeners:
        listener.leaves.set()
    await trio.sleep(BEAT_SECS + 1)
    made = len(room.daemon.made)
    await trio.sleep(3600)
    assert made == len(room.daemon.made)  # nobody listens


async def test_a_change_is_shown_at_once(
    autojump_clock: MockClock,  # noqa: ARG001
    nursery: trio.Nursery,
) -> None:
    """Within half a second, or at once where nothing was shown for that long."""
    room = Room(nursery)
    listener = await room.enter()
    await trio.sleep(2)
    room.daemon.move()
    await trio.testing.wait_all_tasks_blocked()
    assert trio.current_time() == room.daemon.made[-1]
    assert len(room.daemon.made) == listener.latest["pid"]


async def test_who_reads_slowly_is_shown_the_latest(
    autojump_clock: MockClock,  # noqa: ARG001
    nursery: trio.Nursery,
) -> None:
    """And loses announcements, which is told; it holds up nobody."""
    room = Room(nursery)
    slow, other = await room.enter(), await room.enter()
    slow.reads = trio.Event()
    for seq in range(QUEUED + 100):
        room.daemon.feed.publish(announced(seq))
        if seq % 100 == 0:
            room.daemon.move()
            await trio.sleep(1)
    slow.reads.set()
    await trio.testing.wait_all_tasks_blocked()
    await trio.sleep(BEAT_SECS + 1)
    assert QUEUED + 100 == other.told.count("announce")
    assert slow.told.count("status") < other.told.count("status") - 5
    assert f'"pid":{len(room.daemon.made)},' in "".join(slow.told)
    assert "lagged" in slow.told
    lost = int(slow.told[slow.told.index("lagged") + 1].split(":")[-1][:-1])
    assert QUEUED + 100 - lost == slow.told.count("announce")


async def test_who_asks_for_changes_is_told_no_more(
    autojump_clock: MockClock,  # noqa: ARG001
    nursery: trio.Nursery,
) -> None:
    """The first is whole, and so is the next after one that was left out."""
    room = Room(nursery)
    listener = await room.enter(changes=True)
    assert "status" in listener.told
    await trio.sleep(3 * BEAT_SECS)
    assert "changes" == listener.latest["event"]
    assert ["moved"] == [one["name"] for one in listener.latest["programs"]]
    listener.reads = trio.Event()
    await trio.sleep(3 * BEAT_SECS)
    listener.reads.set()
    await trio.sleep(BEAT_SECS)
    assert listener.told[::2][-3:] == ["changes", "status", "changes"]
    assert len(room.daemon.made) == listener.latest["pid"]


async def test_there_is_room_for_so_many(nursery: trio.Nursery) -> None:
    """One more is refused, unless they have the token; who leaves makes room."""
    room = Room(nursery)
    listeners = [await room.enter() for _ in range(MOST)]
    with pytest.raises(Refused, match="32 at a time may listen"):
        await room.listen(Listener())
    operators = [await room.enter(operator=True) for _ in range(RESERVED)]
    assert all("status" in operator.told for operator in operators)
    with pytest.raises(Refused):
        await room.listen(Listener(), operator=True)
    for listener in (listeners[0], *operators):
        listener.leaves.set()
    await trio.testing.wait_all_tasks_blocked()
    assert "status" in (await room.enter()).told
