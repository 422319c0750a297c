"""Everything periodic: one id each, never twice at once, no failure taken along."""

# ruff: noqa: ARG001 - pytest-trio looks for its clock among the arguments

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from selfhealingd.tasks import (
    BackgroundTaskManager,
    DuplicateTask,
    NoSuchTask,
    Task,
    TaskFacts,
    TaskState,
    Work,
)


@dataclass
class Runs:
    """Work that takes ``seconds``, and remembers when it was done."""

    seconds: float = 0.0
    problem: str | None = None
    started: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    cancelled: int = 0

    async def __call__(self) -> str | None:
        assert len(self.started) == len(self.ended) + self.cancelled
        self.started.append(trio.current_time())
        try:
            await trio.sleep(self.seconds)
        except trio.Cancelled:
            self.cancelled += 1
            raise
        self.ended.append(trio.current_time())
        return self.problem


@dataclass
class Registry:
    """A manager under test, and what it told."""

    manager: BackgroundTaskManager
    failed: list[tuple[str, str]]
    changes: list[frozenset[str]]

    def of(self, task_id: str) -> TaskFacts:
        [facts] = [f for f in self.manager.facts() if f.id == task_id]
        return facts


def made(paused: frozenset[str] = frozenset()) -> Registry:
    failed = list[tuple[str, str]]()
    changes = list[frozenset[str]]()
    manager = BackgroundTaskManager(
        random=Random(1),  # noqa: S311 - the same in each run of the test
        on_failure=lambda task_id, words: failed.append((task_id, words)),
        on_change=lambda: changes.append(manager.paused),
        paused=paused,
    )
    return Registry(manager, failed, changes)


@asynccontextmanager
async def managing(
    *tasks: Task, paused: frozenset[str] = frozenset()
) -> AsyncIterator[Registry]:
    registry = made(paused)
    for task in tasks:
        registry.manager.register(task)
    async with trio.open_nursery() as nursery:
        await nursery.start(registry.manager.run)
        yield registry
        nursery.cancel_scope.cancel()


def task(
    run: Work,
    task_id: str = "t",
    *,
    every: float = 10.0,
    jitter: float = 0.0,
    timeout: float | None = None,
) -> Task:
    return Task(id=task_id, run=run, every=every, jitter=jitter, timeout=timeout)


async def pass_until(when: float) -> None:
    """Let virtual time come to just after ``when``."""
    await trio.sleep_until(when + 0.001)


async def test_a_task_runs_start_to_start(autojump_clock: MockClock) -> None:
    """First when ``every`` is over, then every so often, however long a run takes."""
    runs = Runs(seconds=4)
    async with managing(task(runs)):
        await pass_until(40)
    assert runs.started == [10, 20, 30, 40]


async def test_a_long_run_skips_the_turns_it_missed(autojump_clock: MockClock) -> None:
    """Never two at once, and no runs in a row to catch up."""
    runs = Runs(seconds=25)
    async with managing(task(runs)):
        await pass_until(70)
    assert runs.started == [10, 40, 70]


async def test_a_run_of_exactly_its_turn_misses_none(autojump_clock: MockClock) -> None:
    """The next turn is due when it ends."""
    runs = Runs(seconds=0.1)
    async with managing(task(runs, every=0.1)):
        await pass_until(0.65)
    assert len(runs.started) == 6


async def test_jitter_is_added_up_to_its_share(autojump_clock: MockClock) -> None:
    """Each wait is spread by itself, between ``every`` and the share more."""
    runs = Runs()
    async with managing(task(runs, jitter=0.5)):
        await pass_until(1000)
    times = [0.0, *runs.started]
    waits = [after - before for before, after in pairwise(times)]
    assert all(10 <= wait <= 15 for wait in waits)
    assert max(waits) - min(waits) > 1


async def test_a_task_registered_later_runs_too(autojump_clock: MockClock) -> None:
    """Its first wait begins when it is registered."""
    runs = Runs()
    async with managing() as registry:
        await trio.sleep_until(5)
        registry.manager.register(task(runs))
        assert registry.of("t").next_run == 15
        await pass_until(25)
    assert runs.started == [15, 25]


async def test_an_id_is_taken_once(autojump_clock: MockClock) -> None:
    """A duplicate can't exist, running or not; a free id may be taken again."""
    registry = made()
    registry.manager.register(task(Runs()))
    with pytest.raises(DuplicateTask, match="task t: its id is taken"):
        registry.manager.register(task(Runs()))
    registry.manager.unregister("t")
    registry.manager.register(task(Runs()))
    assert [facts.id for facts in registry.manager.facts()] == ["t"]


