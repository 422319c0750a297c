"""The one reader of wall time. Decisions are made on trio's monotonic clock alone."""

import time
from datetime import UTC, datetime
from datetime import time as clock_time


def utc_now() -> datetime:
    """Return the wall clock's time, as an aware datetime in UTC."""
    return datetime.now(UTC)


def local_time() -> clock_time:
    """Return the local time of day."""
    return datetime.now().astimezone().time()


def boottime() -> float:
    """Return the seconds since the host booted, time asleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
