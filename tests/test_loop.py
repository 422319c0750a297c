"""The loop performs what the core decides, at the time that it decided."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from signal import SIGCONT, SIGTERM

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from selfhealingd.core.breaker import By
from selfhealingd.core.effects import Order
from selfhealingd.core.events import (
    Began,
    Event,
    Exited,
    ResumeAsked,
    ShutdownAsked,
    Spawned,
    StartAsked,
    StopAsked,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.launch import Launch
from selfhealingd.core.life import Running, Stopped
from selfhealingd.core.listening import Listening
from selfhealingd.core.policy import Healing, Policy, Program
from selfhealingd.core.snapshot import Anchor, Return, decode
from selfhealingd.loop import Loop
from selfhealingd.wire.documents import EventDocument

ROOT = By(uid=0, pid=1)
HEALING = Healing(backoff_initial=30, backoff_max=1e6)


@dataclass
class ScriptedHands:
    """A machine on which each run lives exactly as long as we say."""

    lifetimes: list[float]
    spawned_at: list[float] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)
    told_to_end: trio.Event = field(default_factory=trio.Event)
    nursery: trio.Nursery = field(init=False)
    post: Callable[[Event], Awaitable[None]] = field(init=False)

    def start(self, service: str, run: int, launch: Launch) -> None:
        assert launch.argv == (service,)
        self.spawned_at.append(trio.current_time())
        self.nursery.start_soon(self._live, service, run)

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:  # noqa: ARG002
        self.signals.append(signo)
        self.told_to_end.set()

    def find(self, service: str, run: int, *, look: bool) -> None:
        raise AssertionError(service, run, look)

    def order(self, service: str, order: Order, signo: int) -> None:
        raise AssertionError(service, order, signo)

    def listen(
        self, service: str, sockets: tuple[Listening, ...], at: float | None
    ) -> None:
        raise AssertionError(service, sockets, at)

    def observe(self, service: str, run: int, pid: int | None) -> None:
        pass

    def gather(self, service: str, run: int, incident: str) -> None:
        pass  # no remedy of what went down waits for it

    def command(
        self, service: str, incident: str, attempt: int, runbook: str | None
    ) -> None:
        raise AssertionError(service, incident, attempt, runbook)

    async def _live(self, service: str, run: int) -> None:
        began = trio.current_time()
        await self.post(Spawned(at=began, service=service, run=run, pid=1000 + run))
        with trio.move_on_after(self.lifetimes.pop(0)):
            await self.told_to_end.wait()
        now = trio.current_time()
        end = Exit(at=now, code=1, lasted=now - began)
        await self.post(Exited(at=now, service=service, run=run, exit=end))


@dataclass
class RecordingMemory:
    """A disk that takes as long as we say; the journal's lines are kept."""

    lines: list[bytes] = field(default_factory=list)
    tickets: int = 0
    durable: list[int] = field(default_factory=list)
    disk: trio.Event = field(default_factory=trio.Event)
    asked_for: list[int] = field(default_factory=list)

    def put(
        self,
        lines: Sequence[bytes],
        *,
        state_changed: bool,  # noqa: ARG002
        durable: bool,
    ) -> int:
        self.lines += lines
        self.tickets += 1
        if durable:
            self.durable.append(self.tickets)
        return self.tickets

    async def written(self, ticket: int) -> None:
        self.asked_for.append(ticket)
        await self.disk.wait()


class World:
    """A loop with its surroundings, all of them in sight."""

    def __init__(self, programs: Sequence[Program], lifetimes: list[float]) -> None:
        self.hands = ScriptedHands(lifetimes)
        self.memory = RecordingMemory()
        self.memory.disk.set()
        self.told = list[EventDocument]()
        self.faults: list[Event] = []
        now = trio.current_time()
        anchor = Anchor(now, datetime(2026, 11, 23, tzinfo=UTC))
        policy = Policy(programs={p.name: p for p in programs})
        back = Return(anchor=anchor, now=now, same_boot=False, clean=True)
        host = decode({"seed": "fixed"}, {}, policy, back)
        self.loop = Loop(
            policy,
            host,
            anchor,
            memory=self.memory,
            tell=self.told.append,
            on_fault=lambda event, _: self.faults.append(event),
        )
        self.loop.launches = {p.name: Launch(argv=(p.name,)) for p in programs}
        self.hands.post = self.loop.post

    def run(self, nursery: trio.Nursery) -> None:
        self.hands.nursery = nursery
        nursery.start_soon(self.loop.run, self.hands)

    async def until(self, check: Callable[[], bool]) -> None:
        while not check():
            await self.loop.moved.wait()


def web(**keys: object) -> Program:
    return Program(name="web", healing=HEALING, **keys)  # type: ignore[arg-type]


def stop(number: int) -> StopAsked:
    return StopAsked(at=trio.current_time(), request=number, by=ROOT, service="web")


