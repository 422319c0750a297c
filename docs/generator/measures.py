"""What rules can measure, as docs/rules.md has it."""

from collections.abc import Iterator

from generator.markdown import heads, row
from selfhealingd.core.rules.measures import KINDS, Scope

MEASURED = {
    Scope.SERVICE: {
        "cpu": "Of one core, by its process alone: two busy threads are 200%. `of"
        " limit`: of the cores that it may use.",
        "memory": "Resident memory of its process (RSS). `of limit`: of the least of"
        " its rlimit `as`, `memory.max` of its cgroups, and the machine's.",
        "pss": "Its resident memory with shared pages divided among those that share"
        " them. Dear to read.",
        "swap": "What of its process is swapped out.",
        "fds": "Open file descriptors of its process. `of limit`: of its rlimit"
        " `nofile`.",
        "threads": "Threads of its process.",
        "total cpu": "`cpu`, with all of its descendants.",
        "total memory": "`memory`, with all of its descendants.",
        "total fds": "`fds`, with all of its descendants.",
        "total threads": "`threads`, with all of its descendants.",
        "children": "All of its descendants.",
        "zombies": "Those of them that ended and were never waited for.",
        "uptime": "Since its process began.",
        "reads": "What it makes disks read.",
        "writes": "What it makes disks write.",
        "restarts": "How often it was started anew, for whatever reason, failed starts"
        " among them; counted by this daemon, always with `in` and a span.",
    },
    Scope.HOST: {
        "cpu": "Of all cores.",
        "load": "Load average of 1 minute.",
        "load5": "Of 5 minutes.",
        "load15": "Of 15 minutes.",
        "memory": "What new programs can't have: total less available.",
        "free memory": "What new programs can have.",
        "swap": "Swap in use.",
        "fds": "Open files of all processes, of `fs.file-max`.",
        "disk": "Space in use on the file system of a path, as `df` counts it.",
        "free disk": "Space left on it for those who aren't root.",
        "inodes": "Inodes in use on it.",
        "cpu pressure": "The share of the last 10 s in which some task waited for cpu:"
        " `/proc/pressure`. Unknown where the kernel has no PSI.",
        "memory pressure": "Likewise for memory.",
        "io pressure": "Likewise for disks.",
        "full cpu pressure": "The share in which all tasks waited for it.",
        "full memory pressure": "Likewise for memory.",
        "full io pressure": "Likewise for disks.",
    },
}
"""What each measure is; a test compares these with the code."""


def measures(scope: Scope) -> Iterator[str]:
    """Give a table of what can be measured there."""
    yield from heads("Measure", "What it is", "Example")
    for name, kind in KINDS[scope].items():
        place = " /path" if kind.place else ""
        example = f"`{name}{place} > {kind.example}`"
        if kind.rest:
            example = example.replace(">", "<")
        if kind.limit:
            example += f", `{name} > 80% of limit`"
        if kind.per_core:
            example += f", `{name} > 2 per core`"
        if kind.metric is None:
            example = f"`{name} > {kind.example} in 10min`"
        yield row(f"`{name}{place}`", MEASURED[scope][name], example)
