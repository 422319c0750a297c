"""Whom we started, and whose each orphan is.

A *leader* is a process that we started, with everything that descends from it: its
tree. An *orphan* is a process of some tree whose parent died, so that it became our
child: nothing but our memory still leads from it to its leader. The kernel keeps one
list of children per process, so there is one register: ``REGISTER``.
"""

import math
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from selfhealingd.clock import boottime
from selfhealingd.supervise.environment import RUN, WATCH
from selfhealingd.supervise.handles import Pipe
from selfhealingd.supervise.identity import Identity, read_stat, start_ticks

_COMMANDS = 64  # far more than are given from one look for strangers to the next
_SLACK_SECS = 1.0


class Leader(Protocol):
    """What the register needs to know of a process that we started."""

    @property
    def identity(self) -> Identity:
        """Who it is."""

    @property
    def marks(self) -> Mapping[str, str]:
        """What its environment was marked with; may be empty."""

    @property
    def pipes(self) -> frozenset[Pipe]:
        """What its output went into, and nobody else's; may be empty."""


@dataclass(slots=True)
class Orphan:
    """``marks`` is None until its environment was read, and where its output goes.

    ``watched``: it is of a watch, or may be, so that it is not ours to end.
    """

    identity: Identity
    session: int
    owner: Leader | None = None
    marks: Mapping[str, str] | None = None
    pipes: frozenset[Pipe] = frozenset()
    watched: bool = False


class Register:
    """Keeps leaders from ``enter`` to ``leave``, and orphans until they are reaped.

    ``enter`` and ``leave`` may be called in any thread, the rest in the loop's alone.
    """

    def __init__(self) -> None:
        self._unreaped: dict[int, Leader] = {}
        self._by_session: dict[int, Leader] = {}
        self._by_marks: dict[frozenset[tuple[str, str]], Leader] = {}
        self._by_pipe: dict[Pipe, Leader] = {}
        self._seen: dict[Identity, Leader] = {}
        self._sightings: dict[Leader, set[Identity]] = {}
        self._orphans: dict[int, Orphan] = {}
        self._watched: set[Leader] = set()
        self._commanded = deque[list[float]](maxlen=_COMMANDS)

    def enter(
        self, leader: Leader, *, waited_for: bool = True, watched: bool = False
    ) -> None:
        """Take in a leader; ``waited_for``: it is our child, and its status is taken.

        An adopted program is no child of ours, so nobody needs to wait for it.
        ``watched``: it is a watch's process, which others started.
        """
        if watched:
            self._watched.add(leader)
        pid = leader.identity.pid
        if waited_for:
            self._unreaped[pid] = leader
        self._by_session[pid] = leader
        for key in _keys(leader.marks):
            self._by_marks[key] = leader
        for pipe in leader.pipes:
            self._by_pipe[pipe] = leader

    def reaped(self, pid: int) -> None:
        """Note that the number is free: what we knew of its bearer is over."""
        self._unreaped.pop(pid, None)
        self._orphans.pop(pid, None)

    def leave(self, leader: Leader) -> None:
        """Forget a leader and its tree."""
        self._watched.discard(leader)
        pid = leader.identity.pid
        if self._unreaped.get(pid) is leader:
            del self._unreaped[pid]
        if self._by_session.get(pid) is leader:
            del self._by_session[pid]
        for key in _keys(leader.marks):
            if self._by_marks.get(key) is leader:
                del self._by_marks[key]
        for pipe in leader.pipes:
            if self._by_pipe.get(pipe) is leader:
                del self._by_pipe[pipe]
        for identity in self._sightings.pop(leader, ()):
            self._seen.pop(identity, None)
        for orphan in list(self._orphans.values()):
            if orphan.owner is leader:
                orphan.owner = None

    @contextmanager
    def commanding(self) -> Iterator[None]:
        """While a watch's command runs: what begins meanwhile may be its, unmarked.

        As where it changes users, which clears the environment.
        """
        span = [boottime(), math.inf]
        self._commanded.append(span)
        try:
            yield
        finally:
            span[1] = boottime() + _SLACK_SECS

    def waited_for(self, pid: int) -> bool:
        """Whether this is a child whose status somebody here will take."""
        return pid in self._unreaped

    def saw(self, leader: Leader, members: Iterable[Identity]) -> None:
        """Remember who belongs to a tree, for when it can't be seen any more."""
        seen = self._sightings.setdefault(leader, set())
        for identity in [one for one in seen if start_ticks(one.pid) != one.started]:
            seen.discard(identity)
            self._seen.pop(identity, None)
        seen.update(members)
        self._seen.update(dict.fromkeys(seen, leader))

    def seen(self, leader: Leader) -> frozenset[Identity]:
        """Return whom ``saw`` has remembered of a tree; they may be gone."""
        return frozenset(self._sightings.get(leader, ()))

    def orphan(self, pid: int) -> Orphan | None:
        """Return what we know of a child that nobody waits for; None if it is gone."""
        # Its number can't change hands unnoticed: it is our child, and we reap it.
        orphan = self._orphans.get(pid)
        if orphan is None:
            stat = read_stat(pid)
            if stat is None or stat.gone:
                return None
            orphan = self._orphans[pid] = Orphan(stat.identity, stat.session)
        if orphan.owner is None:
            orphan.owner = self._owner(orphan)
        if not orphan.watched:
            orphan.watched = self._is_watched(orphan)
        return orphan

    def _is_watched(self, orphan: Orphan) -> bool:
        """Whether it is of a watch: by its process, its mark, or when it began."""
        if orphan.owner is not None:
            return orphan.owner in self._watched
        if orphan.marks:
            return WATCH in orphan.marks
        tick = 1 / os.sysconf("SC_CLK_TCK")
        began = orphan.identity.started * tick
        return any(first - tick <= began <= last for first, last in self._commanded)

    def _owner(self, orphan: Orphan) -> Leader | None:
        seen = self._seen.get(orphan.identity)
        if seen is not None:
            return seen
        itself = self._by_session.get(orphan.identity.pid)
        if itself is not None and itself.identity == orphan.identity:
            return itself  # a watch's process need not lead its session
        leader = self._by_session.get(orphan.session)
        if leader is not None:
            # Without a process of that number, the session is still the leader's.
            first = start_ticks(orphan.session)
            if first in (None, leader.identity.started):
                return leader
        named = [self._by_marks.get(key) for key in _keys(orphan.marks or {})]
        if not orphan.marks:  # whoever cleared his environment may still write to us
            named = [self._by_pipe.get(pipe) for pipe in orphan.pipes]
        return next((leader for leader in named if leader is not None), None)


def _keys(marks: Mapping[str, str]) -> list[frozenset[tuple[str, str]]]:
    """Return by what marks find their leader: the run that they name, else a later."""
    program = {name: value for name, value in marks.items() if name != RUN}
    return [frozenset(m.items()) for m in (marks, program) if m]


REGISTER = Register()