async def test_each_failure_doubles_the_wait(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """A service that fails to start waits 30 s, 60 s, 120 s, and at most 10 % more."""
    begin = autojump_clock.current_time()
    world = World([web()], [0.0, 0.0, 0.0, math.inf])
    world.run(nursery)
    with trio.fail_after(600):  # virtual seconds: even a hang costs nothing
        await world.loop.apply(Began(at=trio.current_time()))
        await world.until(
            lambda: isinstance(world.loop.host.services["web"].life, Running)
        )
    times = [at - begin for at in world.hands.spawned_at]
    waits = [after - before for before, after in pairwise(times)]
    for wait, base in zip(waits, (30, 60, 120), strict=True):
        assert base <= wait <= base * 1.1


async def test_what_is_durable_is_told_once_it_was_written(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Neither the announcement nor the answer comes before; then in their order."""
    assert autojump_clock is not None
    world = World([web()], [math.inf])
    world.run(nursery)
    await world.loop.apply(Began(at=trio.current_time()))
    await world.until(lambda: isinstance(world.loop.host.services["web"].life, Running))
    await wait_all_tasks_blocked()
    before = len(world.told)
    world.memory.disk = trio.Event()
    answers = []

    async def ask() -> None:
        answers.extend(await world.loop.ask(stop))

    nursery.start_soon(ask)
    with trio.fail_after(600):
        await world.until(
            lambda: isinstance(world.loop.host.services["web"].life, Stopped)
        )
        await wait_all_tasks_blocked()
        assert [SIGTERM, SIGCONT] == world.hands.signals
        assert ([], before) == (answers, len(world.told))
        assert world.memory.asked_for[-1:] == world.memory.durable[-1:]
        world.memory.disk.set()
        await wait_all_tasks_blocked()
    assert [True] == [answer.done for answer in answers]
    later = world.told[before:]
    assert "operator.acted" in {event.kind for event in later}
    assert sorted(e.seq for e in later) == [e.seq for e in later]
    assert "stopped" in later[-1].words


async def test_a_defect_is_told_and_ends_nothing(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """An event of a wrong shape is dropped and its asker answered; life goes on."""
    assert autojump_clock is not None
    world = World([web()], [math.inf])
    world.run(nursery)
    with trio.fail_after(600):
        await world.loop.apply(Began(at=trio.current_time()))
        [answer] = await world.loop.ask(
            lambda number: StopAsked(
                at=trio.current_time(),
                request=number,
                by=ROOT,
                service=["web"],  # type: ignore[arg-type]
            )
        )
        assert not answer.done
        assert "internal error" in answer.words
        await world.loop.apply("no event at all")  # type: ignore[arg-type]
        assert 2 == len(world.faults)
        [answer] = await world.loop.ask(stop)
        assert answer.done


async def test_answers_come_in_the_order_of_the_questions(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Several at once, and each gets its own."""
    assert autojump_clock is not None
    world = World([web(autostart=False)], [math.inf])
    world.run(nursery)
    with trio.fail_after(600):
        await world.loop.apply(Began(at=trio.current_time()))
        begun, refused = await world.loop.ask(
            lambda number: StartAsked(
                at=trio.current_time(), request=number, by=ROOT, service="web"
            ),
            lambda number: ResumeAsked(
                at=trio.current_time(), request=number, by=ROOT, reason="x"
            ),
        )
    assert begun.done
    assert begun.request + 1 == refused.request


async def test_who_goes_away_leaves_nothing_in_the_loop(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """A question whose asker was cancelled is answered to nobody."""
    assert autojump_clock is not None
    world = World([web()], [math.inf])
    world.run(nursery)
    await world.loop.apply(Began(at=trio.current_time()))
    await wait_all_tasks_blocked()
    world.memory.disk = trio.Event()
    with trio.move_on_after(5) as scope:
        await world.loop.ask(stop)
    assert scope.cancelled_caught
    world.memory.disk.set()
    with trio.fail_after(600):
        [answer] = await world.loop.ask(stop)
    assert answer.request == 2
    assert {} == world.loop._requests


async def test_shutdown_finishes_when_all_is_down(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Finish comes after the last run has ended, not before."""
    assert autojump_clock is not None
    world = World([web()], [math.inf])
    world.run(nursery)
    with trio.fail_after(600):
        await world.loop.apply(Began(at=trio.current_time()))
        await wait_all_tasks_blocked()
        assert not world.loop.finished.is_set()
        [answer] = await world.loop.ask(
            lambda number: ShutdownAsked(
                at=trio.current_time(), request=number, by=ROOT
            )
        )
        assert answer.done
        await world.loop.finished.wait()
    assert isinstance(world.loop.host.services["web"].life, Stopped)


@pytest.mark.parametrize("number", [1, 5])
async def test_the_journal_has_each_event_before_what_it_led_to(
    autojump_clock: MockClock, nursery: trio.Nursery, number: int
) -> None:
    """Input first, then its announcements, under the same number."""
    assert autojump_clock is not None
    programs = [
        Program(name=f"p{n}", healing=HEALING, autostart=True) for n in range(number)
    ]
    world = World(programs, [math.inf] * number)
    world.run(nursery)
    with trio.fail_after(600):
        await world.loop.apply(Began(at=trio.current_time()))
        await wait_all_tasks_blocked()
    assert b'"kind":"input"' in world.memory.lines[0]
    starting = [line for line in world.memory.lines if b'"after":"STARTING"' in line]
    assert number == len(starting)
    assert all(b'"seq":1,' in line for line in starting)


async def test_a_pulse_passes_once_all_before_it_was_told(
    autojump_clock: MockClock,  # noqa: ARG001 - it jumps by itself
    nursery: trio.Nursery,
) -> None:
    """So it stands for the whole way: inbox, decision, what waits for the disk."""
    world = World([web()], [math.inf])
    world.memory.disk = trio.Event()
    world.run(nursery)
    passed = trio.Event()

    async def pulse() -> None:
        await world.loop.apply(Began(at=trio.current_time()))
        nursery.start_soon(world.loop.ask, stop)
        await world.until(lambda: not world.loop.host.services["web"].wanted)
        await world.loop.pulse()
        passed.set()

    nursery.start_soon(pulse)
    await trio.sleep(60)
    assert not passed.is_set()
    world.memory.disk.set()
    with trio.fail_after(60):
        await passed.wait()
