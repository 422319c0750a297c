"""What a process that runs shows: that it hangs, leaks, or has run out of something."""

import re
from collections.abc import Iterator
from itertools import pairwise

from selfhealingd.core.diagnosing.clue import Case, Clue, first
from selfhealingd.core.diagnosis import Fault, Line
from selfhealingd.core.rules.units import human
from selfhealingd.core.sample import UNITS, Metric
from selfhealingd.wire.evidence import SamplesDocument

IDLE_PERCENT = 2.0
BUSY_PERCENT = 90.0
FULL = 0.95
"""Of a limit."""

GROWN = 1.2
RISING = 0.8
"""Share of steps that lead up; what is merely busy goes up and down."""

LEAST_ROWS = 4
LEAST_CPU = 2
CROWD = 200
"""Processes of one program that are more than any would start on purpose."""

_SILENT = r"no answer|timed? ?out|no WATCHDOG|heartbeat|not answer"
_LOCKS = r"\b(?:acquire|futex|lock|__lll_lock_wait|pthread_mutex_lock|wait)\b"


def alive(case: Case) -> Iterator[Clue]:
    """Yield what it shows; of one that has ended, what was measured before."""
    yield from _descriptors(case)
    yield from _crowd(case)
    yield from _leak(case)
    if case.found.alive:
        yield from _hang(case)


def _hang(case: Case) -> Iterator[Clue]:
    state = first(case.of("process"), r"^State: ")
    what = case.lines[0]
    if state and re.match(r"State: T", state[0].words):
        words = "it is stopped, as by SIGSTOP; it goes on by SIGCONT"
        yield _clue(Fault.HANG, 0.93, words, what, *state)
        return
    if not re.search(_SILENT, what.words):
        return
    waits = first(case.of("process"), r"^wchan: ")
    cpu = _column(case.found.samples, "cpu")[-3:]
    row = case.of("samples")[-1:]
    if state and state[0].words.startswith("State: D"):
        kernel = first(case.of("kernel"), "blocked for more than")
        words = "it waits in the kernel for a disk or a file server, and can't be ended"
        yield _clue(Fault.HANG, 0.85, words, what, *state, *waits, *kernel)
    elif len(cpu) >= LEAST_CPU and min(cpu) >= BUSY_PERCENT:
        words = "it computes without end and answers nothing"
        yield _clue(Fault.HANG, 0.75, words, what, *state, *row)
    elif waits and "futex" in waits[0].words and max(cpu, default=0) < IDLE_PERCENT:
        locks = first(case.of("python stack"), _LOCKS)
        words = "it waits for a lock, does nothing, and answers nothing: a deadlock"
        weight = 0.8 if locks else 0.72
        yield _clue(Fault.HANG, weight, words, what, *waits, *locks, *row)
    else:
        words = "it is there but does not answer; why, the evidence does not tell"
        yield _clue(Fault.HANG, 0.4, words, what, *state, *waits)


def _descriptors(case: Case) -> Iterator[Clue]:
    files = case.found.files
    if files is None or not files.limit or files.open < FULL * files.limit:
        return
    words = f"{files.open} of {files.limit} descriptors are open"
    if files.most:
        words += f", {files.most[0].count} of them {files.most[0].what}"
    yield _clue(Fault.DESCRIPTORS, 0.93, words, *case.of("files")[:2])


def _crowd(case: Case) -> Iterator[Clue]:
    what = case.lines[0]
    counts = _column(case.found.samples, "children")
    if max(counts, default=0.0) >= CROWD:
        words = f"it has {max(counts):.0f} processes"
        row = first(case.of("samples"), rf"\bchildren {max(counts):.0f}\b")
        yield _clue(Fault.FORK_BOMB, 0.7, words, what, *row)


def _leak(case: Case) -> Iterator[Clue]:
    what = case.lines[0]
    about = re.search(
        r"^(?:rule|prediction): .*\b(memory|swap|fds|threads)\b", what.words
    )
    if about is None:
        return
    metric = about[1]
    values = _column(case.found.samples, metric)
    fault = Fault.DESCRIPTORS if metric == "fds" else Fault.LEAK
    if not _rises(values):
        words = f"its {metric} is near a limit, whether it grows is not known"
        yield _clue(fault, 0.45, words, what)
        return
    rows = case.of("samples")
    grew = " to ".join(
        human(UNITS[Metric(metric)], one) for one in (values[0], values[-1])
    )
    words = f"its {metric} grew from {grew}, and still grows"
    yield _clue(fault, 0.8, words, what, rows[0], rows[-1])


def _rises(values: list[float]) -> bool:
    if len(values) < LEAST_ROWS or values[-1] < GROWN * values[0]:
        return False
    steps = [after > before for before, after in pairwise(values)]
    return sum(steps) >= RISING * len(steps)


def _column(samples: SamplesDocument | None, name: str) -> list[float]:
    """Return what was measured of the last run, oldest first."""
    if samples is None or name not in samples.columns or not samples.rows:
        return []
    place, run = samples.columns.index(name), samples.rows[-1][0]
    values = (row[place] for row in samples.rows if row[0] == run)
    return [value for value in values if value is not None]


def _clue(fault: Fault, weight: float, words: str, *lines: Line) -> Clue:
    return Clue(fault=fault, weight=weight, words=words, lines=lines)
