"""What is foreseen is told in status, and acted on by the engine, in virtual time."""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGCONT, SIGTERM

import msgspec
import pytest
import trio
from trio.testing import MockClock

from selfhealingd.config import Config, load_config
from selfhealingd.core.effects import Order
from selfhealingd.core.events import Began, Event, Exited, Gathered, Spawned
from selfhealingd.core.exits import Exit
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import Listening
from selfhealingd.core.sample import HostSample, Metric, Sample
from selfhealingd.core.snapshot import Anchor, Return, decode
from selfhealingd.foretelling import look_ahead_by, make_foresight
from selfhealingd.hostcare import HostCare
from selfhealingd.loop import Loop
from selfhealingd.problems import Problems
from selfhealingd.wire.documents import EventDocument

LIMIT = 1000.0
HOUR = 3600.0


class NoMemory:
    """A disk that takes everything at once, and keeps nothing."""

    def put(
        self,
        lines: Sequence[bytes],  # noqa: ARG002
        *,
        state_changed: bool,  # noqa: ARG002
        durable: bool,  # noqa: ARG002
    ) -> int:
        return 0

    async def written(self, ticket: int) -> None:  # noqa: ARG002
        await trio.lowlevel.checkpoint()


@dataclass
class LeakyHands:
    """Programs whose memory grows to its limit in an hour, and that end when told."""

    nursery: trio.Nursery
    observe_run: Callable[[str, int, int | None], None]
    post: Callable[[Event], Awaitable[None]] = field(init=False)
    up: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Run and time of its start, of each that is up."""

    def start(self, service: str, run: int, launch: Launch) -> None:  # noqa: ARG002
        now = trio.current_time()
        self.up[service] = (run, now)
        spawned = Spawned(at=now, service=service, run=run, pid=1000 + run)
        self.nursery.start_soon(self.post, spawned)

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:
        if signo == SIGCONT:  # for what is frozen, as nothing is here
            return
        assert (SIGTERM, True) == (signo, group)
        now = trio.current_time()
        began = self.up.pop(service)[1]
        end = Exit(at=now, signal=signo, lasted=now - began)
        exited = Exited(at=now, service=service, run=run, exit=end)
        self.nursery.start_soon(self.post, exited)

    def observe(self, service: str, run: int, pid: int | None) -> None:
        self.observe_run(service, run, pid)

    def gather(self, service: str, run: int, incident: str) -> None:  # noqa: ARG002
        now = trio.current_time()
        done = Gathered(at=now, service=service, incident=incident)
        self.nursery.start_soon(self.post, done)

    def find(self, service: str, run: int, *, look: bool) -> None:
        raise AssertionError(service, run, look)

    def order(self, service: str, order: Order, signo: int) -> None:
        raise AssertionError(service, order, signo)

    def listen(
        self, service: str, sockets: tuple[Listening, ...], at: float | None
    ) -> None:
        raise AssertionError(service, sockets, at)

    def command(
        self, service: str, incident: str, attempt: int, runbook: str | None
    ) -> None:
        raise AssertionError(service, incident, attempt, runbook)


class World:
    """The engine with its foresight, and a sampler that measures what we say."""

    def __init__(self, config: Config, nursery: trio.Nursery) -> None:
        self.told = list[EventDocument]()
        self.faults: list[Event] = []
        self.problems = Problems()
        now = trio.current_time()
        anchor = Anchor(now, datetime(2026, 11, 26, tzinfo=UTC))
        back = Return(anchor=anchor, now=now, same_boot=False, clean=True)
        self.loop = Loop(
            config.policy,
            decode({"seed": "fixed"}, {}, config.policy, back),
            anchor,
            memory=NoMemory(),
            tell=self.told.append,
            on_fault=lambda event, _: self.faults.append(event),
        )
        self.loop.launches = dict(config.launches)
        self.care = HostCare("mark", self.loop, self.problems)
        self.foresight = make_foresight(self.care)
        look_ahead_by(config, self.foresight)
        self.hands = LeakyHands(nursery, self.observe)
        self.hands.post = self.loop.post

    def observe(self, service: str, run: int, pid: int | None) -> None:
        if pid is None:
            self.foresight.end(service)
        else:
            self.foresight.begin(service, run, pid)

    async def sample(self, seconds: float) -> None:
        """Measure each 10 s for so long; nobody may reach the limit."""
        until = trio.current_time() + seconds
        while trio.current_time() < until:
            await trio.sleep(10)
            now = trio.current_time()
            samples = {}
            for name, (run, began) in self.hands.up.items():
                used = 200 + 800 * (now - began) / HOUR
                values = {Metric.MEMORY: used, Metric.FDS: 5.0}
                limits = {Metric.MEMORY: LIMIT, Metric.FDS: LIMIT}
                sample = Sample(at=now, run=run, values=values, limits=limits)
                samples[name] = sample
            self.foresight.on_sweep(now, samples, HostSample(at=now))


Make = Callable[[str], Awaitable[World]]


@pytest.fixture
async def make(tmp_path: Path, nursery: trio.Nursery) -> Make:
    async def make(text: str) -> World:
        file = tmp_path / "main.toml"
        file.write_text(text)
        config = load_config(file, environ={}, uid=os.getuid())
        world = World(config, nursery)
        await nursery.start(world.care.run)
        await nursery.start(world.foresight.run)
        nursery.start_soon(world.loop.run, world.hands)
        await world.loop.apply(Began(at=trio.current_time()))
        return world

    return make


ACT = '[healing]\npreventive = "act"\n'
WEB = '[program.web]\ncommand = "web"\n'


async def test_advice_is_told_and_nothing_done(
    make: Make,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """By default status warns, with what to type, and the run is left alone."""
    world = await make(WEB)
    await world.sample(30 * 60)
    assert () == world.problems.all()
    await world.sample(25 * 60)
    [problem] = world.problems.all()
    assert "web: memory is at 933 B and" in problem.words
    assert "reaches its limit (1000 B) in about" in problem.words
    assert "selfhealctl restart web" in problem.do
    assert 1 == world.hands.up["web"][0]
    [event] = [event for event in world.told if event.kind.startswith("problem")]
    assert ("problem.found", "web") == (event.kind, event.service)
    assert [] == world.faults


async def test_it_is_restarted_before_its_limit(
    make: Make,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Where it may act, again and again, and each time it is well afterwards."""
    world = await make(ACT + WEB)
    await world.sample(3 * HOUR)
    assert 4 == world.hands.up["web"][0]
    opened = [e.words for e in world.told if e.kind == "incident.opened"]
    assert 3 == len(opened)
    assert all("memory is at" in words for words in opened)
    outcomes = [
        msgspec.json.decode(event.data["incident"])["outcome"]
        for event in world.told
        if event.kind == "incident.ended"
    ]
    assert ["healed"] * 3 == outcomes
    assert [] == world.faults


async def test_never_two_of_a_group_at_once(
    make: Make,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Copies that leak alike are restarted one after the other."""
    text = '[program.web]\ncommand = "web"\nnumprocs = 3\nstartsecs = 5\n'
    world = await make(f"{ACT}max_concurrent_remedies = 1\n{text}")
    await world.sample(HOUR)
    assert [2, 2, 2] == [run for run, _ in world.hands.up.values()]
    down: set[str] = set()
    for event in world.told:
        if event.kind == "service.transition" and event.service is not None:
            state = msgspec.json.decode(event.data["after"])
            if state == "STOPPING":
                down.add(event.service)
                assert 1 == len(down)
            elif state == "RUNNING":
                down.discard(event.service)
    assert [] == world.faults
