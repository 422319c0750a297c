"""Who is asked, from when to when, and by which config."""

import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio
from servers import served
from trio.testing import MockClock

from selfhealingd.core.ask import Connect, Exec, unknown
from selfhealingd.core.events import Event, Ready, Recovered, Sickened, Unready
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import LogTo
from selfhealingd.core.probe import (
    SPREAD_SECS,
    Heartbeat,
    LogLine,
    LogSilence,
    Probe,
    Probes,
)
from selfhealingd.core.readiness import Tcp
from selfhealingd.observe.pressure import Pressure
from selfhealingd.observe.probes.asking import Asker
from selfhealingd.observe.probes.command import Ended
from selfhealingd.observe.probes.prober import Prober, Senses

CHECK = Exec(("check",))
LOG = Path("/log/web")


class World:
    """Services as a test has them be; commands end as ``code`` says."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.asked: list[float] = []
        self.code = 0
        self.many = trio.Event()
        self.stuck = False
        self.heard: dict[Path, Callable[[], None]] = {}
        self.lines: trio.MemorySendChannel[bytes] | None = None
        self.fault: Exception | None = None
        pressure = Pressure(Path("/nonexistent"))
        senses = Senses(
            asker=Asker(self._run, pressure),
            pressure=pressure,
            launch=lambda _: Launch(argv=("web",), stdout=LogTo(path=LOG)),
            follow=self._follow,
            hear=self._hear,
            stuck=lambda _: self.stuck,
        )
        self.prober = Prober(senses, self._report, Random(7))  # noqa: S311

    def told(self) -> list[Any]:
        """Return what was told since the last time."""
        told, self.events = self.events, []
        return told

    async def _report(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) >= 1000:
            self.many.set()

    async def _run(self, _launch: Launch, _seconds: float) -> Ended:
        self.asked.append(trio.current_time())
        if self.fault is not None:
            raise self.fault
        return Ended(code=self.code)

    @contextmanager
    def _follow(self, _path: Path) -> Iterator[AsyncIterator[bytes]]:
        self.lines, receive = trio.open_memory_channel[bytes](9)
        with receive:
            yield receive

    @contextmanager
    def _hear(self, path: Path, heard: Callable[[], None]) -> Iterator[None]:
        self.heard[path] = heard
        try:
            yield
        finally:
            del self.heard[path]


@pytest.fixture
async def world(nursery: trio.Nursery) -> World:
    world = World()
    await nursery.start(world.prober.run)
    return world


def probes(probe: Probe | None = None, readiness: Probe | None = None) -> Any:
    return {"web": Probes(liveness=probe, readiness=readiness)}


async def test_each_period(world: World, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """From the first ask on, which comes soon, until its end."""
    world.prober.put(probes(Probe(what=CHECK, period=20)))
    await trio.sleep(100)
    assert [] == world.asked
    world.prober.begin("web", 3, 4711)
    await trio.sleep(100)
    first = world.asked[0]
    assert 100 <= first <= 100 + SPREAD_SECS
    assert pytest.approx([first + 20 * n for n in range(5)]) == world.asked
    assert [Recovered(at=first, service="web", run=3, key="liveness")] == world.told()
    world.prober.end("web")
    world.prober.end("web")
    await trio.sleep(100)
    assert 5 == len(world.asked)
    assert () == world.prober.cases("web")


async def test_sick_and_well(world: World, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Edges are told, of this run."""
    world.prober.put(probes(Probe(what=CHECK)))
    world.prober.begin("web", 3, 4711)
    world.code = 1
    await trio.sleep(100)
    [sick] = world.told()
    assert isinstance(sick, Sickened)
    assert ("web", 3, "check: exit status 1") == (
        sick.service,
        sick.run,
        sick.symptom.words,
    )
    [case] = world.prober.cases("web")
    assert case.sick
    world.code = 0
    await trio.sleep(20)
    assert [Recovered] == [type(event) for event in world.told()]


