import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
import trio
from harness import soon
from trio.testing import MockClock

from selfhealingd.core.leak import BEYOND, Leak
from selfhealingd.core.rules.grammar import rule
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.sample import (
    KEPT,
    NOTHING,
    OF_TREE,
    HostSample,
    Metric,
    Needs,
    Sample,
)
from selfhealingd.observe import sampler as module
from selfhealingd.observe.sampler import HOST_VIEWS, VIEWS, Sampler

Start = Callable[..., int]
FDS = Needs(frozenset({Metric.FDS}))

pytestmark = pytest.mark.process


@dataclass
class Asks:
    """A subscriber, with what it was told."""

    services: dict[str, Needs] = field(default_factory=dict)
    host: Needs = NOTHING
    told: list[tuple[Mapping[str, Sample], HostSample]] = field(default_factory=list)

    def needs(self, service: str) -> Needs:
        return self.services.get(service, NOTHING)

    def host_needs(self) -> Needs:
        return self.host

    def on_sweep(
        self, now: float, services: Mapping[str, Sample], host: HostSample
    ) -> None:
        assert trio.current_time() >= now
        self.told.append((services, host))


@dataclass
class Setting:
    """A sampler with its switch, its faults and one subscriber."""

    always: Needs = VIEWS
    on: bool = True
    faults: list[Exception] = field(default_factory=list)
    asks: Asks = field(default_factory=Asks)

    def __post_init__(self) -> None:
        self.sampler = Sampler(
            5.0, lambda: self.on, on_fault=self.faults.append, always=self.always
        )
        self.sampler.subscribe(self.asks)


@pytest.fixture
def setting() -> Iterator[Setting]:
    """Nothing is measured yet, and no subscriber has failed in the end."""
    made = Setting()
    yield made
    assert [] == made.faults


@pytest.fixture
def pid(start: Start) -> int:
    """A process that waits."""
    return start("sleep", "1000")


async def test_each_service_is_asked_what_is_needed(
    setting: Setting, start: Start
) -> None:
    """What one rule needs of its service is not read of the others."""
    setting.asks.services["web"] = FDS
    for service in ("web", "db"):
        setting.sampler.begin(service, 1, start("sleep", "1000"))
    await setting.sampler.sweep()
    [(services, host)] = setting.asks.told
    assert {Metric.FDS} == services["web"].values.keys() - services["db"].values.keys()
    assert {} == host.values
    assert services["db"] is setting.sampler.latest("db")


async def test_a_tree_is_measured_on_request(setting: Setting, pid: int) -> None:
    """And what else is dear."""
    setting.asks.services["web"] = Needs(OF_TREE | {Metric.PSS})
    setting.sampler.begin("web", 1, pid)
    await setting.sampler.sweep()
    await setting.sampler.sweep()
    web = setting.asks.told[-1][0]["web"].values
    assert OF_TREE | {Metric.PSS} <= web.keys()
    assert 0 < web[Metric.PSS] <= web[Metric.MEMORY]


async def test_the_host_is_read_though_nothing_runs(setting: Setting) -> None:
    """A rule on the host needs no service."""
    setting.asks.host = Needs(frozenset({Metric.LOAD}), paths=frozenset({"/"}))
    await setting.sampler.sweep()
    [(services, host)] = setting.asks.told
    assert {} == services
    assert Metric.LOAD in host.values
    assert {"/"} == host.paths.keys()


async def test_it_rests_while_nobody_needs_anything(pid: int) -> None:
    """Nothing is read, and nobody woken."""
    setting = Setting(always=NOTHING)
    setting.sampler.begin("web", 1, pid)
    await setting.sampler.sweep()
    assert [] == setting.asks.told
    assert setting.sampler.latest("web") is None


async def test_its_flag_is_a_rest(setting: Setting, pid: int) -> None:
    """Old values are no values; rates begin anew afterwards."""
    sampler = setting.sampler
    sampler.begin("web", 1, pid)
    await sampler.sweep()
    assert sampler.latest("web") is not None
    setting.on = False
    assert sampler.latest("web") is None
    await sampler.sweep()
    assert 1 == len(setting.asks.told)
    setting.on = True
    assert sampler.latest("web") is None
    await sampler.sweep()
    latest = sampler.latest("web")
    assert latest is not None
    assert Metric.CPU not in latest.values


async def test_a_vanished_process_is_unknown(setting: Setting, pid: int) -> None:
    """It is in no sweep, though its end was not told yet; others are."""
    sampler = setting.sampler
    sampler.begin("gone", 1, pid)
    sampler.begin("us", 1, os.getpid())
    os.kill(pid, signal.SIGKILL)
    await soon(lambda: os.waitpid(pid, os.WNOHANG) != (0, 0))
    await sampler.sweep()
    assert {"us"} == setting.asks.told[0][0].keys()
    assert sampler.latest("gone") is None


