"""What is measured of services and of the host, in the words that rules use.

Who needs what says so (``Subscriber``), since only that is read. What could not be
read is missing: it is unknown, neither zero nor a failure.
"""

import math
from array import array
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Protocol

import msgspec


class Unit(Enum):
    """What a number is of."""

    PERCENT = "percent"
    BYTES = "bytes"
    COUNT = "count"
    SECONDS = "seconds"
    BYTES_PER_SECOND = "bytes/s"
    PLAIN = ""


class Metric(Enum):
    """What can be measured; ``_total`` is over a service and all its descendants.

    ``cpu``: percent of one core since the sample before; of the host: of all cores.
    ``memory``: resident bytes; of the host: bytes that new programs can't have
    (total - available). ``pss``: resident bytes, with shared pages divided among
    those who share them; dear. ``swap``: bytes swapped out. ``children``: all
    descendants. ``zombies``: of the service and its descendants. ``read_rate`` and
    ``write_rate``: what it made disks do. ``load``: of 1, 5 and 15 minutes. ``disk``
    and ``inodes``: used on the file system of a path, bytes and number. ``psi_*``:
    share of the last 10 s in which some or all tasks waited, percent.
    """

    CPU = "cpu"
    MEMORY = "memory"
    PSS = "pss"
    SWAP = "swap"
    FDS = "fds"
    THREADS = "threads"
    CHILDREN = "children"
    ZOMBIES = "zombies"
    UPTIME = "uptime"
    READ_RATE = "read_rate"
    WRITE_RATE = "write_rate"
    CPU_TOTAL = "cpu_total"
    MEMORY_TOTAL = "memory_total"
    FDS_TOTAL = "fds_total"
    THREADS_TOTAL = "threads_total"
    LOAD = "load"
    LOAD5 = "load5"
    LOAD15 = "load15"
    DISK = "disk"
    INODES = "inodes"
    PSI_CPU_SOME = "psi_cpu_some"
    PSI_CPU_FULL = "psi_cpu_full"
    PSI_MEMORY_SOME = "psi_memory_some"
    PSI_MEMORY_FULL = "psi_memory_full"
    PSI_IO_SOME = "psi_io_some"
    PSI_IO_FULL = "psi_io_full"

    # Enum's own is a function of Python; a sweep needs ten thousands of them.
    __hash__ = object.__hash__


_M = Metric

OF_TREE = frozenset(
    {
        *(_M.CHILDREN, _M.ZOMBIES),
        *(_M.CPU_TOTAL, _M.MEMORY_TOTAL, _M.FDS_TOTAL, _M.THREADS_TOTAL),
    }
)
"""What takes a look at all descendants of a service."""

OF_SERVICE = OF_TREE | {
    *(_M.CPU, _M.MEMORY, _M.PSS, _M.SWAP, _M.FDS, _M.THREADS),
    *(_M.UPTIME, _M.READ_RATE, _M.WRITE_RATE),
}
"""What services have."""

OF_PATH = frozenset({_M.DISK, _M.INODES})
"""What the host has for each path."""

OF_HOST = OF_PATH | {
    *(_M.CPU, _M.MEMORY, _M.SWAP, _M.FDS, _M.LOAD, _M.LOAD5, _M.LOAD15),
    *(_M.PSI_CPU_SOME, _M.PSI_CPU_FULL, _M.PSI_MEMORY_SOME, _M.PSI_MEMORY_FULL),
    *(_M.PSI_IO_SOME, _M.PSI_IO_FULL),
}
"""What the host has."""

LIMITED_OF_SERVICE = frozenset({_M.CPU, _M.MEMORY, _M.MEMORY_TOTAL, _M.FDS})
"""What has a limit. ``cpu``: 100 for each core that it may use. ``memory``: the
smallest of RLIMIT_AS, its cgroups' ``memory.max`` and the host's memory;
``memory_total``: the same without RLIMIT_AS, which is for each process. ``fds``: the
soft RLIMIT_NOFILE."""

LIMITED_OF_HOST = OF_PATH | {_M.CPU, _M.MEMORY, _M.SWAP, _M.FDS}
"""What the host has so much of and no more. ``disk``: without what is root's alone."""

_OTHER_UNITS = {
    **dict.fromkeys((_M.CPU, _M.CPU_TOTAL), Unit.PERCENT),
    **dict.fromkeys((_M.MEMORY, _M.MEMORY_TOTAL, _M.PSS, _M.SWAP), Unit.BYTES),
    **dict.fromkeys((_M.READ_RATE, _M.WRITE_RATE), Unit.BYTES_PER_SECOND),
    **dict.fromkeys((_M.LOAD, _M.LOAD5, _M.LOAD15), Unit.PLAIN),
    _M.UPTIME: Unit.SECONDS,
    _M.DISK: Unit.BYTES,
}

