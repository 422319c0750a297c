"""What can be measured of services and of the host, by the names that rules use."""

import shlex
from enum import Enum

import msgspec

from selfhealingd.core.sample import UNITS, Metric, Unit


class Scope(Enum):
    """Whom a rule is about."""

    SERVICE = "service"
    HOST = "host"


class Of(Enum):
    """What a threshold is a share or a multiple of, as it is written."""

    ITSELF = ""
    LIMIT = "of limit"
    CORE = "per core"


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one measure.

    ``metric``: what is read for it; None: events are counted in a span of time.
    ``rest``: it is what is left of the metric's limit. ``units``: those of a threshold;
    a percentage of what isn't one by itself is a share of the limit. ``limit``: that
    has to be written. ``place``: a path comes after the name. ``words``: what it is, in
    a sentence that goes on with "is". ``example``: a threshold.
    """

    metric: Metric | None
    words: str
    example: str
    units: tuple[Unit, ...]
    rest: bool = False
    limit: bool = False
    per_core: bool = False
    place: bool = False


def _plain(metric: Metric, words: str, example: str) -> Kind:
    return Kind(metric=metric, words=words, example=example, units=(UNITS[metric],))


def _limited(metric: Metric, words: str, example: str) -> Kind:
    return msgspec.structs.replace(_plain(metric, words, example), limit=True)


def _share(
    metric: Metric,
    words: str,
    example: str,
    *,
    rest: bool = False,
    place: bool = False,
) -> Kind:
    """What is read of the host, and has so much of it and no more."""
    return Kind(
        metric=metric,
        words=words,
        example=example,
        units=(Unit.PERCENT, UNITS[metric]),
        rest=rest,
        place=place,
    )


def _load(metric: Metric, words: str) -> Kind:
    kind = _plain(metric, words, "8")
    return msgspec.structs.replace(kind, per_core=True)


_M = Metric

_OF_SERVICE = {
    "cpu": _limited(_M.CPU, "cpu", "90%"),
    "memory": _limited(_M.MEMORY, "memory", "500MiB"),
    "pss": _plain(_M.PSS, "proportional memory (PSS)", "500MiB"),
    "swap": _plain(_M.SWAP, "memory in swap", "100MiB"),
    "fds": _limited(_M.FDS, "open files", "1000"),
    "threads": _plain(_M.THREADS, "threads", "200"),
    "total cpu": _plain(_M.CPU_TOTAL, "cpu with all descendants", "150%"),
    "total memory": _limited(_M.MEMORY_TOTAL, "memory with all descendants", "1GiB"),
    "total fds": _plain(_M.FDS_TOTAL, "open files with all descendants", "5000"),
    "total threads": _plain(_M.THREADS_TOTAL, "threads with all descendants", "500"),
    "children": _plain(_M.CHILDREN, "descendants", "50"),
    "zombies": _plain(_M.ZOMBIES, "zombies", "5"),
    "uptime": _plain(_M.UPTIME, "uptime", "7d"),
    "reads": _plain(_M.READ_RATE, "reading from disk", "50MiB/s"),
    "writes": _plain(_M.WRITE_RATE, "writing to disk", "50MiB/s"),
    "restarts": Kind(metric=None, words="restarts", example="5", units=(Unit.COUNT,)),
}

_OF_HOST = {
    "cpu": _plain(_M.CPU, "cpu", "90%"),
    "load": _load(_M.LOAD, "load of 1 min"),
    "load5": _load(_M.LOAD5, "load of 5 min"),
    "load15": _load(_M.LOAD15, "load of 15 min"),
    "memory": _share(_M.MEMORY, "memory in use", "90%"),
    "free memory": _share(_M.MEMORY, "memory left", "500MiB", rest=True),
    "swap": _share(_M.SWAP, "swap in use", "50%"),
    "fds": _share(_M.FDS, "open files", "80%"),
    "disk": _share(_M.DISK, "space in use", "90%", place=True),
    "free disk": _share(_M.DISK, "space left", "5GiB", rest=True, place=True),
    "inodes": _share(_M.INODES, "inodes in use", "90%", place=True),
    "cpu pressure": _plain(_M.PSI_CPU_SOME, "cpu pressure", "50%"),
    "memory pressure": _plain(_M.PSI_MEMORY_SOME, "memory pressure", "20%"),
    "io pressure": _plain(_M.PSI_IO_SOME, "io pressure", "40%"),
    "full cpu pressure": _plain(_M.PSI_CPU_FULL, "full cpu pressure", "20%"),
    "full memory pressure": _plain(_M.PSI_MEMORY_FULL, "full memory pressure", "10%"),
    "full io pressure": _plain(_M.PSI_IO_FULL, "full io pressure", "20%"),
}

_BY_MEMORY = "ps -eo pid,rss,args --sort=-rss | head"
_BY_CPU = "ps -eo pid,pcpu,args --sort=-pcpu | head"
_WAITING = "ps -eo pid,stat,wchan:20,args | awk '$2 ~ /D/'"

_SEE = {
    "cpu": _BY_CPU,
    "cpu pressure": _BY_CPU,
    "full cpu pressure": _BY_CPU,
    "memory": _BY_MEMORY,
    "free memory": _BY_MEMORY,
    "swap": "free -h",
    "memory pressure": _BY_MEMORY,
    "full memory pressure": _BY_MEMORY,
    "fds": "sysctl fs.file-nr fs.file-max",
    "disk": "du -xh {} 2>/dev/null | sort -h | tail",
    "free disk": "du -xh {} 2>/dev/null | sort -h | tail",
    "inodes": "du -x --inodes {} 2>/dev/null | sort -n | tail",
    "io pressure": _WAITING,
    "full io pressure": _WAITING,
}


def see(name: str, place: str) -> str:
    """Return the command that shows what is behind a measure of the host."""
    return _SEE.get(name, _BY_CPU).format(shlex.quote(place))


KINDS: dict[Scope, dict[str, Kind]] = {
    Scope.SERVICE: _OF_SERVICE,
    Scope.HOST: _OF_HOST,
}
"""All there are."""
