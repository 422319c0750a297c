"""One run of a service: from readings of its processes to a sample."""

import os
from collections.abc import Iterable

import trio
from msgspec.structs import replace

from selfhealingd.clock import boottime
from selfhealingd.core.leak import Leak
from selfhealingd.core.sample import OF_TREE, Metric, Needs, Sample
from selfhealingd.observe.family import Family
from selfhealingd.observe.limits import limits
from selfhealingd.observe.process import (
    Reading,
    descriptors,
    read_process,
    swapped,
    transferred,
)

LIMITS_SECS = 60.0
"""How long limits are taken to stay as they are: they take many files to read."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PERCENT_PER_TICK = 100.0 / _TICKS
_ELSEWHERE = frozenset(
    {Metric.FDS, Metric.SWAP, Metric.READ_RATE, Metric.WRITE_RATE, Metric.PSS}
)


class Rate:
    """How fast something grows, a second."""

    __slots__ = ("_at", "_total")

    def __init__(self) -> None:
        self._at = 0.0
        self._total: int | None = None

    def since(self, at: float, total: int) -> float | None:
        """Return the rate since the call before; None if there is no telling."""
        passed, before = at - self._at, self._total
        self._at, self._total = at, total
        if before is None or total < before or passed <= 0:
            return None
        return (total - before) / passed


class Watched:
    """A run whose process is known by its pid and start time, and by nothing less.

    ``leak``: what is pretended of it.
    """

    __slots__ = (
        "_cpu",
        "_cpu_total",
        "_limits",
        "_limits_of",
        "_limits_until",
        "_read",
        "_written",
        "latest",
        "leak",
        "pid",
        "run",
        "started",
    )

    def __init__(self, run: int, pid: int, leak: Leak | None = None) -> None:
        self.run = run
        self.pid = pid
        self.latest: Sample | None = None
        self.leak = leak
        reading = read_process(pid)
        self.started = None if reading is None else reading.started
        self.forget()
        if reading is not None:
            self._cpu.since(trio.current_time(), reading.ticks)

    def forget(self) -> None:
        """Begin anew: what was read before is too long ago for a rate."""
        self.latest = None
        self._cpu, self._cpu_total = Rate(), Rate()
        self._read, self._written = Rate(), Rate()
        self._limits: dict[Metric, float] = {}
        self._limits_of: frozenset[Metric] = frozenset()
        self._limits_until = 0.0

    def measure(
        self, at: float, needs: Needs, family: Family | None, pss: int | None
    ) -> Sample | None:
        """Return what is known ``at`` the present; None if the process has ended.

        ``family`` must be there where something of the tree is needed.
        """
        metrics = needs.metrics
        values: dict[Metric, float] = {}
        if not metrics.isdisjoint(_ELSEWHERE):
            self._read_elsewhere(at, metrics, values)
            if pss is not None:
                values[Metric.PSS] = pss
        known = self._known_limits(at, needs.limits) if needs.limits else {}
        # Read last: where it is the same process still, it was so all along.
        reading = read_process(self.pid)
        if reading is None or reading.started != self.started or reading.zombie:
            self.latest = None
            return None
        if Metric.CPU in metrics:
            cpu = self._cpu.since(at, reading.ticks)
            if cpu is not None:
                values[Metric.CPU] = cpu * _PERCENT_PER_TICK
        if Metric.MEMORY in metrics:
            values[Metric.MEMORY] = reading.pages * _PAGE
        if Metric.THREADS in metrics:
            values[Metric.THREADS] = reading.threads
        if Metric.UPTIME in metrics:
            values[Metric.UPTIME] = boottime() - reading.started / _TICKS
        if family is not None and not metrics.isdisjoint(OF_TREE):
            self._measure_tree(at, metrics, family.of(reading), values)
        sample = Sample(at=at, run=self.run, values=values, limits=known)
        if self.leak is not None:
            sample = replace(sample, pretended=self.leak.added(sample))
        self.latest = sample
        return sample

    def _read_elsewhere(
        self, at: float, metrics: frozenset[Metric], values: dict[Metric, float]
    ) -> None:
        if Metric.FDS in metrics:
            _put(values, Metric.FDS, descriptors(self.pid))
        if Metric.SWAP in metrics:
            _put(values, Metric.SWAP, swapped(self.pid))
        if Metric.READ_RATE in metrics or Metric.WRITE_RATE in metrics:
            both = transferred(self.pid)
            if both is not None:
                _put(values, Metric.READ_RATE, self._read.since(at, both[0]))
                _put(values, Metric.WRITE_RATE, self._written.since(at, both[1]))

    def _measure_tree(
        self,
        at: float,
        metrics: frozenset[Metric],
        tree: list[Reading],
        values: dict[Metric, float],
    ) -> None:
        if Metric.CPU_TOTAL in metrics:
            # What a child has used goes over to who waits for it, so that this sum
            # counts those that came and went as well. It shrinks if nobody waited.
            used = sum(one.ticks + one.reaped for one in tree)
            rate = self._cpu_total.since(at, used)
            if rate is not None:
                values[Metric.CPU_TOTAL] = rate * _PERCENT_PER_TICK
        values[Metric.MEMORY_TOTAL] = sum(one.pages for one in tree) * _PAGE
        values[Metric.THREADS_TOTAL] = sum(one.threads for one in tree)
        values[Metric.CHILDREN] = len(tree) - 1
        values[Metric.ZOMBIES] = sum(one.zombie for one in tree)
        if Metric.FDS_TOTAL in metrics:
            _put(values, Metric.FDS_TOTAL, _all_descriptors(tree))

    def _known_limits(
        self, at: float, wanted: frozenset[Metric]
    ) -> dict[Metric, float]:
        if at >= self._limits_until or wanted != self._limits_of:
            self._limits, self._limits_of = limits(self.pid, wanted), wanted
            self._limits_until = at + LIMITS_SECS
        return self._limits


def _put(values: dict[Metric, float], metric: Metric, value: float | None) -> None:
    if value is not None:
        values[metric] = value


def _all_descriptors(tree: Iterable[Reading]) -> int | None:
    """Return the sum; None if one is unknown, since less than all is not the sum."""
    total = 0
    for one in tree:
        if one.zombie:
            continue
        number = descriptors(one.pid)
        if number is None:
            return None
        total += number
    return total
