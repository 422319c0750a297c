"""An operation is over when every program it names has settled, or at its deadline."""

from datetime import UTC, datetime

import msgspec
import trio
from msgspec.structs import replace
from trio.testing import MockClock, wait_all_tasks_blocked

from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.snapshot import Anchor
from selfhealingd.loop import Loop
from selfhealingd.operations import Aim, Operations
from selfhealingd.wire.operation import Finished, Progress


class NoDisk:
    """A memory that forgets."""

    def put(self, lines: object, *, state_changed: bool, durable: bool) -> int:  # noqa: ARG002
        return 0

    async def written(self, ticket: int) -> None:
        """Wait for nothing."""


class Scene:
    """A loop that nobody runs: the test moves its programs itself."""

    def __init__(self, *names: str) -> None:
        policy = Policy(programs={name: Program(name=name) for name in names})
        services = {
            name: Service(name=name, life=Stopped(0), wanted=True) for name in names
        }
        anchor = Anchor(trio.current_time(), datetime(2026, 11, 23, tzinfo=UTC))
        self.loop = Loop(
            policy,
            Host(services=services),
            anchor,
            memory=NoDisk(),
            tell=lambda _: None,
            on_fault=lambda _event, _fault: None,
        )
        self.operations = Operations(self.loop)
        self.progress: list[tuple[str, str]] = []
        self.finished: list[Finished] = []

    async def watch(self, aims: dict[str, Aim], runs: dict[str, int]) -> None:
        """Watch from begin to end."""

        def notify(_method: str, document: msgspec.Struct) -> None:
            assert isinstance(document, Progress)
            self.progress.append((document.name, document.state))

        started = self.operations.begin(aims)
        assert started.names == tuple(aims)
        finished = await self.operations.watch(started, aims, runs, notify)
        self.finished.append(finished)

    async def move(self, name: str, life: Life, **facts: object) -> None:
        """Give a program another life, and let all notice."""
        services = self.loop.host.services
        moved = replace(services[name], life=life, **facts)
        self.loop.host = replace(self.loop.host, services={**services, name: moved})
        await self.notice()

    async def drop(self, name: str) -> None:
        """Take a program away."""
        others = {n: s for n, s in self.loop.host.services.items() if n != name}
        self.loop.host = replace(self.loop.host, services=others)
        await self.notice()

    async def notice(self) -> None:
        self.loop.moved.set()
        self.loop.moved = trio.Event()
        await wait_all_tasks_blocked()


