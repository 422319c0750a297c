"""The tables for people, and the document for programs."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.outcome import Outcome, Plan

OURS = "selfhealingd"

MEASURES = {
    "restart_p50_ms": "restart p50",
    "restart_p95_ms": "restart p95",
    "start_s": "all up",
    "pss_mib": "memory",
    "idle_cpu_percent": "idle CPU",
    "status_ms": "status",
}
OUTPUT = {"output_mb_per_s": "output", "output_cpu_s_per_gib": "CPU per GiB"}
UNITS = {
    "restart_p50_ms": "ms",
    "restart_p95_ms": "ms",
    "start_s": "s",
    "pss_mib": "MiB",
    "idle_cpu_percent": "%",
    "status_ms": "ms",
    "output_mb_per_s": "MB/s",
    "output_cpu_s_per_gib": "s",
}
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured, and how busy that was with other things before."""

    cpus: int
    processor: str
    memory_gib: float
    kernel: str
    python: str
    load: float

    @classmethod
    def this(cls) -> "Machine":
        """Return what this machine is."""
        return cls(
            os.cpu_count() or 0,
            _processor(),
            os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30,
            platform.release(),
            platform.python_version(),
            os.getloadavg()[0],
        )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def tables(outcomes: Sequence[Outcome], plan: Plan) -> str:
    """Return all tables: figures, then what they are as multiples of ours."""
    parts = []
    for count in plan.programs:
        title = f"{count} programs"
        parts.append(_table(title, outcomes, MEASURES, count))
        parts.append(_ratios(title, outcomes, MEASURES, count))
    parts.append(_table("output of one program", outcomes, OUTPUT, 1))
    parts.append(_ratios("output of one program", outcomes, OUTPUT, 1))
    return "\n\n".join(part for part in parts if part)


def notes(outcomes: Iterable[Outcome], missing: dict[str, str]) -> str:
    """Return what could not be measured, and why, a line each."""
    lines = [f"{peer}: not measured: {why}" for peer, why in missing.items()]
    for outcome in outcomes:
        lines += [f"{outcome.peer}: {note}" for note in outcome.notes]
    return "\n".join(lines)


def write_json(
    path: Path,
    machine: Machine,
    plan: Plan,
    outcomes: Iterable[Outcome],
    missing: dict[str, str],
) -> None:
    """Write everything that was found, single values included."""
    document = {
        "machine": asdict(machine),
        "plan": asdict(plan),
        "peers": [asdict(outcome) for outcome in outcomes],
        "notMeasured": missing,
        "units": UNITS,
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def _table(
    title: str, outcomes: Sequence[Outcome], measures: dict[str, str], count: int
) -> str:
    rows = [[title, *measures.values()]]
    for outcome in outcomes:
        values = [(outcome.get(name, count), name) for name in measures]
        cells = [with_unit(value, name) for value, name in values]
        rows.append([f"{outcome.peer} {outcome.version}", *cells])
    return _aligned(rows)


def _ratios(
    title: str, outcomes: Sequence[Outcome], measures: dict[str, str], count: int
) -> str:
    """Return the table of theirs divided by ours, or nothing without ours."""
    ours = next((outcome for outcome in outcomes if outcome.peer == OURS), None)
    if ours is None or len(outcomes) == 1:
        return ""
    if all(ours.get(measure, count) is None for measure in measures):
        return ""
    rows = [[f"{title}, theirs / ours", *measures.values()]]
    for outcome in outcomes:
        if outcome is not ours:
            pairs = [(outcome.get(m, count), ours.get(m, count)) for m in measures]
            rows.append([outcome.peer, *(ratio(*pair) for pair in pairs)])
    return _aligned(rows)


def with_unit(value: float | None, name: str) -> str:
    """Return a figure as people read it."""
    return NOTHING if value is None else f"{_number(value)} {UNITS[name]}"


def ratio(theirs: float | None, ours: float | None) -> str:
    """Return a figure as a multiple of ours."""
    if theirs is None or not ours:
        return NOTHING
    return f"{_number(theirs / ours)} x"


def _number(value: float) -> str:
    """Three figures or so: more would be noise."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [
            cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)
        ]
        lines.append("  ".join([first.ljust(widths[0]), *cells]))
    return "\n".join(lines)
