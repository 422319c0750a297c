"""How much of something a process can have."""

import os
from pathlib import PurePath

import psutil

from selfhealingd.core.sample import Metric
from selfhealingd.observe.process import read_file

CGROUPS = PurePath("/sys/fs/cgroup")
_PERCENT = 100.0


def limits(
    pid: int, wanted: frozenset[Metric], *, cgroups: PurePath = CGROUPS
) -> dict[Metric, float]:
    """Return those limits of a process that are wanted and known."""
    found: dict[Metric, float] = {}
    own = read_file(f"/proc/{pid}/limits") if wanted else b""
    if not own:
        return found
    groups = _groups(pid, cgroups)
    if Metric.FDS in wanted and (most := _soft(own, b"Max open files")) is not None:
        found[Metric.FDS] = most
    if wanted & {Metric.MEMORY, Metric.MEMORY_TOTAL}:
        host = float(psutil.virtual_memory().total)
        together = min([host, *(_number(f"{g}/memory.max") for g in groups)])
        space = _soft(own, b"Max address space")
        alone = together if space is None else min(space, together)
        each = {Metric.MEMORY: alone, Metric.MEMORY_TOTAL: together}
        found.update({metric: each[metric] for metric in each.keys() & wanted})
    if Metric.CPU in wanted and (cores := _cores(pid)) is not None:
        quotas = (_quota(f"{group}/cpu.max") for group in groups)
        found[Metric.CPU] = min([_PERCENT * cores, *quotas])
    return found


def _soft(limits: bytes, name: bytes) -> float | None:
    """Return a soft limit of ``/proc/PID/limits``; None where there is none."""
    _, found, tail = limits.partition(b"\n" + name)
    value = tail.split(None, 1)[0] if found else b"unlimited"
    return float(value) if value.isdigit() else None


def _groups(pid: int, top: PurePath) -> list[PurePath]:
    """Return the cgroup of a process and all above it, where it is one of v2."""
    for line in read_file(f"/proc/{pid}/cgroup").splitlines():
        if line.startswith(b"0::/"):
            inside = PurePath(os.fsdecode(line.removeprefix(b"0::/")))
            # From within a namespace it may seem to lie outside.
            known = ".." not in inside.parts
            return [top / one for one in (inside, *inside.parents)] if known else []
    return []


def _number(file: str) -> float:
    text = read_file(file).strip()
    return float(text) if text.isdigit() else float("inf")


def _quota(file: str) -> float:
    quota, _, period = read_file(file).partition(b" ")
    return _PERCENT * int(quota) / int(period) if quota.isdigit() else float("inf")


def _cores(pid: int) -> int | None:
    try:
        return len(os.sched_getaffinity(pid))
    except OSError:
        return None
