import os
import sys
from collections.abc import Callable

import psutil
import pytest
import trio
from harness import soon

from selfhealingd.core.sample import (
    LIMITED_OF_SERVICE,
    OF_SERVICE,
    OF_TREE,
    Metric,
    Needs,
    Sample,
)
from selfhealingd.observe.family import Family
from selfhealingd.observe.watched import Rate, Watched

Start = Callable[..., int]
PAIR = Needs(frozenset({Metric.CPU, Metric.MEMORY}))
CHEAP = OF_SERVICE - {Metric.PSS}

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([(1.0, 10)], [None]),
        ([(1.0, 10), (3.0, 30)], [None, 10.0]),
        ([(1.0, 10), (1.0, 30)], [None, None]),
        ([(1.0, 10), (2.0, 5), (3.0, 6)], [None, None, 1.0]),
    ],
)
async def test_a_rate_is_between_two_readings(
    readings: list[tuple[float, int]], expected: list[float | None]
) -> None:
    """What shrinks, or takes no time, has none."""
    rate = Rate()
    assert expected == [rate.since(at, total) for at, total in readings]


def tree_of(watched: Watched, metrics: frozenset[Metric] = OF_TREE) -> Sample:
    family = Family([watched.pid], walk=True)
    sample = watched.measure(trio.current_time(), Needs(metrics), family, None)
    assert sample is not None
    return sample


async def test_memory_and_cpu_of_one_that_works(start: Start) -> None:
    """Memory at once, CPU since its beginning was seen."""
    watched = Watched(3, start(sys.executable, "-c", "while True: pass"))

    def works() -> bool:
        sample = watched.measure(trio.current_time(), PAIR, None, None)
        assert sample is not None
        assert sample is watched.latest
        assert 3 == sample.run
        assert {Metric.CPU, Metric.MEMORY} == sample.values.keys()
        return sample.values[Metric.CPU] > 0 < sample.values[Metric.MEMORY]

    await soon(works)


async def test_all_that_can_be_known_is_known(start: Start) -> None:
    """From the second time on, when rates have something to compare with."""
    watched = Watched(1, start("sleep", "1000"))
    process = psutil.Process(watched.pid)
    await soon(lambda: process.status() == psutil.STATUS_SLEEPING)  # it has begun
    needs = Needs(CHEAP, LIMITED_OF_SERVICE)
    family = Family([watched.pid], walk=True)
    watched.measure(trio.current_time(), needs, family, None)
    sample = watched.measure(trio.current_time(), needs, family, 4711)
    assert sample is not None
    assert OF_SERVICE == sample.values.keys() | {Metric.PSS}
    assert {Metric.MEMORY, Metric.FDS, Metric.CPU} < sample.limits.keys()
    assert process.num_fds() == sample.values[Metric.FDS]
    assert 1 == sample.values[Metric.THREADS]
    assert 0 <= sample.values[Metric.UPTIME] < 60


async def test_a_later_user_of_the_pid_is_not_measured(start: Start) -> None:
    """Another start time is another process."""
    watched = Watched(1, start("sleep", "1000"))
    assert watched.measure(trio.current_time(), PAIR, None, None) is not None
    assert watched.started is not None
    watched.started -= 1
    assert watched.measure(trio.current_time(), PAIR, None, None) is None
    assert watched.latest is None


async def test_what_has_ended_is_unknown(start: Start) -> None:
    """A zombie has no memory, and that is no news of the service."""
    watched = Watched(1, start("true"))
    await soon(lambda: watched.measure(trio.current_time(), PAIR, None, None) is None)


async def test_one_that_was_gone_at_the_beginning_is_never_measured() -> None:
    """Its start time was not seen, so nothing could tell it from another."""
    watched = Watched(1, 2**22 + 1)
    watched.pid = os.getpid()
    assert watched.measure(trio.current_time(), PAIR, None, None) is None


async def test_totals_are_over_the_tree(start: Start) -> None:
    """Itself and its descendants."""
    watched = Watched(1, start("sh", "-c", "sleep 1000 & sleep 1000 & wait"))
    needed = OF_TREE | {Metric.MEMORY, Metric.FDS}

    def grown() -> bool:  # at its exec a process has no memory for a moment
        values = tree_of(watched, needed).values
        return (
            values[Metric.MEMORY] < values[Metric.MEMORY_TOTAL]
            and values[Metric.FDS] < values[Metric.FDS_TOTAL]
            and values[Metric.CHILDREN] == 2
        )

    await soon(grown)
    values = tree_of(watched).values
    assert (3, 0) == (values[Metric.THREADS_TOTAL], values[Metric.ZOMBIES])


async def test_zombies_are_counted(start: Start) -> None:
    """A child that ended, and whom its parent doesn't wait for."""
    watched = Watched(1, start("sh", "-c", "true & exec sleep 1000"))
    await soon(lambda: tree_of(watched).values[Metric.ZOMBIES] == 1)
    assert 1 == tree_of(watched).values[Metric.CHILDREN]


async def test_children_that_come_and_go_count(start: Start) -> None:
    """The CPU of a shell that does nothing but call others is theirs."""
    script = "while :; do /bin/sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'"
    watched = Watched(1, start("sh", "-c", f"{script}; done"))
    most = [0.0]

    def theirs() -> bool:
        values = tree_of(watched, OF_TREE | {Metric.CPU}).values
        most[0] = max(most[0], values.get(Metric.CPU_TOTAL, 0.0))
        return most[0] > 10 * max(values.get(Metric.CPU, 0.0), 0.1)

    await soon(theirs)


async def test_rates_begin_anew_after_a_rest(start: Start) -> None:
    """What happened meanwhile is not of the last moments."""
    watched = Watched(1, start("sleep", "1000"))
    watched.measure(trio.current_time(), PAIR, None, None)
    watched.forget()
    sample = watched.measure(trio.current_time(), PAIR, None, None)
    assert sample is not None
    assert {Metric.MEMORY} == sample.values.keys()
