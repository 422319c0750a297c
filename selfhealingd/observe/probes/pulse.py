"""What has to come again and again by itself: heartbeats, and lines in a log."""

import math
from collections.abc import Callable

import trio

from selfhealingd.core.ask import failed, ok, unknown
from selfhealingd.core.probe import Heartbeat
from selfhealingd.core.spans import span
from selfhealingd.observe.probes.case import Case

GRACE_SECS = 0.25
"""What came in time, but has not been read yet, is waited for."""

_LATE_SECS = 1.0
"""If we are that late ourselves, silence is no wonder: it is waited for once more."""


class Pulse:
    """Signs of life of one run; they cost next to nothing while all is well."""

    def __init__(self) -> None:
        self._at = -math.inf
        self._awaited = True
        self._came = False
        self._failed = False
        self._news = trio.Event()

    def beat(self) -> None:
        """Take in a sign of life."""
        self._at = trio.current_time()
        if self._awaited:
            self._came = True
            self._news.set()

    def fail(self) -> None:
        """Take in that it says itself that it has failed."""
        self._failed = True
        self._news.set()

    async def listen(
        self,
        case: Case,
        within: float,
        stretched: Callable[[float], float],
        hindered: Callable[[], bool] = lambda: False,
    ) -> None:
        """Judge by whether signs come within so many seconds, until cancelled.

        While ``hindered``, they could not come, so that silence says nothing.
        """
        beats = isinstance(case.probe.what, Heartbeat)
        lack = "no WATCHDOG=1" if beats else "nothing written"
        self._at = trio.current_time()
        sick = False
        while True:
            self._news = trio.Event()
            if self._failed:
                self._failed = self._came = False
                self._awaited = sick = True
                await case.take(failed("it sent WATCHDOG=trigger"))
            elif self._came:
                self._came = self._awaited = sick = False
                await case.take(ok("it beats" if beats else "it writes"))
            elif sick:
                await self._news.wait()
            elif not await self._silent(within, stretched):
                pass
            elif hindered():
                self._at = trio.current_time()
                await case.take(unknown("what it writes can't be put into its log"))
            else:
                self._awaited = sick = True
                await case.take(failed(f"{lack} for {span(within)}"))

    async def _silent(self, within: float, stretched: Callable[[float], float]) -> bool:
        """Wait until the next sign is due; False if it came, or anything else did."""
        last = self._at
        due = last + stretched(within)
        with trio.move_on_at(due):
            await self._news.wait()
            return False
        if trio.current_time() > due + _LATE_SECS:
            self._at = trio.current_time()
        elif self._at == last:
            self._awaited = True
            with trio.move_on_after(GRACE_SECS):
                await self._news.wait()
        return self._at == last and not self._news.is_set()
