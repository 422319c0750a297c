"""Who a process is: its pid and when it started, read from ``/proc``.

Start times are clock ticks since boot, so they mean nothing without the boot id.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from selfhealingd.clock import boottime

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ENOUGH = 4096  # a stat line is a few hundred bytes, whatever the name


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """A process that no later user of its number can be mistaken for.

    ``started`` is in clock ticks since boot.
    """

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class Stat:
    """What we use of ``/proc/PID/stat``; ``started`` is in ticks since boot."""

    pid: int
    name: bytes
    state: str
    parent: int
    group: int
    session: int
    threads: int
    started: int

    @property
    def identity(self) -> Identity:
        """Who this is."""
        return Identity(self.pid, self.started)

    @property
    def gone(self) -> bool:
        """Whether no thread of it runs any more, even if nobody has reaped it."""
        # A main thread that ended alone shows as a zombie while others work on.
        return self.state in "ZX" and self.threads <= 1


def parse_stat(line: bytes) -> Stat:
    """Parse a line of ``/proc/PID/stat``; ValueError if it is not one."""
    # The name stands in parentheses, and may hold any of them, spaces and newlines.
    pid, _, rest = line.partition(b" (")
    name, found, tail = rest.rpartition(b") ")
    fields = tail.split()
    if not found or len(fields) < 20:  # noqa: PLR2004 - starttime is field 22
        raise ValueError(f"not a line of /proc/PID/stat: {line[:80]!r}")
    return Stat(
        pid=int(pid),
        name=name,
        state=fields[0].decode("ascii"),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        threads=int(fields[17]),
        started=int(fields[19]),
    )


def read_proc(pid: int, name: str) -> bytes | None:
    """Return ``/proc/PID/NAME``, or None if the process is gone or not ours to read."""
    try:
        fd = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    try:
        chunks = []
        while chunk := os.read(fd, _ENOUGH):
            chunks.append(chunk)
        return b"".join(chunks)
    except (ProcessLookupError, PermissionError):
        return None
    finally:
        os.close(fd)


def read_stat(pid: int) -> Stat | None:
    """Return what the kernel says of ``pid``; None if there is no such process."""
    line = read_proc(pid, "stat")
    return parse_stat(line) if line else None


def start_ticks(pid: int) -> int | None:
    """Return when ``pid`` started, in ticks since boot; None if it is not there."""
    stat = read_stat(pid)
    return None if stat is None else stat.started


def real_uid(pid: int) -> int | None:
    """Return whose process this is, whatever it may do; None if it is not there."""
    status = read_proc(pid, "status") or b""
    line = next((one for one in status.splitlines() if one.startswith(b"Uid:")), None)
    return None if line is None else int(line.split()[1])


def age(identity: Identity) -> float:
    """Return for how many seconds this process has been there, or would have."""
    return boottime() - identity.started / os.sysconf("SC_CLK_TCK")


def alive(identity: Identity) -> bool:
    """Whether exactly this process still runs; a zombie does not."""
    stat = read_stat(identity.pid)
    return stat is not None and stat.started == identity.started and not stat.gone


def children(pid: int) -> list[int]:
    """Return the children of a process, over all its threads; none if it is gone.

    A few system calls that never wait. Children that come or go meanwhile may be
    missed: ask until there is nothing new. Needs a kernel that ``lists_children``.
    """
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names suffice
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
    lists = (read_proc(pid, f"task/{thread}/children") for thread in threads)
    return [int(child) for text in lists if text for child in text.split()]


@cache
def lists_children() -> bool:
    """Whether this kernel has ``/proc/PID/task/TID/children`` (PROC_CHILDREN)."""
    return os.path.exists("/proc/thread-self/children")  # noqa: PTH110 - of /proc


def processes() -> Iterator[Stat]:
    """Yield every process that we can see. Blocking: for a worker thread."""
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are all we need
        if name.isdigit() and (stat := read_stat(int(name))) is not None:
            yield stat


def boot_id() -> str:
    """Name this boot: the kernel's, or of the container that we see as the machine.

    In a container that is started again pids begin anew, though the host has not been
    booted: its PID 1 is another one then. Raises OSError without ``/proc``.
    """
    kernels = _BOOT_ID.read_text().strip()
    first = start_ticks(1)
    return kernels if first is None else f"{kernels}+{first}"