UNITS: Mapping[Metric, Unit] = {
    metric: Unit.PERCENT
    if metric.value.startswith("psi_")
    else _OTHER_UNITS.get(metric, Unit.COUNT)
    for metric in Metric
}
"""The unit of each metric."""


class Needs(msgspec.Struct, frozen=True):
    """What somebody wants to be told. ``limits``: metrics whose limit, too.

    ``paths``: the host's file systems of which ``disk`` and ``inodes`` are wanted.
    """

    metrics: frozenset[Metric] = frozenset()
    limits: frozenset[Metric] = frozenset()
    paths: frozenset[str] = frozenset()

    def __or__(self, other: "Needs") -> "Needs":
        """What either wants."""
        return Needs(
            self.metrics | other.metrics,
            self.limits | other.limits,
            self.paths | other.paths,
        )

    def __bool__(self) -> bool:
        return bool(self.metrics or self.limits or self.paths)


NOTHING = Needs()


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What was read at one time of one run; what is missing is unknown.

    ``at``: seconds on trio's clock. ``run``: 0 for the host. ``pretended``: what rules
    add to the values, for a drill; nothing else does, and it is never kept.
    """

    at: float
    run: int = 0
    values: Mapping[Metric, float] = {}
    limits: Mapping[Metric, float] = {}
    pretended: Mapping[Metric, float] = {}


NO_SAMPLE = Sample(at=0.0)
"""Nothing is known."""


class HostSample(Sample, frozen=True, kw_only=True):
    """The host at one time. ``paths``: ``disk`` and ``inodes``, with their limits.

    A path whose file system does not answer is missing. ``devices``: which file system
    each of them is of.
    """

    paths: Mapping[str, Sample] = {}
    devices: Mapping[str, int] = {}


class Subscriber(Protocol):
    """Somebody who is told what was measured. None of these may block.

    Both kinds of needs are asked for at each sweep, so they may change at any time.
    """

    def needs(self, service: str) -> Needs:
        """What is wanted of a service."""

    def host_needs(self) -> Needs:
        """What is wanted of the host."""

    def on_sweep(
        self, now: float, services: Mapping[str, Sample], host: HostSample
    ) -> None:
        """Take in one sweep: of all services that are up and could be read.

        A sample may have more, or less, than this subscriber asked for.
        """


KEPT = 120
"""Samples that are kept of a service: 10 minutes at the default interval of 5 s."""


class Series:
    """The last samples of one service, over all its runs; limits are not kept.

    Ring buffers of machine numbers: a thousand services with two metrics take 3 MiB.
    Values have 24 bits, so that memory is right to the page up to 64 GiB.
    """

    __slots__ = ("_ats", "_columns", "_kept", "_next", "_runs")

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._next = 0
        self._ats = array("d")
        self._runs = array("I")
        self._columns: dict[Metric, array[float]] = {}

    def __len__(self) -> int:
        return len(self._ats)

    @property
    def last_at(self) -> float:
        """When the latest sample was taken; raises IndexError where there is none."""
        return self._ats[self._next - 1]

    def add(self, sample: Sample) -> None:
        """Take in one more, and drop the oldest if there are too many."""
        if len(self._ats) < self._kept:
            self._grow()
        row = self._next
        self._next = (row + 1) % self._kept
        self._ats[row], self._runs[row] = sample.at, sample.run
        values = sample.values
        columns = self._columns
        for metric in values:
            if metric not in columns:
                columns[metric] = array("f", [math.nan]) * len(self._ats)
        for metric, column in columns.items():
            column[row] = values.get(metric, math.nan)

    def column(
        self, metric: Metric, *, run: int | None = None
    ) -> list[tuple[float, float]]:
        """Return times and values of a metric where it is known, oldest first.

        ``run``: of this one alone.
        """
        column = self._columns.get(metric)
        if column is None:
            return []
        return [
            (self._ats[row], column[row])
            for row in self._rows(run)
            if not math.isnan(column[row])
        ]

    def samples(self, *, run: int | None = None, last: int = KEPT) -> list[Sample]:
        """Return the last samples, oldest first; ``run``: of this one alone."""
        rows = list(self._rows(run))
        return [
            Sample(
                at=self._ats[row],
                run=self._runs[row],
                values={
                    metric: column[row]
                    for metric, column in self._columns.items()
                    if not math.isnan(column[row])
                },
            )
            for row in rows[max(0, len(rows) - last) :]
        ]

    def _grow(self) -> None:
        self._ats.append(0.0)
        self._runs.append(0)
        for column in self._columns.values():
            column.append(math.nan)

    def _rows(self, run: int | None) -> Iterator[int]:
        number = len(self._ats)
        first = self._next if number == self._kept else 0
        for step in range(number):
            row = (first + step) % number
            if run is None or self._runs[row] == run:
                yield row
