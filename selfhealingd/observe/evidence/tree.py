"""A process and all that descends from it, as far as they are not too many."""

import os
from collections import deque
from collections.abc import Iterator

from selfhealingd.observe.evidence import proc
from selfhealingd.observe.evidence.process import wchan
from selfhealingd.wire.evidence import ProcessDocument

MOST = 64
_COMMAND = 300
_PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(pid: int, most: int = MOST) -> tuple[ProcessDocument, ...]:
    """Return them, parents first; raises OSError if not even the first is there.

    Command lines come last: reading one may block where its process hangs.
    """
    found = [_process(pid)]
    waiting = deque(_children(pid))
    while waiting and len(found) < most:
        one = waiting.popleft()
        try:
            found.append(_process(one))
            waiting.extend(_children(one))
        except OSError:
            continue  # it ended meanwhile
    return tuple(found)


def _process(pid: int) -> ProcessDocument:
    line = proc.text(pid, "stat")
    name, _, rest = line.partition(" (")[2].rpartition(") ")
    stat = rest.split()
    return ProcessDocument(
        pid=pid,
        parent=int(stat[1]),
        state=stat[0],
        name=name,
        command=command(pid) or name,
        threads=int(stat[17]),
        memory=int(stat[21]) * _PAGE,
        wchan=wchan(pid),
    )


def command(pid: int) -> str:
    """Return a process's command line, cut where it is long; it may block."""
    try:
        raw = proc.text(pid, "cmdline", 4096)
    except OSError:
        return ""
    words = raw.replace("\0", " ").strip()
    plain = "".join(char if char.isprintable() else "?" for char in words)
    return plain if len(plain) <= _COMMAND else f"{plain[:_COMMAND]}…"


def _children(pid: int) -> Iterator[int]:
    for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names suffice
        try:
            children = proc.text(pid, f"task/{thread}/children")
        except OSError:
            continue  # the thread ended, or the kernel has no such file
        yield from map(int, children.split())
