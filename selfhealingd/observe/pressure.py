"""How short the host is of CPU and IO, as the kernel tells it: ``/proc/pressure``."""

import math
import re
from pathlib import Path

import trio

from selfhealingd.core.pressure import stretch

FOLDER = Path("/proc/pressure")
FRESH_SECS = 2.0
"""The kernel renews its averages every two seconds (Documentation/accounting/psi)."""

_AVERAGE = re.compile(r"^(some|full) avg10=(\d+\.\d+) ", re.MULTILINE)


def averages(resource: str, folder: Path = FOLDER) -> dict[str, float]:
    """Return in how many percent of the last 10 s ``some`` or the ``full`` lot waited.

    ``resource``: ``cpu``, ``memory`` or ``io``. Empty where the kernel tells nothing.
    """
    try:
        text = (folder / resource).read_text()
    except OSError:  # built without it, or switched off at boot
        return {}
    return {kind: float(share) for kind, share in _AVERAGE.findall(text)}


class Pressure:
    """Read when asked for, at most every 2 s; where the kernel has none, unknown."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._until = -math.inf
        self._share: float | None = None

    @property
    def share(self) -> float | None:
        """Share of the last 10 s in which something waited for a CPU or for IO."""
        now = trio.current_time()
        if now >= self._until:
            found = (averages(one, self._folder) for one in ("cpu", "io"))
            some = [one["some"] / 100 for one in found if "some" in one]
            self._share = max(some, default=None)
            self._until = now + FRESH_SECS
        return self._share

    def stretched(self, seconds: float) -> float:
        """Return how long to wait now for what should take ``seconds`` at most."""
        return seconds * stretch(self.share)