async def test_an_unknown_id_is_refused(autojump_clock: MockClock) -> None:
    """By each verb that takes one."""
    registry = made()
    with pytest.raises(NoSuchTask, match="cannot find task t"):
        registry.manager.unregister("t")
    with pytest.raises(NoSuchTask, match="cannot find task t"):
        registry.manager.replace(task(Runs()))


@pytest.mark.parametrize(
    "make",
    [
        lambda: task(Runs(), every=0),
        lambda: task(Runs(), every=-1),
        lambda: task(Runs(), every=math.inf),
        lambda: task(Runs(), every=math.nan),
        lambda: task(Runs(), jitter=1.5),
        lambda: task(Runs(), jitter=-0.1),
        lambda: task(Runs(), timeout=0),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make: Callable[[], Task]) -> None:
    """No loop without a pause, no deadline in the past."""
    with pytest.raises(ValueError, match=r"cannot .* task t"):
        make()


async def test_a_failure_is_counted_and_told(autojump_clock: MockClock) -> None:
    """The task goes on, and so do the others."""

    async def fail() -> str | None:
        await trio.lowlevel.checkpoint()
        raise LookupError("no such row")

    runs = Runs()
    async with managing(task(fail, "bad"), task(runs, "good")) as registry:
        await pass_until(30)
        bad, good = registry.of("bad"), registry.of("good")
    assert (bad.runs, bad.failures) == (3, 3)
    assert (good.runs, good.failures, good.last_error) == (3, 0, None)
    assert bad.last_error == "LookupError: no such row"
    assert registry.failed == [("bad", "LookupError: no such row")] * 3


async def test_words_that_are_returned_are_a_failure(autojump_clock: MockClock) -> None:
    """An expected failure needs no exception."""
    async with managing(task(Runs(problem="exited with status 1"))) as registry:
        await pass_until(10)
        facts = registry.of("t")
    assert (facts.failures, facts.last_error) == (1, "exited with status 1")
    assert facts.failing


async def test_the_last_error_stays_after_a_good_run(autojump_clock: MockClock) -> None:
    """An operator can still read it."""
    runs = Runs(problem="once")
    async with managing(task(runs)) as registry:
        await pass_until(10)
        runs.problem = None
        await pass_until(20)
        facts = registry.of("t")
    assert (facts.runs, facts.failures, facts.last_error) == (2, 1, "once")
    assert not facts.failing


async def test_a_group_of_errors_is_told_one_by_one(autojump_clock: MockClock) -> None:
    """What went wrong inside a nursery is in the words, not only that it did."""

    async def fail() -> str | None:
        await trio.lowlevel.checkpoint()
        raise ExceptionGroup("both", [LookupError("one"), ValueError()])

    async with managing(task(fail)) as registry:
        await pass_until(10)
        facts = registry.of("t")
    assert facts.last_error == "LookupError: one; ValueError"


async def test_a_run_that_takes_too_long_is_ended(autojump_clock: MockClock) -> None:
    """It is a failure, and the next turn comes as ever."""
    runs = Runs(seconds=100)
    async with managing(task(runs, timeout=2.5)) as registry:
        await pass_until(22.5)
        facts = registry.of("t")
    assert (runs.started, runs.cancelled) == ([10, 20], 2)
    assert (facts.runs, facts.failures) == (2, 2)
    assert facts.last_error == "timed out after 2.5 s"


async def test_facts_are_those_of_the_moment(autojump_clock: MockClock) -> None:
    """State, times and counts before, during and after a run."""
    async with managing(task(Runs(seconds=3))) as registry:
        before = registry.of("t")
        await pass_until(10)
        during = registry.of("t")
        await pass_until(13)
        after = registry.of("t")
    assert (before.state, before.next_run) == (TaskState.WAITING, 10)
    assert (before.last_started, before.last_seconds) == (None, None)
    assert (during.state, during.next_run) == (TaskState.RUNNING, None)
    assert (during.last_started, during.runs) == (10, 0)
    assert (after.state, after.next_run) == (TaskState.WAITING, 20)
    assert (after.last_started, after.last_seconds, after.runs) == (10, 3, 1)


async def test_unregistering_ends_a_run_under_way(autojump_clock: MockClock) -> None:
    """It is cancelled, and never runs again; no failure is told."""
    runs, other = Runs(seconds=5), Runs()
    async with managing(task(runs), task(other, "other")) as registry:
        await pass_until(12)
        registry.manager.unregister("t")
        await pass_until(60)
    assert (runs.started, runs.cancelled) == ([10], 1)
    assert len(other.started) == 6
    assert registry.failed == []


async def test_a_run_that_fails_on_its_way_out_harms_nobody(
    autojump_clock: MockClock,
) -> None:
    """An error while being cancelled is told, and stays with its task."""

    async def fail() -> str | None:
        async def child() -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise LookupError("on the way out")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
            await trio.sleep_forever()
        return None

    runs = Runs()
    async with managing(task(fail, "bad"), task(runs)) as registry:
        await pass_until(10)
        registry.manager.unregister("bad")
        await pass_until(30)
    assert len(runs.started) == 3
    assert registry.failed == [("bad", "LookupError: on the way out")]


async def test_a_task_may_end_itself(autojump_clock: MockClock) -> None:
    """Unregistering from within a run is as good as from outside."""
    registry = made()

    async def run() -> str | None:
        registry.manager.unregister("t")
        await trio.lowlevel.checkpoint()
        raise AssertionError

    registry.manager.register(task(run))
    async with trio.open_nursery() as nursery:
        await nursery.start(registry.manager.run)
        await pass_until(30)
        nursery.cancel_scope.cancel()
    assert registry.manager.facts() == ()
    assert registry.failed == []


async def test_cleanup_ends_all(autojump_clock: MockClock) -> None:
    """In an emergency nothing periodic is left, and new tasks may come."""
    runs, other, later = Runs(seconds=5), Runs(), Runs()
    async with managing(task(runs), task(other, "other", every=50)) as registry:
        await pass_until(12)
        assert registry.manager.cleanup() == ["t", "other"]
        assert registry.manager.facts() == ()
        assert registry.manager.cleanup() == []
        registry.manager.register(task(later))
        await pass_until(60)
    assert (runs.cancelled, other.started) == (1, [])
    assert len(later.started) == 4


async def test_pausing_lets_a_run_end_and_begins_none(
    autojump_clock: MockClock,
) -> None:
    """Paused tasks keep their place; resumed, they wait anew."""
    runs, other = Runs(seconds=5), Runs()
    async with managing(task(runs), task(other, "other", every=20)) as registry:
        await pass_until(11)
        assert registry.manager.pause_all() == ["t", "other"]
        assert registry.manager.pause_all() == []
        assert registry.of("t").state is TaskState.RUNNING
        assert registry.of("t").paused
        await pass_until(100)
        assert runs.ended == [15]
        for task_id in ("t", "other"):
            facts = registry.of(task_id)
            assert (facts.state, facts.next_run) == (TaskState.PAUSED, None)
        resumed = trio.current_time()
        assert registry.manager.resume_all() == ["t", "other"]
        assert registry.manager.resume_all() == []
        await pass_until(resumed + 20)
    assert runs.started == [10, resumed + 10, resumed + 20]
    assert other.started == [resumed + 20]


async def test_a_pause_within_one_run_changes_nothing(
    autojump_clock: MockClock,
) -> None:
    """Paused and resumed while it runs, a task keeps its turns."""
    runs = Runs(seconds=5)
    async with managing(task(runs)) as registry:
        await pass_until(11)
        registry.manager.pause_all()
        registry.manager.resume_all()
        await pass_until(30)
    assert runs.started == [10, 20, 30]


async def test_paused_ids_come_back_paused(autojump_clock: MockClock) -> None:
    """What an operator paused stays so over a restart of the daemon."""
    runs, other = Runs(), Runs()
    async with managing(
        task(runs), task(other, "other"), paused=frozenset({"t", "gone"})
    ) as registry:
        await pass_until(30)
        assert registry.of("t").state is TaskState.PAUSED
        assert registry.manager.paused == {"t", "gone"}
        assert (runs.started, len(other.started)) == ([], 3)
        assert registry.manager.resume_all() == ["t"]
        assert registry.manager.paused == frozenset()


async def test_each_change_of_what_is_paused_is_told_once(
    autojump_clock: MockClock,
) -> None:
    """So that it can be written down; what changes nothing is not told."""
    registry = made(frozenset({"old"}))
    manager = registry.manager
    manager.register(task(Runs(), "a"))
    manager.register(task(Runs(), "b"))
    assert registry.changes == []
    manager.pause_all()
    manager.pause_all()
    assert registry.changes == [{"old", "a", "b"}]
    manager.unregister("a")
    assert registry.changes[1:] == [{"old", "b"}]
    manager.cleanup()
    assert registry.changes[2:] == [{"old"}]
    manager.resume_all()
    manager.resume_all()
    assert registry.changes[3:] == [frozenset()]


async def test_an_id_that_was_ended_is_not_paused_when_it_comes_back(
    autojump_clock: MockClock,
) -> None:
    """Another task under an old name starts afresh."""
    registry = made()
    registry.manager.register(task(Runs()))
    registry.manager.pause_all()
    registry.manager.unregister("t")
    registry.manager.register(task(Runs()))
    assert not registry.of("t").paused


async def test_replacing_keeps_the_turn_where_only_the_work_is_new(
    autojump_clock: MockClock,
) -> None:
    """A reload doesn't put off what is due; a run under way ends as it began."""
    before, after = Runs(seconds=5), Runs()
    async with managing(task(before)) as registry:
        await pass_until(8)
        registry.manager.replace(task(before))
        await pass_until(12)
        registry.manager.replace(task(after))
        await pass_until(30)
        assert registry.of("t").runs == 3
    assert (before.ended, after.started) == ([15], [20, 30])


async def test_replacing_how_often_begins_the_wait_anew(
    autojump_clock: MockClock,
) -> None:
    """Sooner or later than the old turn would have come."""
    sooner, later, paused = Runs(), Runs(), Runs()
    async with managing(
        task(sooner, "sooner", every=100),
        task(later, "later", every=10),
        task(paused, "paused"),
        paused=frozenset({"paused"}),
    ) as registry:
        await trio.sleep_until(5)
        registry.manager.replace(task(sooner, "sooner", every=10))
        registry.manager.replace(task(later, "later", every=100))
        registry.manager.replace(task(paused, "paused", every=1))
        await pass_until(105)
    assert (sooner.started[0], later.started, paused.started) == (15, [105], [])


async def test_cancelling_the_manager_cancels_the_runs(
    autojump_clock: MockClock,
) -> None:
    """The daemon goes down cleanly, whatever is under way."""
    runs = Runs(seconds=100)
    async with managing(task(runs)) as registry:
        await pass_until(10)
    assert (runs.cancelled, registry.failed) == (1, [])


@given(
    tasks=st.lists(
        st.tuples(
            st.integers(1, 20),  # every
            st.integers(0, 50),  # a run's seconds
            st.none() | st.integers(1, 30),  # timeout
        ),
        max_size=4,
    ),
    deeds=st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from(["pause", "resume", "end"])),
        max_size=6,
    ),
)
def test_whatever_happens_no_task_runs_twice_at_once(
    tasks: list[tuple[int, int, int | None]], deeds: list[tuple[int, str]]
) -> None:
    """Nor too soon, nor while paused, nor after its end; and the counts add up."""
    done = [Runs(seconds=seconds) for _, seconds, _ in tasks]
    quiet = list[tuple[float, float]]()

    async def main() -> None:
        declared = [
            task(runs, str(n), every=every, timeout=timeout)
            for n, (runs, (every, _, timeout)) in enumerate(
                zip(done, tasks, strict=True)
            )
        ]
        async with managing(*declared) as registry:
            manager = registry.manager
            held: float | None = None
            for seconds, deed in deeds:
                await trio.sleep(seconds + 0.001)  # between turns, never on one
                now = trio.current_time()
                if deed == "pause":
                    manager.pause_all()
                    held = now if held is None else held
                elif deed == "resume":
                    manager.resume_all()
                    quiet.extend([] if held is None else [(held, now)])
                    held = None
                else:
                    manager.cleanup()
                    held = now if held is None else held
                    break
            await trio.sleep(60)
            quiet.extend([] if held is None else [(held, math.inf)])
            for facts in manager.facts():
                runs = done[int(facts.id)]
                under_way = facts.state is TaskState.RUNNING
                assert facts.runs == len(runs.started) - under_way
                assert facts.failures == runs.cancelled

    trio.run(main, clock=MockClock(autojump_threshold=0))
    for runs, (every, _, _) in zip(done, tasks, strict=True):
        starts = runs.started
        assert all(b - a >= every - 1e-6 for a, b in pairwise(starts))
        assert not any(a < start < b for start in starts for a, b in quiet)
