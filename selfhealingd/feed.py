"""Events for those who follow: the last ones are kept, a slow follower loses some.

What a follower misses it is told as a number; it is in the journal all the same.
"""

from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import trio

from selfhealingd.wire.documents import EventDocument

KEPT = 500
QUEUED = 1000


class Follower:
    """One who follows: iterate over ``events``. ``missed`` counts those lost."""

    def __init__(self) -> None:
        self._send, self.events = trio.open_memory_channel[EventDocument](QUEUED)
        self.missed = 0

    def offer(self, event: EventDocument) -> None:
        """Hand over an event, or count it as missed."""
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self.missed += 1


class Feed:
    """Fans events out."""

    def __init__(self) -> None:
        self._last: deque[EventDocument] = deque(maxlen=KEPT)
        self._followers: set[Follower] = set()

    def publish(self, event: EventDocument) -> None:
        """Tell everybody who follows; waits for nobody."""
        self._last.append(event)
        for follower in self._followers:
            follower.offer(event)

    def last(
        self, number: int, of: Collection[str] | None = None
    ) -> list[EventDocument]:
        """The latest events, oldest first; ``of``: those of these services alone."""
        found = [one for one in self._last if of is None or one.service in of]
        return found[-number:] if number > 0 else []

    @contextmanager
    def follow(self) -> Iterator[Follower]:
        """Follow from now on."""
        follower = Follower()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
