"""The one reader of wall time. Decisions are made on trio's monotonic clock alone."""

import time
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def utc_now() -> datetime:
    """Return the wall clock's time, as an aware datetime in UTC."""
    return datetime.now(UTC)


def boottime() -> float:
    """Return the seconds since the host booted, time asleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Return the kernel's name for this boot; raises OSError without ``/proc``."""
    return _BOOT_ID.read_text().strip()
