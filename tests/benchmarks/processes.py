"""What descends from this process: found, weighed, and ended without fail.

This process is made the subreaper, so that a daemon which forks itself away stays in
the family, and so that a dead supervisor's programs become children of ours. Only for a
process that does nothing else: all of its descendants are ended alike.
"""

import ctypes
import os
import re
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
ENDING_SECS = 30.0

_PROC = Path("/proc")
_PSS = re.compile(rb"^Pss:\s+(\d+) kB$", re.MULTILINE)


class StillThere(Exception):
    """Processes of ours did not end, though killed."""


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent has ended."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"cannot become subreaper: {os.strerror(number)}")


def descendants() -> set[int]:
    """Return the pids of everything that was started from here, zombies included."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    left = [os.getpid()]
    while left:
        for pid in children.get(left.pop(), ()):
            found.add(pid)
            left.append(pid)
    return found


def end_descendants() -> None:
    """Kill and reap everything that was started from here; raises StillThere.

    Only children are killed. A child keeps its pid until it is reaped here, so no
    stranger can have it; and its own children become ours, for the next round.
    """
    deadline = time.monotonic() + ENDING_SECS
    me = os.getpid()
    while children := [pid for pid, up in _parents().items() if up == me]:
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            _reap(pid, deadline)


def reap_if_child(pid: int) -> None:
    """Reap a program that was just killed, where its supervisor is not its parent.

    Monit's programs are such: as a zombie of ours it would still seem to run.
    """
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def pss_bytes(pids: Iterable[int]) -> int:
    """Return the processes' memory, shared pages divided among those who share."""
    total = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            found = _PSS.search((_PROC / str(pid) / "smaps_rollup").read_bytes())
            total += int(found[1]) * 1024 if found else 0
    return total


def cpu_seconds(pids: Iterable[int]) -> dict[int, float]:
    """Return the CPU time of each process that is there, ended threads included."""
    times = {}
    for pid in pids:
        clock = (~pid << 3) | 2  # clock_getcpuclockid(3): exact, where stat has ticks
        with suppress(OSError):  # it has ended
            times[pid] = time.clock_gettime(clock)
    return times


def _reap(pid: int, deadline: float) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                raise StillThere(f"cannot end process {pid}: killed, and still there")
            time.sleep(0.001)


def _parents() -> dict[int, int]:
    parents = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(FileNotFoundError, ProcessLookupError):
                stat = (folder / "stat").read_bytes()
                parents[int(folder.name)] = int(stat.rpartition(b") ")[2].split()[1])
    return parents