async def test_a_restart_is_over_when_a_new_run_is_up(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """RUNNING in the old run is not what was asked for."""
    assert autojump_clock is not None
    scene = Scene("web")
    await scene.move("web", Running(0, 100), run=3)
    nursery.start_soon(scene.watch, {"web": Aim.UP}, {"web": 3})
    await wait_all_tasks_blocked()
    await scene.move("web", Stopping(1, Purpose.AGAIN, 11, 100))
    await scene.move("web", Starting(2, 101), run=4)
    assert [] == scene.finished
    await scene.move("web", Running(3, 101))
    [finished] = scene.finished
    [outcome] = finished.outcomes
    assert (True, "RUNNING", "running, pid 101") == (
        outcome.ok,
        outcome.state,
        outcome.words,
    )
    labels = [label for _, label in scene.progress]
    assert ["RUNNING", "STOPPING", "STARTING", "RUNNING"] == labels


async def test_a_start_that_fails_is_told_with_what_comes_next(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Not ok, the exit in words, and when it is tried again."""
    assert autojump_clock is not None
    scene = Scene("web")
    nursery.start_soon(scene.watch, {"web": Aim.UP}, {"web": 0})
    await wait_all_tasks_blocked()
    now = trio.current_time()
    end = Exit(at=now, code=1, early=True)
    await scene.move("web", Backoff(now, Why.BACKOFF, now + 20), run=1, exit=end)
    [outcome] = scene.finished[0].outcomes
    assert not outcome.ok
    assert outcome.words.startswith("exited with status 1")
    assert "next: " in outcome.words
    assert "20 s" in outcome.words


async def test_a_job_that_ended_well_was_brought_up(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """EXITED because it is finished counts as done."""
    assert autojump_clock is not None
    scene = Scene("job")
    nursery.start_soon(scene.watch, {"job": Aim.UP}, {"job": 0})
    await wait_all_tasks_blocked()
    await scene.move("job", Exited(1, Held.FINISHED), run=1)
    assert scene.finished[0].outcomes[0].ok


async def test_all_have_to_settle_and_come_in_the_order_asked(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """A stop of several: stopped, or gone from the config altogether."""
    assert autojump_clock is not None
    scene = Scene("a", "b", "gone")
    for name in ("a", "b", "gone"):
        life = Stopping(0, Purpose.STAY, 10, 7)
        await scene.move(name, life, run=1, wanted=False)
    aims = dict.fromkeys(("gone", "b", "a"), Aim.DOWN)
    nursery.start_soon(scene.watch, aims, {})
    await wait_all_tasks_blocked()
    await scene.move("a", Stopped(1))
    await scene.drop("gone")
    assert [] == scene.finished
    await scene.move("b", Stopped(2))
    outcomes = scene.finished[0].outcomes
    assert ["gone", "b", "a"] == [outcome.name for outcome in outcomes]
    assert all(outcome.ok for outcome in outcomes)


async def test_a_restart_is_over_when_somebody_else_stops_it(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """It isn't waited for what will not come; the last word counts."""
    assert autojump_clock is not None
    scene = Scene("web")
    await scene.move("web", Stopping(1, Purpose.AGAIN, 11, 100), run=3)
    nursery.start_soon(scene.watch, {"web": Aim.UP}, {"web": 3})
    await wait_all_tasks_blocked()
    await scene.move("web", Stopping(1, Purpose.STAY, 11, 100), wanted=False)
    assert [] == scene.finished
    await scene.move("web", Stopped(2))
    [outcome] = scene.finished[0].outcomes
    assert (False, "STOPPED") == (outcome.ok, outcome.state)
    assert "somebody else asked for a stop meanwhile; it is STOPPED" == outcome.words


async def test_a_stop_is_over_when_somebody_else_starts_it(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """As soon as that is known."""
    assert autojump_clock is not None
    scene = Scene("web")
    life = Stopping(1, Purpose.STAY, 11, 100)
    await scene.move("web", life, run=3, wanted=False)
    nursery.start_soon(scene.watch, {"web": Aim.DOWN}, {})
    await wait_all_tasks_blocked()
    await scene.move("web", Stopping(1, Purpose.AGAIN, 11, 100), wanted=True)
    [outcome] = scene.finished[0].outcomes
    assert not outcome.ok
    assert "somebody else asked for a start meanwhile; it is STOPPING" == outcome.words


async def test_what_does_not_settle_is_said_at_the_deadline(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """It goes on all the same, and the next command is named."""
    assert autojump_clock is not None
    scene = Scene("slow", "quick")
    life = Stopping(0, Purpose.STAY, 10, 7)
    await scene.move("slow", life, run=1, wanted=False)
    await scene.watch({"slow": Aim.DOWN, "quick": Aim.DOWN}, {})
    slow, quick = scene.finished[0].outcomes
    assert quick.ok
    assert not slow.ok
    assert "still STOPPING after" in slow.words
    assert "selfhealctl status slow" == slow.hint
    assert not nursery.child_tasks


async def test_each_operation_has_a_number_and_a_deadline() -> None:
    """The deadline allows for the slowest program."""
    scene = Scene("web")
    slow = Program(name="web", stopwaitsecs=300, startsecs=30)
    scene.loop.policy = Policy(programs={"web": slow})
    first, second = (scene.operations.begin(["web"]) for _ in range(2))
    assert first.operation < second.operation
    assert first.deadline > 330
