"""Foresight tells of services and disks as they are sampled, and acts where it may."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from selfhealingd.core.events import Recovered, Sickened
from selfhealingd.core.foreseen import Seen, sentence
from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Healing, Preventive
from selfhealingd.core.quiet import Quiet, Window
from selfhealingd.core.remedy import Restart
from selfhealingd.core.rules.grammar import rule
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.sample import NOTHING, HostSample, Metric, Needs, Sample
from selfhealingd.observe.foresight import OF_HOST, OF_SERVICES, Foresight, Teller

LIMIT = 1000.0
MINUTE = 60.0
NIGHT = (Window(begin=120, end=300),)


@dataclass
class World(Teller):
    """A service of which the memory leaks, and what is told of it."""

    clock: time = time(12)
    now: float = 0.0
    memory: float = 200.0
    warnings: list[str] = field(default_factory=list)
    in_force: dict[str, Seen] = field(default_factory=dict)
    edges: list[Sickened | Recovered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.foresight = Foresight(self, self.report, local=lambda: self.clock, cores=1)

    def foresee(self, seen: Seen) -> None:
        if seen.key not in self.in_force:
            self.warnings.append(seen.key)
        self.in_force[seen.key] = seen

    def past(self, seen: Seen) -> None:
        del self.in_force[seen.key]

    async def report(self, edge: Sickened | Recovered) -> None:
        await trio.lowlevel.checkpoint()
        self.edges.append(edge)

    def put(
        self,
        preventive: Preventive = Preventive.ADVISE,
        quiet: Quiet = (),
        rules: tuple[str, ...] = (),
        paths: tuple[str, ...] = (),
    ) -> None:
        healing = Healing(preventive=preventive, quiet=quiet)
        own = tuple(rule(when, None, Scope.SERVICE) for when in rules)
        self.foresight.put({"web": healing}, {"web": own}, paths)

    async def sweep(
        self,
        minutes: float,
        *,
        leak: float = 0.0,
        pretended: float = 0.0,
        host: Mapping[str, float] = {},
        used: float | None = None,
        devices: Mapping[str, int] = {},
    ) -> None:
        """Measure each 10 s; ``leak`` and ``host`` (of disks) grow so much a minute.

        So does what is ``pretended``.
        """
        for _ in range(round(minutes * 6)):
            self.now += 10
            self.memory += leak / 6
            values = {Metric.MEMORY: self.memory, Metric.FDS: 5.0}
            limits = {Metric.MEMORY: LIMIT, Metric.FDS: LIMIT}
            sample = Sample(
                at=self.now,
                run=1,
                values=values,
                limits=limits,
                pretended={Metric.MEMORY: pretended * self.now / MINUTE},
            )
            paths = {
                path: Sample(
                    at=self.now,
                    values={Metric.DISK: grown * self.now / MINUTE},
                    limits={Metric.DISK: LIMIT},
                )
                for path, grown in host.items()
            }
            of_host = {} if used is None else {Metric.MEMORY: used}
            self.foresight.on_sweep(
                self.now,
                {"web": sample},
                HostSample(
                    at=self.now,
                    values=of_host,
                    limits=dict.fromkeys(of_host, LIMIT),
                    paths=paths,
                    devices=devices,
                ),
            )
        await wait_all_tasks_blocked()

    async def until_warned(self, *, leak: float) -> None:
        while not self.in_force:
            await self.sweep(1, leak=leak)


@pytest.fixture
async def world(nursery: trio.Nursery) -> World:
    """The service is up since time 0, and an hour is left once it leaks."""
    made = World()
    await nursery.start(made.foresight.run)
    made.put()
    made.foresight.begin("web", 1, 99)
    made.foresight._cases["web"].began = 0.0
    return made


LEAK = 800 / 60


async def test_a_leak_is_told_until_it_is_past(world: World) -> None:
    """With the time left; a new run begins afresh."""
    await world.until_warned(leak=LEAK)
    [seen] = world.in_force.values()
    assert ("web", Metric.MEMORY, "its limit") == (seen.service, seen.metric, seen.by)
    assert seen.found is not None
    left = (LIMIT - world.memory) / LEAK * MINUTE
    assert abs(seen.found.left - left) < 0.2 * left
    assert left > 10 * MINUTE
    world.foresight.begin("web", 2, 100)
    assert {} == world.in_force
    assert [] == world.edges


async def test_calm_is_not_told(world: World) -> None:
    """Neither near its limit nor far."""
    await world.sweep(60)
    world.memory = 900
    await world.sweep(120)
    assert [] == world.warnings


async def test_what_a_drill_pretends_is_not_foreseen(world: World) -> None:
    """Nothing runs out by what nobody has."""
    await world.sweep(55, pretended=LEAK)
    assert [] == world.warnings
    [seen] = [
        one for one in await world.foresight.seen() if one.metric is Metric.MEMORY
    ]
    assert (world.memory, None) == (seen.value, seen.found)


async def test_it_is_past_when_it_stays(world: World) -> None:
    """What no longer climbs is not told any more."""
    await world.until_warned(leak=LEAK)
    await world.sweep(30)
    assert {} == world.in_force


async def test_a_rule_is_a_limit(world: World) -> None:
    """What a rule lets it have counts where that is less."""
    world.put(rules=("memory > 400B", "memory < 1B", "fds > 99"))
    await world.until_warned(leak=LEAK / 4)
    [seen] = world.in_force.values()
    assert ("rule memory > 400B", 400) == (seen.by, seen.limit)


async def test_switched_off(world: World) -> None:
    """Who wants no foresight is not looked at; what was told is past."""
    await world.until_warned(leak=LEAK)
    world.put(Preventive.OFF)
    assert {} == world.in_force
    assert NOTHING == world.foresight.needs("web")
    await world.sweep(10, leak=LEAK)
    assert {} == world.in_force


async def test_limits_are_read_now_and_then(world: World) -> None:
    """They are dear; and only of those that are looked at."""
    assert Needs(OF_SERVICES, OF_SERVICES) == world.foresight.needs("web")
    assert NOTHING == world.foresight.needs("other")
    assert Needs(OF_HOST, OF_HOST) == world.foresight.host_needs()
    world.now = trio.current_time()
    await world.sweep(0.2)
    assert NOTHING == world.foresight.needs("web")
    assert NOTHING == world.foresight.host_needs()


async def test_it_acts_only_at_the_last(world: World) -> None:
    """Where it may act and no hours are named: a restart, shortly before the limit."""
    world.put(Preventive.ACT)
    await world.until_warned(leak=LEAK)
    assert [] == world.edges
    while not world.edges:
        await world.sweep(0.5, leak=LEAK)
    [edge] = world.edges
    assert isinstance(edge, Sickened)
    assert ("web", 1) == (edge.service, edge.run)
    assert Cause.PREDICTION is edge.symptom.cause
    assert (Restart(),) == edge.symptom.ladder
    assert (LIMIT - world.memory) / LEAK < 16
    await world.sweep(20)
    assert ["Sickened", "Recovered"] == [type(one).__name__ for one in world.edges]


async def test_it_acts_in_quiet_hours_alone(world: World) -> None:
    """By day it is told; at night it is acted on; in the morning that is taken back."""
    world.put(Preventive.ACT, NIGHT)
    await world.until_warned(leak=LEAK)
    await world.sweep(2, leak=LEAK)
    assert [] == world.edges
    world.clock = time(3)
    await world.sweep(2, leak=LEAK)
    world.clock = time(6)
    await world.sweep(2, leak=LEAK)
    assert ["Sickened", "Recovered"] == [type(one).__name__ for one in world.edges]


async def test_advice_is_no_deed(world: World) -> None:
    """By default nothing is done, to the very end."""
    while world.memory < LIMIT:
        await world.sweep(1, leak=LEAK)
    assert ["forecast web memory"] == world.warnings
    assert [] == world.edges


async def test_a_disk_that_fills(world: World) -> None:
    """In hours as well as in minutes; two paths of one file system are one."""
    world.put(paths=("/a", "/b", "/c"))
    day = LIMIT / (16 * 60)
    # What is read of one a moment later is not quite the same.
    host = {"/a": day, "/b": 1.0001 * day, "/c": 0.1}
    await world.sweep(15 * 60, host=host, devices={"/a": 1, "/b": 1, "/c": 2})
    assert ["forecast host disk /a"] == world.warnings
    [seen] = world.in_force.values()
    assert (None, "disk /a") == (seen.service, seen.name)
    seen_now = [one.name for one in await world.foresight.seen() if not one.service]
    assert ["disk /a", "disk /c"] == sorted(seen_now)
    world.put(paths=("/c",))
    assert {} == world.in_force


async def test_what_is_told_agrees_with_itself(world: World) -> None:
    """What is left is left from the newest value on, and less at each look."""
    await world.until_warned(leak=LEAK)
    before, needs = math.inf, world.foresight.needs("web")
    assert {Metric.MEMORY} <= needs.metrics
    while world.memory < LIMIT:
        [seen] = [one for one in await world.foresight.seen() if one.told]
        assert seen.found is not None
        assert world.memory == seen.value
        assert seen.found.left == pytest.approx((LIMIT - seen.value) / seen.found.slope)
        true = (LIMIT - world.memory) / LEAK * MINUTE
        assert seen.found.earliest <= true <= seen.found.latest
        assert seen.found.left < before
        before = seen.found.left
        await world.sweep(1 / 6, leak=LEAK)
    await world.sweep(1, leak=LEAK)
    assert "at its limit" in sentence(*world.in_force.values())


async def test_all_that_has_a_limit_is_seen(world: World) -> None:
    """Also what is calm, and what is far from its limit yet."""
    world.put(paths=("/a",))
    await world.sweep(30, leak=LEAK, host={"/a": 0.0}, used=500)
    seen = {one.name: one for one in await world.foresight.seen() if one.service}
    assert {"memory", "fds"} == seen.keys()
    memory, fds = seen["memory"], seen["fds"]
    assert memory.found is not None
    assert (False, None) == (memory.told, fds.found)
    assert 5 == fds.value
    of_host = [one for one in await world.foresight.seen() if one.service is None]
    assert {"memory", "disk /a"} == {one.name for one in of_host}
    assert 2 == len(await world.foresight.seen(frozenset({"web"})))
