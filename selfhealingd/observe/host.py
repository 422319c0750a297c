"""The host at one moment: what is asked for, and no more."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import trio

from selfhealingd.core.sample import HostSample, Metric, Needs, Sample
from selfhealingd.observe.pressure import averages
from selfhealingd.observe.process import read_file
from selfhealingd.observe.slow import Slow

_LOADS = (Metric.LOAD, Metric.LOAD5, Metric.LOAD15)
_PRESSURES = {
    "cpu": (Metric.PSI_CPU_SOME, Metric.PSI_CPU_FULL),
    "memory": (Metric.PSI_MEMORY_SOME, Metric.PSI_MEMORY_FULL),
    "io": (Metric.PSI_IO_SOME, Metric.PSI_IO_FULL),
}

_Known = tuple[Metric, float, float | None]
"""A value, and its limit where it has one."""


class HostReader:
    """Reads the host again and again; it keeps what a rate needs of the time before."""

    def __init__(self, slow: Slow) -> None:
        self._slow = slow
        self._cpu_known = False

    async def read(self, needs: Needs) -> HostSample:
        """Return what is known now of what is needed."""
        at = trio.current_time()
        paths, devices = {}, {}
        for path in sorted(needs.paths):
            read = partial(_file_system, path, at)
            if (found := await self._slow.call(path, read)) is not None:
                devices[path], paths[path] = found
        known = list(self._known(needs.metrics | needs.limits))
        return HostSample(
            at=at,
            values={metric: value for metric, value, _ in known},
            limits={metric: most for metric, _, most in known if most},
            paths=paths,
            devices=devices,
        )

    def forget(self) -> None:
        """Begin anew: the time before is too long ago for a rate."""
        self._cpu_known = False

    def _known(self, wanted: frozenset[Metric]) -> Iterator[_Known]:
        if not wanted:
            return
        if not wanted.isdisjoint(_LOADS):
            yield from (
                (m, v, None) for m, v in zip(_LOADS, os.getloadavg(), strict=True)
            )
        if Metric.CPU in wanted:
            yield from self._cpu()
        if Metric.MEMORY in wanted:
            memory = psutil.virtual_memory()
            yield Metric.MEMORY, memory.total - memory.available, memory.total
        if Metric.SWAP in wanted:
            swap = psutil.swap_memory()
            yield Metric.SWAP, swap.used, swap.total
        if Metric.FDS in wanted:
            yield from _open_files()
        for resource, metrics in _PRESSURES.items():
            if not wanted.isdisjoint(metrics):
                yield from _pressure(resource, *metrics)

    def _cpu(self) -> Iterator[_Known]:
        # psutil's first answer means nothing: there is nothing to compare with.
        busy, known = psutil.cpu_percent(), self._cpu_known
        self._cpu_known = True
        if known:
            yield Metric.CPU, busy, 100.0


def _file_system(path: str, at: float) -> tuple[int, Sample]:
    device, fs = Path(path).stat().st_dev, os.statvfs(path)
    used = (fs.f_blocks - fs.f_bfree) * fs.f_frsize
    values: dict[Metric, float] = {Metric.DISK: used}
    limits: dict[Metric, float] = {Metric.DISK: used + fs.f_bavail * fs.f_frsize}
    if fs.f_files:  # some, such as btrfs, have no fixed number
        inodes = fs.f_files - fs.f_ffree
        values[Metric.INODES], limits[Metric.INODES] = inodes, inodes + fs.f_favail
    return device, Sample(at=at, values=values, limits=limits)


def _open_files() -> Iterator[_Known]:
    fields = read_file("/proc/sys/fs/file-nr").split()
    if len(fields) == 3:  # noqa: PLR2004 - allocated, unused, most
        yield Metric.FDS, int(fields[0]) - int(fields[1]), int(fields[2])


def _pressure(resource: str, some: Metric, full: Metric) -> Iterator[_Known]:
    metrics = {"some": some, "full": full}
    for kind, share in averages(resource).items():
        yield metrics[kind], share, None
