"""Everything periodic in the daemon, each under one id: no stray loops."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Literal, TypeAlias

import trio

SAMPLE = "sample"
SELF_CHECK = "self-check"
STRAY_CHECK = "stray-check"

OWN_TASKS = frozenset({SAMPLE, SELF_CHECK, STRAY_CHECK})
"""Ids of the daemon's own tasks; none of the operator's may have one."""

Work: TypeAlias = Callable[[], Awaitable[str | None]]
"""One run. Returns None when it went well, else what went wrong in words."""


class DuplicateTask(Exception):
    """The id is taken."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"cannot register task {task_id}: its id is taken")
        self.id = task_id


class NoSuchTask(Exception):
    """No task has that id."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"cannot find task {task_id}: no task has that id")
        self.id = task_id


class TaskState(Enum):
    """What a task does now. A paused one whose last run is under way is RUNNING."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to run, and how often.

    ``every`` and ``timeout`` are seconds, start to start; ``jitter`` is the share of
    ``every`` that may be added to each wait. Raises ValueError where they make no
    sense.
    """

    id: str
    run: Work
    every: float
    owner: Literal["daemon", "operator"] = "daemon"
    jitter: float = 0.0
    timeout: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.every < math.inf:
            raise ValueError(f"cannot run task {self.id} every {self.every} s")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"cannot jitter task {self.id} by a share {self.jitter}")
        if self.timeout is not None and not self.timeout > 0:
            raise ValueError(f"cannot end task {self.id} after {self.timeout} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """One task as it is now. Times are seconds on trio's clock.

    ``failing``: its latest run failed; ``last_error`` may be of an earlier one.
    """

    id: str
    owner: str
    every: float
    state: TaskState
    paused: bool
    runs: int
    failures: int
    failing: bool
    last_started: float | None
    last_seconds: float | None
    last_error: str | None
    next_run: float | None


@dataclass(slots=True, kw_only=True)
class _Entry:
    task: Task
    paused: bool
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    changed: trio.Event = field(default_factory=trio.Event)
    running: bool = False
    runs: int = 0
    failures: int = 0
    failing: bool = False
    last_started: float | None = None
    last_seconds: float | None = None
    last_error: str | None = None
    next_run: float | None = None

    def alter(self) -> None:
        """Wake the loop: something that it waits by is different."""
        self.changed.set()
        self.changed = trio.Event()

    def facts(self) -> TaskFacts:
        idle = TaskState.PAUSED if self.paused else TaskState.WAITING
        return TaskFacts(
            id=self.task.id,
            owner=self.task.owner,
            every=self.task.every,
            state=TaskState.RUNNING if self.running else idle,
            paused=self.paused,
            runs=self.runs,
            failures=self.failures,
            failing=self.failing,
            last_started=self.last_started,
            last_seconds=self.last_seconds,
            last_error=self.last_error,
            next_run=self.next_run,
        )


class BackgroundTaskManager:
    """Registers periodic tasks and runs them: one at a time each, all side by side.

    ``random`` decides the jitter. ``on_failure`` is told the id and the words of each
    failed run, ``on_change`` that ``paused`` is different; neither may raise.
    ``paused``: ids that begin paused, as an earlier daemon left them.
    """

    def __init__(
        self,
        *,
        random: Random,
        on_failure: Callable[[str, str], object],
        on_change: Callable[[], object],
        paused: frozenset[str] = frozenset(),
    ) -> None:
        self._random = random
        self._on_failure = on_failure
        self._on_change = on_change
        self._paused = set(paused)
        self._entries: dict[str, _Entry] = {}
        self._nursery: trio.Nursery | None = None

    @property
    def paused(self) -> frozenset[str]:
        """Ids that are paused, those included that aren't registered (yet)."""
        return frozenset(self._paused)

    def facts(self) -> tuple[TaskFacts, ...]:
        """Return all tasks as they are now, in the order of their registration."""
        return tuple(entry.facts() for entry in self._entries.values())

    def register(self, task: Task) -> None:
        """Add a task; it runs first when ``every`` is over. Raises DuplicateTask."""
        if task.id in self._entries:
            raise DuplicateTask(task.id)
        entry = _Entry(task=task, paused=task.id in self._paused)
        self._entries[task.id] = entry
        self._begin(entry)

    def replace(self, task: Task) -> None:
        """Give an id another task; its counters stay. Raises NoSuchTask.

        A run under way ends as it began. The wait begins anew where its length is
        another one.
        """
        entry = self._find(task.id)
        before, entry.task = entry.task, task
        if (before.every, before.jitter) != (task.every, task.jitter):
            self._reschedule(entry)

    def unregister(self, task_id: str) -> None:
        """End a task, cancelling a run under way. Raises NoSuchTask."""
        self._find(task_id)
        self._end(frozenset({task_id}))

    def cleanup(self) -> list[str]:
        """End all tasks; return their ids."""
        ids = list(self._entries)
        self._end(frozenset(ids))
        return ids

    def pause_all(self) -> list[str]:
        """Begin no more runs; return the ids that weren't paused before."""
        return self._pause(paused=True)

    def resume_all(self) -> list[str]:
        """Go on, ``every`` from now; return the ids that were paused."""
        return self._pause(paused=False)

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Run what is registered now and later, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                for entry in self._entries.values():
                    self._begin(entry)
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None

    def _find(self, task_id: str) -> _Entry:
        try:
            return self._entries[task_id]
        except KeyError:
            raise NoSuchTask(task_id) from None

    def _begin(self, entry: _Entry) -> None:
        if self._nursery is not None:
            entry.scope = trio.CancelScope()
            self._reschedule(entry)
            self._nursery.start_soon(self._repeat, entry)

    def _end(self, ids: frozenset[str]) -> None:
        for task_id in ids:
            self._entries.pop(task_id).scope.cancel()
        if not self._paused.isdisjoint(ids):
            self._paused -= ids
            self._on_change()

    def _pause(self, *, paused: bool) -> list[str]:
        changed = [e for e in self._entries.values() if e.paused is not paused]
        for entry in changed:
            entry.paused = paused
            self._reschedule(entry)
        before = self.paused
        self._paused = self._paused.union(self._entries) if paused else set()
        if before != self._paused:
            self._on_change()
        return [entry.task.id for entry in changed]

    def _reschedule(self, entry: _Entry) -> None:
        """Let the wait begin now; a run under way schedules what follows itself."""
        if self._nursery is None or entry.running:
            return
        self._schedule(entry, trio.current_time())
        entry.alter()

    def _schedule(self, entry: _Entry, since: float) -> None:
        if entry.paused:
            entry.next_run = None
            return
        every = entry.task.every
        # Rounding must not make a run that took exactly its turn miss the next.
        passed = (trio.current_time() - since) / every - 1e-9
        turns = max(1, math.ceil(passed))
        spread = entry.task.jitter * self._random.random()
        entry.next_run = since + every * (turns + spread)

    async def _repeat(self, entry: _Entry) -> None:
        with entry.scope:
            while True:
                await _due(entry)
                started = trio.current_time()
                entry.running, entry.next_run, entry.last_started = True, None, started
                try:
                    await self._attempt(entry)
                finally:
                    entry.running = False
                    entry.last_seconds = trio.current_time() - started
                self._schedule(entry, started)

    async def _attempt(self, entry: _Entry) -> None:
        task = entry.task
        failures = entry.failures
        timeout = math.inf if task.timeout is None else task.timeout
        try:
            with trio.move_on_after(timeout) as scope:
                problem = await task.run()
            if scope.cancelled_caught:
                problem = f"timed out after {timeout:g} s"
            if problem is not None:
                self._fail(entry, problem)
        # Not plain except: a group may hold a cancellation besides, which goes on.
        except* Exception as group:  # noqa: BLE001 - one bug must not end the others
            self._fail(entry, _words(group))
        entry.runs += 1
        entry.failing = entry.failures > failures

    def _fail(self, entry: _Entry, words: str) -> None:
        entry.failures += 1
        entry.last_error = words
        self._on_failure(entry.task.id, words)


async def _due(entry: _Entry) -> None:
    await trio.lowlevel.checkpoint()
    while (due := entry.next_run) is None or trio.current_time() < due:
        with trio.move_on_at(math.inf if due is None else due):
            await entry.changed.wait()


def _words(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_words(one) for one in error.exceptions)
    return f"{type(error).__name__}: {error}".removesuffix(": ")
