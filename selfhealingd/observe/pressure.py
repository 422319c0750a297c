"""How short the host is of CPU and IO, as the kernel tells it: ``/proc/pressure``."""

import math
import re
from pathlib import Path

import trio

from selfhealingd.core.pressure import stretch

FOLDER = Path("/proc/pressure")
FRESH_SECS = 2.0
"""The kernel renews its averages every two seconds (Documentation/accounting/psi)."""

_SOME = re.compile(r"^some avg10=(\d+\.\d+) ", re.MULTILINE)


class Pressure:
    """Read when asked for, at most every 2 s; where the kernel has none, unknown."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = (folder / "cpu", folder / "io")
        self._until = -math.inf
        self._share: float | None = None

    @property
    def share(self) -> float | None:
        """Share of the last 10 s in which something waited for a CPU or for IO."""
        now = trio.current_time()
        if now >= self._until:
            found = [one for one in map(_some, self._files) if one is not None]
            self._share = max(found, default=None)
            self._until = now + FRESH_SECS
        return self._share

    def stretched(self, seconds: float) -> float:
        """Return how long to wait now for what should take ``seconds`` at most."""
        return seconds * stretch(self.share)


def _some(file: Path) -> float | None:
    try:
        found = _SOME.search(file.read_text())
    except OSError:  # built without it, or switched off at boot
        return None
    return None if found is None else float(found[1]) / 100
