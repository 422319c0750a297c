"""A process by its command line: of all that match, the one that began first.

That is the master where there are workers, and whoever is served where somebody
started it twice. Not looked at: zombies, ourselves, what is in another container, and
what a master that was seen to end has left in its session or group.
"""

import os
import re
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import trio

from selfhealingd.supervise.identity import Identity, Stat, processes, read_proc
from selfhealingd.supervise.kinship import Scans
from selfhealingd.supervise.watching.sight import Down, Sight, Up

_REMEMBERED = 16
LOOK_SECS = 2.0
"""From one look at all command lines to the next, while none matches."""


class MatchEye:
    """Looks for one pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self._ended = deque[int](maxlen=_REMEMBERED)

    async def look(self) -> Sight:
        """Say whose command line matches; looks that come together are one."""
        lines = await _lines.get()
        return await trio.to_thread.run_sync(self._find, lines)

    async def news(self) -> None:
        """Wait a moment."""
        await trio.sleep(LOOK_SECS)

    def died(self, identity: Identity) -> None:
        """Take for it nobody whom it has left."""
        self._ended.append(identity.pid)

    def _find(self, lines: Sequence[tuple[Stat, str]]) -> Sight:
        found = [stat for stat, line in lines if self._pattern.search(line)]
        for stat in sorted(found, key=lambda stat: (stat.started, stat.pid)):
            if not self._left(stat) and _is_here(stat.pid):
                return Up(stat.identity)
        return Down(f"no command line matches {self._pattern.pattern!r}")

    def _left(self, stat: Stat) -> bool:
        masters = {stat.session, stat.group} - {stat.pid}
        return not masters.isdisjoint(self._ended)


def _is_here(pid: int) -> bool:
    """Whether a process is of our container; so it is where that is not told."""
    try:
        theirs = Path(f"/proc/{pid}/ns/pid").readlink()
        return theirs == Path("/proc/self/ns/pid").readlink()
    except PermissionError:
        return True
    except OSError:
        return False


def _read_lines() -> Sequence[tuple[Stat, str]]:
    return [
        (stat, os.fsdecode(line.replace(b"\0", b" ")).rstrip())
        for stat in processes()
        if not stat.gone
        and stat.pid != os.getpid()
        and (line := read_proc(stat.pid, "cmdline"))
    ]


_lines = Scans(_read_lines)
