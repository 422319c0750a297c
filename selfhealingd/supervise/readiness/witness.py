"""What one run shows, as events: each thing once, however often it is shown."""

import math
from collections.abc import Awaitable, Callable

import trio

from selfhealingd.core.events import Event, MoreTimeAsked, Ready, Unready
from selfhealingd.supervise.readiness.notice import Notice

_LEAST_MORE = 1.0
"""Seconds by which a demand for more time has to differ from the last to be told."""


class Witness:
    """Tells of one run; ``say`` gets its status in words, None when there is none.

    ``by_word``: that it says so is what makes it ready.
    """

    def __init__(
        self,
        service: str,
        run: int,
        *,
        report: Callable[[Event], Awaitable[None]],
        trouble: Callable[[str, str], None],
        say: Callable[[str, str | None], None],
        by_word: bool = True,
    ) -> None:
        self._by_word = by_word
        self._service = service
        self._run = run
        self._report = report
        self._trouble = trouble
        self._say = say
        self._ready = False
        self._lack: str | None = None
        self._until = -math.inf
        self._doing: str | None = None
        self._status = ""
        self._ignored = False

    async def ready(self) -> None:
        """Tell that its sign has come."""
        if self._ready:
            return
        self._ready = True
        now = trio.current_time()
        await self._report(Ready(at=now, service=self._service, run=self._run))

    async def unready(self, lack: str) -> None:
        """Tell what was seen instead."""
        if self._lack == lack:
            return
        self._lack = lack
        now = trio.current_time()
        await self._report(
            Unready(at=now, service=self._service, run=self._run, lack=lack)
        )

    async def heed(self, notice: Notice) -> None:
        """Tell what it says of itself."""
        if notice.ready:
            self._doing = None  # a reload ends so, too
        self._doing = notice.doing or self._doing
        self._status = self._status if notice.status is None else notice.status
        self._say(self._service, self._words())
        if notice.ready and self._by_word:
            await self.ready()
        if notice.more is not None:
            await self._more_time(notice.more)

    def ignore(self, pid: int) -> None:
        """Tell, once, that what a stranger said does not count."""
        if self._ignored:
            return
        self._ignored = True
        whose = f"of pid {pid}" if pid else "of a process that can't be seen from here"
        self._trouble(
            self._service,
            f"ignored a notification {whose}: it is none of its processes, or had"
            " ended before it could be looked up; let one send it that stays, or that"
            " waits, as systemd-notify does",
        )

    def over(self) -> None:
        """Forget what it said of itself: its run is over."""
        self._say(self._service, None)

    async def _more_time(self, seconds: float) -> None:
        now = trio.current_time()
        if now + seconds < self._until + _LEAST_MORE:
            return
        self._until = now + seconds
        more = MoreTimeAsked(
            at=now, service=self._service, run=self._run, seconds=seconds
        )
        await self._report(more)

    def _words(self) -> str | None:
        return ": ".join(filter(None, (self._doing, self._status))) or None
