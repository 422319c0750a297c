"""What the kernel says of processes: who was killed for want of memory, who crashed.

``/dev/kmsg`` is read from where it ended last time, so that asking costs no more than
what is new. It is for root, and for all where ``kernel.dmesg_restrict`` is 0.
"""

import os
import re
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

KMSG = Path("/dev/kmsg")
_NAMESPACE = "/proc/self/ns/pid"
_INITIAL = "pid:[4026531836]"  # PROC_PID_INIT_INO of linux/proc_ns.h
_KEPT = 500
_SLACK = 1.0  # seconds: the log's clock is another one, and not corrected
_RECORD = 8192  # a record is at most about 1 KiB, but is refused to a smaller buffer
_AT_ONCE = 20_000

# Not compiled before they are needed: that takes longer than all the rest here.
_TELLING = (
    r"(?i)segfault|traps:|general protection|oom|out of memory|killed process|"
    r"blocked for more than|memory cgroup"
)
_OOM = (
    r"(?P<what>Memory cgroup out of memory|Out of memory[^:]*):"
    r" Kill(?:ed)? process (?P<pid>\d+) \((?P<name>.*?)\)(?=,| total-vm| score|$)"
)
_RESIDENT = r"anon-rss:(\d+)kB"
_SHORT = r"oom-kill:.*?oom_memcg=(?P<short>[^,]*),task_memcg=(?P<task>[^,]*)"


class KernelLog:
    """The kernel's log; for one thread at a time."""

    def __init__(self, path: Path = KMSG) -> None:
        self.problem: str | None = None
        """Why it can't be read."""
        self._path = path
        self._fd = -1
        self._lines: deque[tuple[float, str]] = deque(maxlen=_KEPT)

    def close(self) -> None:
        """Read no more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def about(self, pid: int, since: float = 0.0) -> tuple[str, ...]:
        """Return the lines that speak of a process, oldest first.

        ``since``: seconds on the kernel's clock; what is older is of another process
        of this number. Where nothing can be read, ``problem`` says why.
        """
        # x[12]: segfault; task=x,pid=12; Killed process 12 (x); task x:12 blocked
        return self._found(rf"(?:\[|pid=|process |:){pid}(?=[\] ,]|$)", since)

    def kills(self, since: float, cgroup: str, own: str = "?") -> tuple[str, ...]:
        """Return the lines on who was killed for want of memory, oldest first.

        Only where the host was short of it, or a cgroup that ``cgroup`` is in, or one
        called ``own``: how others do in cgroups of theirs is not our concern.
        """
        found, ours = [], False
        for at, line in self._lines_now():
            # It says for which cgroup, and comes before those whom it costs.
            if short := re.search(_SHORT, line):
                ours = _within(cgroup, short["short"]) or own in short["task"].split(
                    "/"
                )
            kill = re.search(_OOM, line)
            if kill and at >= since and (ours or not kill["what"].startswith("Memory")):
                found.append(line)
        return tuple(found)

    def _found(self, pattern: str, since: float) -> tuple[str, ...]:
        return tuple(
            line
            for at, line in self._lines_now()
            if at >= since and re.search(pattern, line)
        )

    def _lines_now(self) -> Iterable[tuple[float, str]]:
        if self._fd < 0:
            self._open()
        self._read_new()
        return self._lines

    def _open(self) -> None:
        self.problem = None
        if _elsewhere():
            self.problem = "we are in a container: the kernel knows other pids"
            return
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self.problem = f"{self._path}: {(error.strerror or str(error)).lower()}"

    def _read_new(self) -> None:
        for _ in range(_AT_ONCE if self._fd >= 0 else 0):
            try:
                record = os.read(self._fd, _RECORD)
            except BlockingIOError:
                return
            except BrokenPipeError:
                continue  # what came next was overwritten: go on with the oldest
            except OSError as error:
                self.problem = f"{self._path}: {(error.strerror or str(error)).lower()}"
                return
            if not record:
                return
            at, line = message(record)
            if re.search(_TELLING, line):
                self._lines.append((at, line))


def _elsewhere() -> bool:
    """Whether pids mean something else to us than to the kernel's log."""
    try:
        return os.readlink(_NAMESPACE) != _INITIAL  # noqa: PTH115 - no such file
    except OSError:
        return False  # a kernel without namespaces


def message(record: bytes) -> tuple[float, str]:
    """Read ``6,339,5140900,-;words``, with further lines: seconds since boot, words."""
    head, _, text = record.decode("utf-8", "replace").partition(";")
    fields = head.split(",")
    at = fields[2] if len(fields) > 2 else ""  # noqa: PLR2004 - the third is the time
    seconds = int(at) / 1e6 if at.isdecimal() else 0.0
    return seconds, text.split("\n", 1)[0]


def _within(inner: str, outer: str) -> bool:
    return f"{inner.rstrip('/')}/".startswith(f"{outer.rstrip('/')}/")


def memory_cgroup(pid: int | None) -> str:
    """Return in which cgroup a process's memory is counted, or our own for None.

    Raises OSError.
    """
    file = f"/proc/{'self' if pid is None else pid}/cgroup"
    known = {}
    for line in Path(file).read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        known.update(dict.fromkeys(controllers.split(","), place))
    return known.get("memory", known.get("", "/"))


def kernel_time(started: int | None) -> float:
    """Return when a process began, at the earliest, on the clock of the kernel's log.

    ``started``: in ticks since boot, which counts time asleep; the log's clock doesn't.
    """
    if started is None:
        return 0.0
    asleep = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return started / os.sysconf("SC_CLK_TCK") - asleep - _SLACK


def oom_in_words(lines: tuple[str, ...], pid: int | None = None) -> str | None:
    """Say who was killed last as memory was short: ``pid``, or anybody for None."""
    for line in reversed(lines):
        found = re.search(_OOM, line)
        if found is None or pid not in (None, int(found["pid"])):
            continue
        whose = "its cgroup" if found["what"].startswith("Memory") else "the host"
        resident = re.search(_RESIDENT, line[found.end() :])
        held = f", when it held {int(resident[1]) // 1024} MiB" if resident else ""
        return (
            f"the kernel killed {found['name']} (pid {found['pid']}) as {whose} was"
            f" out of memory{held}"
        )
    return None
