"""A program's tree: all that descends from it and still runs.

A process is of the tree if its parents lead to the program; if it is an orphan of
ours that is known as the program's (by its session, by the marks in its environment,
or because it was seen before its parent died), or descends from one; or if it is in
the program's cgroup. A zombie runs no more, so it is never counted.

This holds while ``reaper.serve`` runs: otherwise orphans never come to us. Those of
an adopted program don't; it finds them as its ``strays``. All of it is for the main
thread.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from signal import SIGKILL
from typing import NamedTuple

import trio

from selfhealingd.supervise.child import Child
from selfhealingd.supervise.errors import SignalError
from selfhealingd.supervise.identity import (
    Identity,
    Stat,
    children,
    lists_children,
    read_stat,
)
from selfhealingd.supervise.kinship import kin, read_marks
from selfhealingd.supervise.pidfd import pidfd_of, send_by, wait_exited
from selfhealingd.supervise.reaper import orphans
from selfhealingd.supervise.register import REGISTER, Orphan

_AT_ONCE = 64  # a fork bomb must not cost us all our descriptors
_GLANCE = 64  # processes; about 2 ms
_BREATH = 16  # processes between two checkpoints
_TRIES = 8
_CHASE_SECS = 5.0


class Glance(NamedTuple):
    """What can be seen of a tree without waiting; ``whole``: this is all of it."""

    members: list[Stat]
    whole: bool


def glance(child: Child) -> Glance:
    """Look at a tree without letting the loop go on meanwhile, and not for long."""
    roots, unread, known = _roots(child)
    found = list(islice(_walk(roots, children), _GLANCE))
    _remember(child, found)
    whole = lists_children() and len(found) < _GLANCE and not _may_stray(child)
    return Glance(found, whole and not unread and known.issuperset(orphans()))


async def look(child: Child, visit: Callable[[Stat], None] | None = None) -> Glance:
    """Look at a tree until it has been seen as a whole, its leader included.

    ``visit`` is called with each member as it is met, perhaps again. A tree that
    forks too fast is returned in part, but never as empty while somebody lives.
    """
    for attempt in count(1):
        roots, unread, known = _roots(child)
        if unread:
            await read_marks(unread)
            roots, unread, known = _roots(child)
        roots += await child.strays()
        found = []
        for stat in _walk(roots, await kin()):
            found.append(stat)
            if visit is not None:
                visit(stat)
            if len(found) % _BREATH == 0:
                await trio.lowlevel.checkpoint()
        _remember(child, found)
        await trio.lowlevel.checkpoint()
        # Who lost his parent while we walked may have slipped from one list into the
        # other behind our back.
        whole = not unread and known.issuperset(orphans())
        if whole or (found and attempt >= _TRIES):
            return Glance(found, whole)
    raise AssertionError


async def members(child: Child) -> tuple[Identity, ...]:
    """Return who of a tree still runs, its leader included."""
    return tuple(stat.identity for stat in (await look(child)).members)


async def belongs(child: Child, process: Stat) -> bool:
    """Whether a process is of a tree; its zombies are, if they kept its session."""
    # A session is inherited, and its number is not used again as long as one is in it.
    if process.session == child.pid:
        return True
    return process.identity in await members(child)


async def left(child: Child) -> tuple[Identity, ...]:
    """Return who still runs of a tree whose leader has just ended.

    A system call or two in the usual case: nobody.
    """
    return await members(child) if _may_be_left(child) else ()


async def wait_gone(child: Child) -> None:
    """Return when nothing of the tree runs any more; zombies are gone.

    It can take for ever: the deadline is the caller's.
    """
    if child.cgroup is not None:
        await child.cgroup.wait_empty()
    while remaining := (await look(child)).members:
        async with trio.open_nursery() as nursery:
            for stat in remaining[:_AT_ONCE]:
                nursery.start_soon(wait_exited, stat.identity)


async def send(child: Child, signo: int) -> dict[Identity, str]:
    """Signal a whole tree; return whom the system does not let us, and its words."""
    volley = Volley(child, signo)
    if not volley.begin():
        await volley.finish()
    return volley.spared


class Volley:
    """One signal to all of a tree, to each process once, however often we look.

    ``spared``: whom the system does not let us signal, and what to do about it.
    """

    def __init__(self, child: Child, signo: int) -> None:
        self.spared: dict[Identity, str] = {}
        self._child = child
        self._signo = signo
        self._met: set[Identity] = set()

    def begin(self) -> bool:
        """Signal whom we see at a glance; returns whether nothing remains to do."""
        seen = glance(self._child)
        self._fire_at_groups(seen.members)
        for stat in seen.members:
            self._fire_at(stat)
        alone = all(stat.pid == self._child.pid for stat in seen.members)
        return seen.whole and (alone or self._signo != SIGKILL)

    async def finish(self) -> None:
        """Signal the others; with SIGKILL, until nobody new is found, for up to 5 s."""
        if self._signo != SIGKILL:
            for stat in (await look(self._child)).members:
                self._fire_at(stat)
            return
        with trio.move_on_after(_CHASE_SECS):
            before, whole = -1, False
            while before < len(self._met) or not whole:
                before = len(self._met)
                # At once on sight: who is met late in a walk has less time to fork.
                _, whole = await look(self._child, self._fire_at)

    def _fire_at_groups(self, seen: Iterable[Stat]) -> None:
        """Reach the largest part at once, so that no fork of it slips through."""
        if self._signo == SIGKILL and self._child.cgroup is not None:
            self._child.cgroup.kill()
        grouped = [stat for stat in seen if stat.group == self._child.pid]
        if not grouped:
            return
        try:
            reached = self._child.send_group(self._signo)
        except SignalError:
            return  # the same is learnt of each of them
        # Who leaves the group in this moment must not escape; SIGKILL twice is no harm.
        if reached and self._signo != SIGKILL:
            self._met.update(stat.identity for stat in grouped)

    def _fire_at(self, stat: Stat) -> None:
        identity = stat.identity
        if identity in self._met:
            return
        self._met.add(identity)
        with pidfd_of(identity) as fd:
            if fd is None:
                return
            try:
                send_by(fd, self._signo, identity.pid)
            except SignalError as error:
                self.spared[identity] = str(error)


def _may_stray(child: Child) -> bool:
    return not child.orphans_come_to_us and child.cgroup is None


def _may_be_left(child: Child) -> bool:
    if _may_stray(child) or (child.cgroup is not None and child.cgroup.populated):
        return True
    for pid in orphans():
        orphan = REGISTER.orphan(pid)
        # One that is gone already may have had children, which come to us next.
        if orphan is None or orphan.owner is child:
            return True
        if orphan.owner is None and orphan.marks is None:
            return True
    return False


def _roots(child: Child) -> tuple[list[Identity], list[Orphan], set[int]]:
    """Return where the tree begins, orphans yet to be identified, and all orphans."""
    roots = [child.identity] if child.status is None else []
    if child.cgroup is not None:
        stats = map(read_stat, child.cgroup.pids())
        roots += [stat.identity for stat in stats if stat is not None]
    unread = []
    known = orphans()
    for pid in known:
        orphan = REGISTER.orphan(pid)
        if orphan is None:
            continue
        if orphan.owner is child:
            roots.append(orphan.identity)
        elif orphan.owner is None and orphan.marks is None:
            unread.append(orphan)
    return roots, unread, set(known)


def _walk(
    roots: Iterable[Identity], of: Callable[[int], Iterable[int]]
) -> Iterator[Stat]:
    ours = os.getpid()
    started = {root.pid: root.started for root in roots}
    queue = deque((pid, 0) for pid in started)
    met = set[int]()
    while queue:
        pid, parent = queue.popleft()
        stat = read_stat(pid)
        if stat is None or pid in met:
            continue
        # A number may have got a new owner since it was listed.
        if pid in started:
            known = stat.started == started[pid]
        else:
            known = stat.parent in (parent, ours)
        if not known:
            continue
        met.add(pid)
        queue.extend((child, pid) for child in of(pid))
        if not stat.gone:
            yield stat


def _remember(child: Child, found: Iterable[Stat]) -> None:
    others = [stat.identity for stat in found if stat.pid != child.pid]
    if others:
        REGISTER.saw(child, others)
