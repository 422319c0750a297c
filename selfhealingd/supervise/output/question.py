"""Something that the loop asks of a mover's thread."""

from collections.abc import Callable
from typing import Generic, TypeVar

import trio

from selfhealingd.supervise.output.errors import OutputError

T = TypeVar("T")


class Question(Generic[T]):
    """Some work for a thread, and what comes of it."""

    def __init__(
        self, work: Callable[[], T], tell: Callable[[Callable[[], None]], None]
    ) -> None:
        """``tell`` has something done in the loop, from the thread."""
        self._work = work
        self._tell = tell
        self._done = trio.Event()
        self._result: T | None = None
        self._error: Exception | None = None

    def answer(self) -> None:
        """Do the work; in the thread."""
        try:
            self._result = self._work()
        except (OutputError, OSError) as error:
            self._error = error
        self._tell(self._done.set)

    async def answered(self) -> T:
        """Return the work's result; raises what it raised of OutputError, OSError."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]
