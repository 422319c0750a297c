"""What waits to be told: bounded in number and in speed."""

from collections import deque
from typing import Generic, TypeVar

import msgspec
import trio

T = TypeVar("T")

QUEUED = 100
"""So many wait; of more, the oldest are dropped: the latest news is worth most."""


class Pace(msgspec.Struct, frozen=True):
    """``burst`` go out one right after the other; then it goes on so fast."""

    burst: int
    per_second: float


USUAL = Pace(burst=20, per_second=2.0)
"""A storm must not become the host's trouble."""

FOR_PEOPLE = Pace(burst=5, per_second=1 / 60)
"""Who is sent more reads none of it."""


class Queue(Generic[T]):
    """For one who takes. ``dropped`` counts those that nobody will ever take.

    ``pace`` may be changed at any time.
    """

    def __init__(self, pace: Pace = USUAL) -> None:
        self.dropped = 0
        self.pace = pace
        self._waiting: deque[T] = deque()
        self._some = trio.Event()
        self._tokens = float(pace.burst)
        self._filled = trio.current_time()
        self._hurried = trio.Event()

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
                await self.pause(wait)
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

    def hurry(self) -> None:
        """Let nothing wait any more for its time."""
        self._hurried.set()

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until it is time to hurry."""
        with trio.move_on_after(seconds):
            await self._hurried.wait()

    def _until_next(self) -> float:
        if self._hurried.is_set():
            return 0.0
        now, pace = trio.current_time(), self.pace
        gained = (now - self._filled) * pace.per_second
        self._tokens = min(pace.burst, self._tokens + gained)
        self._filled = now
        # What rounding leaves out must not make it wait for nothing, again and again.
        return 0.0 if self._tokens > 1 - 1e-6 else (1 - self._tokens) / pace.per_second
