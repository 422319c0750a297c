"""Who descends from a service, found once for all services of a sweep.

Where the kernel lists children, only services that are asked for are walked; else all
processes are read once. A descendant whose parent has ended is a child of the daemon
then, and known by its session.
"""

import os
from collections.abc import Container, Iterable
from functools import partial

import trio

from selfhealingd.observe.process import (
    Reading,
    children,
    lists_children,
    read_process,
)

_SEVERAL = 2  # the daemon has worker threads, and each may have started something


async def family_now(leaders: Iterable[int]) -> "Family":
    """Look now; ``leaders`` are the processes of all services."""
    if lists_children():
        return Family(leaders, walk=True)
    scan = partial(Family, leaders, walk=False)
    return await trio.to_thread.run_sync(scan)


class Family:
    """The processes of one moment; made for one sweep. ``leaders``: all services'."""

    def __init__(self, leaders: Iterable[int], *, walk: bool) -> None:
        self._children: dict[int, list[Reading]] | None = None if walk else _scan()
        self._orphans: dict[int, list[Reading]] = {}
        known = frozenset(leaders)
        for one in self._of(os.getpid(), _SEVERAL, known):
            self._orphans.setdefault(one.session, []).append(one)

    def of(self, leader: Reading) -> list[Reading]:
        """Return a service's processes, itself first."""
        found = {leader.pid: leader}
        left = [leader, *self._orphans.get(leader.pid, ())]
        while left:
            one = left.pop()
            found[one.pid] = one
            left += self._of(one.pid, one.threads, found)
        return list(found.values())

    def _of(self, pid: int, threads: int, known: Container[int]) -> list[Reading]:
        """Return the children that aren't known yet."""
        if self._children is not None:
            return [one for one in self._children.get(pid, ()) if one.pid not in known]
        new = (child for child in children(pid, threads) if child not in known)
        read = map(read_process, new)
        return [one for one in read if one is not None and one.parent == pid]


def _scan() -> dict[int, list[Reading]]:
    found: dict[int, list[Reading]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are all we need
        if name.isdigit() and (one := read_process(int(name))) is not None:
            found.setdefault(one.parent, []).append(one)
    return found