async def test_what_was_measured_outlives_a_run(
    setting: Setting, start: Start, autojump_clock: MockClock
) -> None:
    """For the evidence, until it is as old as all that is kept."""
    sampler = setting.sampler
    sampler.begin("web", 1, start("sleep", "1000"))
    await sampler.sweep()
    sampler.end("web")
    assert sampler.latest("web") is None
    sampler.begin("web", 2, start("sleep", "1000"))
    await sampler.sweep()
    series = sampler.series("web")
    assert series is not None
    assert [1, 2] == [sample.run for sample in series.samples()]
    sampler.end("web")
    await sampler.sweep()
    assert sampler.series("web") is series
    autojump_clock.jump(5 * KEPT + 1)
    await sampler.sweep()
    assert sampler.series("web") is None


async def test_a_leak_is_pretended_until_its_run_ends(
    setting: Setting, start: Start, autojump_clock: MockClock
) -> None:
    """Subscribers are told beside what was measured, and that alone is kept."""
    sampler, whens = setting.sampler, ("memory > 1GiB", "total memory > 2GiB")
    rules = tuple(rule(when, None, Scope.SERVICE) for when in whens)
    leak = Leak(rules=rules, began=trio.current_time(), rise=10.0)
    sampler.begin("web", 1, start("sleep", "1000"))
    assert not sampler.pretend("web", 2, leak)
    assert not sampler.pretend("db", 1, leak)
    assert not sampler.unpretend("web")
    assert sampler.pretend("web", 1, leak)

    async def sizes() -> tuple[float, float]:
        autojump_clock.jump(5)
        await sampler.sweep()
        web = setting.asks.told[-1][0]["web"]
        return web.values[Metric.MEMORY], web.pretended.get(Metric.MEMORY, 0.0)

    measured = [await sizes() for _ in range(3)]
    (real, half), (_, whole), (_, later) = measured
    assert 0 < half < whole == later
    assert (1 << 30) + BEYOND == real + whole
    series = sampler.series("web")
    assert series is not None
    assert [real] * 3 == [size for _, size in series.column(Metric.MEMORY)]
    assert sampler.unpretend("web")
    assert 0 == (await sizes())[1]
    assert sampler.pretend("web", 1, leak)
    sampler.end("web")
    sampler.begin("web", 2, start("sleep", "1000"))
    assert 0 == (await sizes())[1]


async def test_an_old_sample_is_not_how_it_is_now(
    setting: Setting, pid: int, autojump_clock: MockClock
) -> None:
    """Where the task is paused, status shows nothing rather than the past."""
    setting.sampler.begin("web", 1, pid)
    await setting.sampler.sweep()
    autojump_clock.jump(14)
    assert setting.sampler.latest("web") is not None
    autojump_clock.jump(2)
    assert setting.sampler.latest("web") is None


async def test_a_defect_of_one_harms_no_other(pid: int) -> None:
    """It is told, and the sweep goes on."""

    class Broken(Asks):
        def needs(self, service: str) -> Needs:
            raise ValueError(service)

        def host_needs(self) -> Needs:
            raise ValueError

        def on_sweep(self, *_: object) -> None:
            raise ValueError

    setting = Setting()
    sampler = setting.sampler
    sampler.subscribe(Broken())
    well = Asks(services={"web": FDS})
    sampler.subscribe(well)
    sampler.begin("web", 1, pid)
    await sampler.sweep()
    assert Metric.FDS in well.told[0][0]["web"].values
    assert 3 == len(setting.faults)


async def test_a_sweep_gives_way_to_others(
    setting: Setting, pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have their turn in between, even if what is measured ends by that."""
    monkeypatch.setattr(module, "SLICE_SECS", 0.0)
    for number in range(50):
        setting.sampler.begin(f"web-{number}", 1, pid)

    async def others(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        for number in range(10):
            await trio.lowlevel.checkpoint()
            setting.sampler.end(f"web-{49 - number}")

    async with trio.open_nursery() as nursery:
        await nursery.start(others)
        await setting.sampler.sweep()
    assert 40 == len(setting.asks.told[0][0])


async def test_the_host_can_be_asked_at_once(setting: Setting) -> None:
    """For whoever shows it: nothing has to be waited for."""
    found = await setting.sampler.host(Needs(frozenset({Metric.MEMORY})))
    assert Metric.MEMORY in found.limits


async def test_the_host_is_kept_like_a_service(autojump_clock: MockClock) -> None:
    """What is always read of it, with its limits; what a rule wants besides is not."""
    sampler = Sampler(5.0, lambda: True, on_fault=_raise, always_host=HOST_VIEWS)
    sampler.subscribe(Asks(host=Needs(frozenset({Metric.SWAP}))))
    for _ in range(KEPT + 1):
        autojump_clock.jump(5)
        await sampler.sweep()
    kept = sampler.host_series.samples()
    assert KEPT == len(kept)
    assert HOST_VIEWS.metrics == kept[-1].values.keys()
    memory = kept[-1].values[Metric.MEMORY]
    assert 0 < memory < sampler.host_limits[Metric.MEMORY]


def _raise(fault: Exception) -> None:
    raise fault