async def test_readiness_is_asked_beside_it(
    world: World,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Each has its own thresholds; what others wait for is asked soon."""
    often = Probe(what=CHECK, failure_threshold=1)
    world.prober.put(probes(Probe(what=CHECK), often))
    world.prober.begin("web", 3, 4711)
    await trio.sleep(1)
    assert Ready in [type(event) for event in world.told()]
    await trio.sleep(10)
    world.told()
    world.code = 1
    await trio.sleep(10)
    assert [Unready] == [type(event) for event in world.told()]


async def test_a_reload(world: World, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """What is asked as before goes on; what isn't asked any more is not wrong."""
    world.prober.put(probes(Probe(what=CHECK, failure_threshold=1)))
    world.prober.begin("web", 3, 4711)
    world.code = 1
    await trio.sleep(30)
    [before] = world.prober.cases("web")
    world.told()
    world.prober.put(probes(Probe(what=CHECK, failure_threshold=1)))
    assert (before,) == world.prober.cases("web")
    world.prober.put(probes(Probe(what=CHECK, failure_threshold=2)))
    [after] = world.prober.cases("web")
    assert after is not before
    await trio.sleep(30)
    assert [Sickened] == [type(event) for event in world.told()]
    asked = len(world.asked)
    world.prober.put({})
    await trio.sleep(30)
    assert asked == len(world.asked)
    assert [Recovered] == [type(event) for event in world.told()]
    world.prober.put(probes(readiness=Probe(what=CHECK)))
    await trio.sleep(30)
    assert [Unready] == [type(event) for event in world.told()]
    world.prober.put({})
    await trio.sleep(1)
    assert [Ready] == [type(event) for event in world.told()]


async def test_heartbeats(world: World, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Those of the run that is up count, no others."""
    world.prober.put(probes(Probe(what=Heartbeat(5), failure_threshold=1)))
    world.prober.begin("web", 3, 4711)
    await trio.sleep(4)
    world.prober.beat("web", 2)
    world.prober.beat("db", 3)
    world.prober.beat("web", 3)
    await trio.sleep(4)
    assert [Recovered] == [type(event) for event in world.told()]
    world.prober.beat("web", 2)
    await trio.sleep(4)
    assert [Sickened] == [type(event) for event in world.told()]
    world.prober.beat("web", 3)
    world.prober.fail("web", 2)
    await trio.sleep(1)
    assert [Recovered] == [type(event) for event in world.told()]
    world.prober.fail("web", 3)
    await trio.sleep(1)
    assert [Sickened] == [type(event) for event in world.told()]


async def test_logs(world: World, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """A line, or that there is none."""
    world.prober.put(probes(Probe(what=LogLine("ERR"), failure_threshold=1)))
    world.prober.begin("web", 3, 4711)
    await trio.sleep(1)
    assert world.lines is not None
    await world.lines.send(b"ERR\n")
    await trio.sleep(1)
    assert [Sickened] == [type(event) for event in world.told()]
    world.prober.put(probes(Probe(what=LogSilence(60), failure_threshold=1)))
    await trio.sleep(59)
    world.heard[LOG]()
    await trio.sleep(59)
    assert [Recovered] == [type(event) for event in world.told()]
    await trio.sleep(2)
    assert [Sickened] == [type(event) for event in world.told()]
    world.prober.end("web")
    await trio.sleep(1)
    assert {} == world.heard


async def test_a_disk_that_is_full(world: World, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Nobody is restarted for what can't be put into his log."""
    world.prober.put(probes(Probe(what=LogSilence(60), failure_threshold=1)))
    world.prober.begin("web", 3, 4711)
    world.stuck = True
    await trio.sleep(500)
    [case] = world.prober.cases("web")
    assert unknown("what it writes can't be put into its log") == case.answer
    assert [] == world.told()
    world.stuck = False
    await trio.sleep(61)
    assert [Sickened] == [type(event) for event in world.told()]


async def test_a_defect_of_ours(world: World, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """It harms no other probe, and is told as unknown."""
    world.fault = ZeroDivisionError()
    beats = Probe(what=Heartbeat(5), failure_threshold=1)
    world.prober.put({"web": Probes(liveness=beats, readiness=Probe(what=CHECK))})
    world.prober.begin("web", 3, 4711)
    await trio.sleep(10)
    liveness, readiness = world.prober.cases("web")
    assert liveness.sick
    assert readiness.answer is not None
    assert "a defect of ours: see the daemon's log" == readiness.answer.words


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - their names are enough


async def test_a_thousand() -> None:
    """They are asked in turn: no thread, few descriptors, and none is left behind."""
    begun = descriptors()
    threads = threading.active_count()
    most = 0
    world = World()

    async def count(stream: trio.abc.Stream) -> None:
        nonlocal most
        most = max(most, len(descriptors()))
        await stream.aclose()

    async with served(count) as port, trio.open_nursery() as nursery:
        await nursery.start(world.prober.run)
        ask = Connect(place=Tcp("127.0.0.1", port))
        names = [f"web_{number}" for number in range(1000)]
        probe = Probes(liveness=Probe(what=ask, period=1, timeout=30))
        world.prober.put(dict.fromkeys(names, probe))
        for name in names:
            world.prober.begin(name, 1, 4711)
        with trio.fail_after(60):
            await world.many.wait()
        assert threads == threading.active_count()
        assert {Recovered} == {type(event) for event in world.events}
        for name in names:
            world.prober.end(name)
        nursery.cancel_scope.cancel()
    assert most - len(begun) < 600  # each at most has its own end and the server's
    assert begun >= descriptors()
