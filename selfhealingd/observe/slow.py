"""Calls that may hang, such as statvfs(2) on a dead network disk."""

from collections.abc import Callable
from typing import TypeVar

import trio

SECS = 2.0
"""How long a call is waited for."""

T = TypeVar("T")


class Slow:
    """Makes each call in a worker thread, and not again while it still hangs."""

    def __init__(self) -> None:
        self._hanging: set[str] = set()
        # As many as there are calls: one that hangs must not keep another waiting.
        self._limiter = trio.CapacityLimiter(1000)

    async def call(
        self, key: str, work: Callable[[], T], *, secs: float = SECS
    ) -> T | None:
        """Return the answer; None if it could not be had, or not in time."""
        if key in self._hanging:
            return None

        def guarded() -> T | None:
            self._hanging.add(key)
            try:
                return work()
            except OSError:
                return None
            finally:
                self._hanging.discard(key)

        with trio.move_on_after(secs):
            return await trio.to_thread.run_sync(
                guarded, abandon_on_cancel=True, limiter=self._limiter
            )
        return None
