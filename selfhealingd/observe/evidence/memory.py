"""How often a cgroup's processes were killed for want of memory; see cgroups(7)."""

from pathlib import Path


class OomCounter:
    """Tells what was added since it was last asked; for one thread at a time.

    ``cgroup``: None where there is none whose memory is controlled.
    """

    def __init__(self, cgroup: Path | None) -> None:
        self._file = None if cgroup is None else cgroup / "memory.events"
        self._last = self._kills()

    def news(self) -> str | None:
        """Say how many were killed since the last time; None if none was."""
        before, self._last = self._last, self._kills()
        if before is None or self._last is None or self._last <= before:
            return None
        number = self._last - before
        whom = "a process" if number == 1 else f"{number} processes"
        return f"the kernel killed {whom} of the daemon's cgroup: it is out of memory"

    def _kills(self) -> int | None:
        if self._file is None:
            return None
        try:
            return kills(self._file.read_text())
        except OSError:
            return None


def kills(events: str) -> int | None:
    """Read ``oom_kill`` of ``memory.events``; None where there is none."""
    for line in events.splitlines():
        name, _, number = line.partition(" ")
        if name == "oom_kill" and number.strip().isdecimal():
            return int(number)
    return None
