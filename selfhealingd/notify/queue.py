"""What waits to be told: bounded in number and in speed."""

from collections import deque
from typing import Generic, TypeVar

import trio

T = TypeVar("T")

QUEUED = 100
"""So many wait; of more, the oldest are dropped: the latest news is worth most."""

BURST = 20
"""So many may go out one right after the other."""

PER_SECOND = 2.0
"""How fast it goes on after a burst: a storm must not become the host's trouble."""


class Queue(Generic[T]):
    """For one who takes. ``dropped`` counts those that nobody will ever take."""

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: deque[T] = deque()
        self._some = trio.Event()
        self._tokens = float(BURST)
        self._filled = trio.current_time()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: T) -> bool:
        """Let it wait; returns whether another one was dropped for it."""
        full = len(self._waiting) == QUEUED
        if full:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(item)
        self._some.set()
        return full

    async def get(self) -> T:
        """Return the oldest, once there is one and it is time for it."""
        while True:
            await self._some.wait()
            wait = self._until_next()
            if wait > 0:
                await trio.sleep(wait)
                continue
            self._tokens -= 1
            item = self._waiting.popleft()
            if not self._waiting:
                self._some = trio.Event()
            return item

    def rest(self) -> tuple[T, ...]:
        """Return all that waits, to go out with the one before."""
        items = tuple(self._waiting)
        self._waiting.clear()
        self._some = trio.Event()
        return items

    def _until_next(self) -> float:
        now = trio.current_time()
        gained = (now - self._filled) * PER_SECOND
        self._tokens = min(BURST, self._tokens + gained)
        self._filled = now
        # What rounding leaves out must not make it wait for nothing, again and again.
        return 0.0 if self._tokens > 1 - 1e-6 else (1 - self._tokens) / PER_SECOND
