"""What one client has yet to read, in order and bounded.

Responses are never dropped; there is at most one at a time, as the next request waits
for it to be sent. Notifications are dropped when too many wait, so that a client that
reads slowly, or not at all, costs memory once and holds nobody up.
"""

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec
import trio

from selfhealingd.wire.codec import encode
from selfhealingd.wire.documents import Document
from selfhealingd.wire.messages import Notification, Response

LAGGED = "lagged"


class Sink(Protocol):
    """Where bytes go, such as a socket of trio's."""

    def send(self, data: memoryview, /) -> Awaitable[int]:
        """Send some; return how many bytes were."""


class Lagged(Document, frozen=True):
    """Notification ``lagged``: so many notifications were dropped at this place."""

    count: int


@dataclass(slots=True)
class _Item:
    rest: memoryview
    weight: int = 0
    sent: trio.Event | None = None


def notification(method: str, params: msgspec.Struct) -> bytes:
    """Write one notification as a line."""
    raw = msgspec.Raw(msgspec.json.encode(params))
    return encode(Notification(jsonrpc="2.0", method=method, params=raw))


class Outbox:
    """Lines for one client. ``limit``: bytes of notifications that may wait.

    Everything but sending is synchronous, so a producer never waits for a reader.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: deque[_Item] = deque()
        self._waiting = 0
        self._dropped = 0
        self._more = trio.Event()
        self._less = trio.Event()
        self._closed = False
        self._closing = contextlib.ExitStack()

    def respond(self, response: Response) -> trio.Event:
        """Queue a response; the event is set once all of it was sent."""
        sent = trio.Event()
        self._put(_Item(memoryview(encode(response)), sent=sent))
        return sent

    def notify(self, line: bytes) -> None:
        """Queue a notification, or count it as dropped; do nothing once closed."""
        if self._closed:
            return
        # Once one was dropped, so are those after it: the count stands for one gap.
        if self._dropped or self._waiting + len(line) > self._limit:
            self._dropped += 1
            return
        self._waiting += len(line)
        self._put(_Item(memoryview(line), weight=len(line)))

    async def room(self) -> None:
        """Wait until half of the limit is free, and nothing is counted as dropped.

        What is then queued at once, without waiting in between, is not dropped if it
        fits into the other half. Once closed, there is room: what comes is forgotten.
        """
        await trio.lowlevel.checkpoint()
        while self._dropped or 2 * self._waiting > self._limit:
            await self._less.wait()

    def on_close(self, callback: Callable[[], object]) -> None:
        """Call back when the connection ends: at once if it has."""
        if self._closed:
            callback()
        else:
            self._closing.callback(callback)

    def close(self) -> None:
        """Forget what waits, and call back whoever asked for it."""
        self._closed = True
        self._queue.clear()
        self._waiting = self._dropped = 0
        self._sent_some()
        self._closing.close()

    async def pump(self, sink: Sink) -> None:
        """Send until cancelled; raises OSError when the client is gone."""
        while True:
            await self.flush(sink)
            await self._more.wait()

    async def flush(self, sink: Sink) -> None:
        """Send all that waits.

        A cancelled flush has taken nothing that it hasn't sent: the next one goes on
        at the very byte.
        """
        while (item := self._head()) is not None:
            item.rest = item.rest[await sink.send(item.rest) :]
            if not item.rest and self._queue:
                self._queue.popleft()
                self._waiting -= item.weight
                self._sent_some()
                if item.sent is not None:
                    item.sent.set()

    def _put(self, item: _Item) -> None:
        if not self._closed:
            self._queue.append(item)
            self._more.set()

    def _head(self) -> _Item | None:
        if not self._queue and self._dropped:
            line = notification(LAGGED, Lagged(count=self._dropped))
            self._dropped = 0
            self._put(_Item(memoryview(line)))
            self._sent_some()
        if self._queue:
            return self._queue[0]
        self._more = trio.Event()
        return None

    def _sent_some(self) -> None:
        self._less.set()
        self._less = trio.Event()
