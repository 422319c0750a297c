"""One moment on both clocks, for what is shown: the same until one of them jumps."""

from datetime import datetime

import trio

from selfhealingd.clock import utc_now
from selfhealingd.core.snapshot import Anchor

JUMP_SECS = 0.1
"""Seconds. The clocks are read one after the other, so two pairs of readings differ by
what came in between; what sets a clock in one step does so by more: 0.128 s and up with
ntpd(8), 0.4 s with systemd-timesyncd."""


class Anchoring:
    """Keeps one pair of readings, so that a time is shown alike at each look."""

    def __init__(self) -> None:
        self._kept: Anchor | None = None

    def at(self, now: float, utc: datetime) -> Anchor:
        """Return the pair that is kept, or this one where a clock has jumped."""
        kept = self._kept
        if kept is None or abs((kept.to_utc(now) - utc).total_seconds()) > JUMP_SECS:
            kept = self._kept = Anchor(now, utc)
        return kept


_ANCHORING = Anchoring()


def anchor() -> Anchor:
    """Return what maps the loop's clock to UTC, as the wall clock is now.

    The moment in it is any that was, and not the present.
    """
    return _ANCHORING.at(trio.current_time(), utc_now())
