"""Operations that take longer than an answer: start, stop, restart, update.

Each is begun at once and belongs to the daemon, not to who asked: a client that goes
away leaves nothing half-done. It is over when every program it names has settled.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TypeAlias

import msgspec
import trio

from selfhealingd.core.dependencies import failing, unmet
from selfhealingd.core.events import Undertaken
from selfhealingd.core.exits import in_words
from selfhealingd.core.host import Service
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Running,
    Stopped,
    label,
)
from selfhealingd.core.outlook import outlook
from selfhealingd.core.output import how_to_see
from selfhealingd.core.treatment import SPAWN_SECS
from selfhealingd.core.undertaking import Undertaking
from selfhealingd.loop import Loop
from selfhealingd.wire.operation import Finished, Outcome, Progress, Started

MARGIN_SECS = 10.0

Notify: TypeAlias = Callable[[str, msgspec.Struct], None]


class Aim(Enum):
    """Where a program should settle."""

    UP = "up"
    DOWN = "down"


class Operations:
    """Counts operations, and watches each until everything has settled."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._last = 0

    def begin(self, names: Iterable[str], *, rounds: int = 1) -> Started:
        """Number a new operation and say how long it may take, in so many rounds."""
        self._last += 1
        names = tuple(names)
        programs = [self._loop.policy.programs[name] for name in names]
        slowest = max((p.stopwaitsecs + p.longest_start for p in programs), default=0.0)
        deadline = max(rounds, 1) * (slowest + SPAWN_SECS + MARGIN_SECS)
        return Started(operation=self._last, names=names, deadline=deadline)

    async def take_in(self, undertaking: Undertaking) -> None:
        """Have it known what is left, so that a daemon's end can't hide it."""
        event = Undertaken(at=trio.current_time(), what=undertaking)
        await self._loop.apply(event)

    def left(self, operation: int) -> tuple[str, ...]:
        """Whose turn is still to come, but for those that others saw to."""
        known = self._loop.host.undertakings
        return next((one.left for one in known if one.number == operation), ())

    async def watch(
        self,
        started: Started,
        aims: Mapping[str, Aim],
        runs: Mapping[str, int],
        notify: Notify,
    ) -> Finished:
        """Tell of each program's changes; return once all have settled.

        ``runs``: a program that should be up settles only in a run after this one.
        """
        outcomes: dict[str, Outcome] = {}
        labels: dict[str, str] = {}
        with trio.move_on_after(started.deadline):
            while True:
                moved = self._loop.moved
                for name in aims.keys() - outcomes.keys():
                    self._tell(started.operation, name, labels, notify)
                    outcome = self._outcome(name, aims[name], runs.get(name, 0))
                    if outcome is not None:
                        outcomes[name] = outcome
                if len(outcomes) == len(aims):
                    break
                await moved.wait()
        for name in aims.keys() - outcomes.keys():
            outcomes[name] = self._late(name, started.deadline)
        return Finished(
            operation=started.operation,
            outcomes=tuple(outcomes[name] for name in aims),
        )

    def _tell(
        self, operation: int, name: str, labels: dict[str, str], notify: Notify
    ) -> None:
        s = self._loop.host.services.get(name)
        if s is None or labels.get(name) == label(s.life):
            return
        labels[name] = label(s.life)
        words = self._ahead(s) or ""
        progress = Progress(
            operation=operation, name=name, state=labels[name], words=words
        )
        notify("progress", progress)

    def _outcome(self, name: str, aim: Aim, run: int) -> Outcome | None:
        s = self._loop.host.services.get(name)
        if s is None:
            return Outcome(name=name, ok=aim is Aim.DOWN, words="removed")
        if aim is Aim.DOWN:
            if isinstance(s.life, Stopped):
                return Outcome(name=name, ok=True, state="STOPPED", words="stopped")
            return self._overruled(s, "start") if s.wanted else None
        if isinstance(s.life, Stopped):
            return self._pending(s) if s.wanted else self._overruled(s, "stop")
        if s.run <= run:
            return None
        return self._brought_up(s)

    def _overruled(self, s: Service, verb: str) -> Outcome:
        """Somebody else wanted the opposite meanwhile, and the last word counts."""
        state = label(s.life)
        words = f"somebody else asked for a {verb} meanwhile; it is {state}"
        hint = "selfhealctl events"
        return Outcome(name=s.name, ok=False, state=state, words=words, hint=hint)

    def _brought_up(self, s: Service) -> Outcome | None:
        state = label(s.life)
        match s.life:
            case Running(lack=str()):
                return None
            case Running(pid=pid):
                words = f"running, pid {pid}"
                return Outcome(name=s.name, ok=True, state=state, words=words)
            case Exited(held=Held.FINISHED):
                return Outcome(
                    name=s.name,
                    ok=True,
                    state=state,
                    words="ran and ended as it should",
                )
            case Backoff() | Exited() | Fatal() | Stopped():
                ended = in_words(s.exit) if s.exit else "it is down"
                ahead = self._ahead(s)
                words = f"{ended}; next: {ahead}" if ahead else ended
                return Outcome(
                    name=s.name, ok=False, state=state, words=words, hint=self._see(s)
                )
            case _:
                return None

    def _see(self, s: Service) -> str:
        """Return the command that shows why it is down."""
        launch = self._loop.launches.get(s.name)
        spawned = s.exit is not None and s.exit.problem is None
        see = None
        if launch is not None and spawned:  # what was not spawned said nothing
            see = how_to_see(s.name, launch.stdout, launch.stderr)
        return see or "selfhealctl incidents"

    def _pending(self, s: Service) -> Outcome | None:
        """A program that waits for others; there is hope while those are coming."""
        host = self._loop.host
        missing = unmet(host, self._loop.policy.programs[s.name])
        stuck = [
            name
            for name in missing
            if not host.services[name].wanted or failing(host.services[name])
        ]
        if not stuck:
            return None
        return Outcome(
            name=s.name,
            ok=False,
            state=label(s.life),
            words=self._ahead(s) or "it is down",
            hint=f"selfhealctl start {stuck[0]}",
        )

    def _late(self, name: str, deadline: float) -> Outcome:
        s = self._loop.host.services[name]
        return Outcome(
            name=name,
            ok=False,
            state=label(s.life),
            words=f"still {label(s.life)} after {deadline:g} s; it goes on",
            hint=f"selfhealctl status {name}",
        )

    def _ahead(self, s: Service) -> str | None:
        now = trio.current_time()
        return outlook(self._loop.policy, self._loop.host, s, now).words
