"""One timer a service, all of them kept by one task."""

from collections.abc import Awaitable, Callable
from heapq import heappop, heappush

import trio


class Timers:
    """Calls back when a service's time has come; a new time replaces the old one."""

    def __init__(self) -> None:
        self._when: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._changed = trio.Event()

    def set(self, name: str, at: float | None) -> None:
        """Ask for a call at ``at`` on trio's clock, or for none."""
        if self._when.get(name) == at:
            return
        if at is None:
            self._when.pop(name, None)
            return
        self._when[name] = at
        earliest = not self._heap or at < self._heap[0][0]
        heappush(self._heap, (at, name))
        if earliest:
            self._changed.set()

    async def run(self, call: Callable[[str], Awaitable[None]]) -> None:
        """Keep all times, for ever."""
        while True:
            self._drop_replaced()
            if self._heap and self._heap[0][0] <= trio.current_time():
                _, name = heappop(self._heap)
                del self._when[name]
                await call(name)
                continue
            self._changed = trio.Event()
            deadline = self._heap[0][0] if self._heap else float("inf")
            with trio.move_on_at(deadline):
                await self._changed.wait()

    def _drop_replaced(self) -> None:
        while self._heap and self._when.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
