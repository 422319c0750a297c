"""What of an incident's evidence says most, and how much of it is kept."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import PurePath

import msgspec

from selfhealingd.core.exits import Exit
from selfhealingd.core.sample import Metric, Sample
from selfhealingd.core.spans import span
from selfhealingd.wire.evidence import (
    EvidenceDocument,
    EvidenceSummary,
    SaidDocument,
    SamplesDocument,
)

MAX_BYTES = 64 * 1024
"""A bundle's: what a person reads, and a few hundred of which no disk notices."""

MAX_SAMPLES = 60
MAX_LINES = 200
MAX_LINE = 500
"""Characters: a line longer than that is data."""

MAX_TELLING = 10
RECENT_SECS = 24 * 3600.0
"""A file that was changed longer ago than that is hardly to blame."""

_DEADLY = (
    r"panic|fatal|out of memory|cannot allocate|no space left|segfault|core dumped"
    r"|assert\w* fail|terminate called|too many open files|deadlock"
)
_BAD = (
    r"error|exception|critical|refused|denied|cannot|can't|could not|unable|failed"
    r"|failure|abort|no such|not found|already in use|timed? ?out|traceback|invalid"
    r"|killed"
)
_DOUBTFUL = r"warn|retry|giving up|unreachable|lost|broken"
_RAISED = r"^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Interrupt)\b"
"""The last line of a traceback: an exception's name at the very beginning."""

_NUMBER = r"0x[0-9a-fA-F]+|\d+"
_DUMPING = {3, 4, 5, 6, 7, 8, 11, 24, 25, 31}  # signal(7): those with action Core

_COUNTED = (
    ("output", "line", "lines", "of output"),
    ("kernel", "line", "lines", "of the kernel's log"),
    ("samples", "sample", "samples", ""),
    ("tree", "process", "processes", ""),
    ("kernel_stack", "frame", "frames", "of the kernel's stack"),
    ("python_stack", "line", "lines", "of Python's stack"),
)


def lines_of(data: bytes) -> tuple[str, ...]:
    """Split a log's end into its last lines, each printable and not too long."""
    lines = data.decode("utf-8", "replace").rstrip().split("\n")[-MAX_LINES:]
    return tuple(plain(line.rstrip()) for line in lines) if lines != [""] else ()


def ask_journal(match: str, until: float) -> tuple[str, ...]:
    """Return the command for the last lines in systemd's journal.

    ``match``: whose, as journalctl takes it. ``until``: wall time.
    """
    plain = ("--quiet", "--no-pager", "--output=cat", f"--lines={MAX_LINES}")
    return ("journalctl", *plain, f"--until=@{until:.3f}", match)


def plain(line: str) -> str:
    """Return a line without what steers a terminal, cut where it is too long."""
    kept = line if line.isprintable() else "".join(map(_shown, line))
    if len(kept) > MAX_LINE:
        return f"{kept[:MAX_LINE]}… ({len(kept) - MAX_LINE} more)"
    return kept


def _shown(char: str) -> str:
    return char if char.isprintable() else " " if char == "\t" else "?"


def telling(lines: Iterable[str], most: int = MAX_TELLING) -> tuple[str, ...]:
    """Choose the lines that say most, in their order.

    Those that name a failure come before those that come last; of lines that differ
    in numbers alone, the last one stands for all. The very last line always stays.
    """
    known: dict[str, tuple[int, str]] = {}
    for place, line in enumerate(lines):
        if line.strip():
            key = re.sub(_NUMBER, "0", line)
            known.pop(key, None)
            known[key] = (place, line)
    if not known or most < 1:
        return ()
    *others, last = known.values()
    others.sort(key=lambda one: (_score(one[1]), one[0]), reverse=True)
    chosen = [*others[: most - 1], last]
    return tuple(line for _, line in sorted(chosen))


def _score(line: str) -> int:
    return next((score for score, pattern in _scores() if pattern.search(line)), 0)


@cache
def _scores() -> tuple[tuple[int, re.Pattern[str]], ...]:
    """Made when it is needed: a daemon that nothing happens to starts without."""
    return (
        (4, re.compile(_RAISED)),
        (4, re.compile(_DEADLY, re.IGNORECASE)),
        (3, re.compile(_BAD, re.IGNORECASE)),
        (1, re.compile(_DOUBTFUL, re.IGNORECASE)),
    )


def core_hint(
    end: Exit, *, pattern: str, limit: int | None, pid: int, directory: str | None
) -> str | None:
    """Say where the core dump of a run is, or why there is none; see core(5).

    ``pattern``: the kernel's ``core_pattern``. ``limit``: the soft limit of cores in
    bytes, -1 for none. None: its end is not one that dumps a core.
    """
    if end.signal not in _DUMPING:
        return None
    if pattern.startswith("|"):
        return _handled(pattern, pid)
    if end.dumped:
        name = pattern.replace("%p", str(pid)).replace("%P", str(pid))
        if "%" not in pattern:
            name += f" or {name}.{pid}"
        where = PurePath(directory or "its directory", name)
        return f"core dump: {where}"
    if limit == 0:
        return (
            "no core dump: its limit is 0; for one the next time:"
            ' rlimits = { core = "unlimited" }'
        )
    return f"no core dump, though its limit allows one: core_pattern is {pattern}"


def _handled(pattern: str, pid: int) -> str:
    handler = PurePath(pattern[1:].split(" ", 1)[0]).name
    match handler:
        case "systemd-coredump":
            return f"core dump, if it was kept: coredumpctl info {pid}"
        case "apport":
            return (
                "core dump, if it was kept: ls -l /var/crash /var/lib/apport/coredump"
            )
        case _:
            return f"its core dump went to {pattern[1:]}"


def changes(
    files: Mapping[str, float], *, lasted: float, settings: float | None
) -> tuple[str, ...]:
    """Say what of a service changed not long before it went wrong, latest first.

    All in seconds before that: ``files`` when each was changed, ``lasted`` when its
    run began, ``settings`` when it was first run with those it has.
    """
    found = [
        (ago, f"{path} was changed {span(ago)} before, {_when(ago, lasted)}")
        for path, ago in files.items()
        if 0 <= ago <= max(RECENT_SECS, lasted)
    ]
    if settings is not None and settings <= RECENT_SECS:
        words = f"it was first started with its settings of now {span(settings)} before"
        found.append((settings, words))
    return tuple(words for _, words in sorted(found))


def _when(ago: float, lasted: float) -> str:
    return "while it ran" if ago < lasted else "before it was started"


def sampled(
    samples: Sequence[Sample], now: float, *, most: int = MAX_SAMPLES
) -> SamplesDocument | None:
    """Return the last samples as a table, a metric a column; None if there are none.

    Its first two columns are the run, and how many seconds ago it was.
    """
    last = samples[max(0, len(samples) - most) :]
    metrics = list(dict.fromkeys(metric for one in last for metric in one.values))
    if not metrics:
        return None
    return SamplesDocument(
        columns=("run", "ago", *(metric.value for metric in metrics)),
        rows=tuple(
            (one.run, round(now - one.at, 1), *(_short(one, m) for m in metrics))
            for one in last
        ),
    )


def _short(sample: Sample, metric: Metric) -> float | None:
    value = sample.values.get(metric)
    return None if value is None else round(value, 2)


def summary(found: EvidenceDocument) -> EvidenceSummary:
    """Tell what there is, without any of it that is for operators alone."""
    kept = []
    for field, one, many, of in _COUNTED:
        number = _number(getattr(found, field))
        if number:
            unit = one if number == 1 else many
            kept.append(f"{number} {unit} {of}".rstrip())
    if found.files is not None:
        kept.append(f"{found.files.open} open files")
    return EvidenceSummary(
        taken=found.taken,
        alive=found.alive,
        end=found.end,
        oom=found.oom,
        kept=tuple(kept),
        missing=tuple(found.missing),
    )


def _number(part: object) -> int:
    if isinstance(part, tuple):
        if part and isinstance(part[0], SaidDocument):
            return sum(len(one.lines) for one in part)
        return len(part)
    return len(getattr(part, "rows", ()))


def fit(found: EvidenceDocument, limit: int = MAX_BYTES) -> bytes:
    """Encode it in at most ``limit`` bytes, the largest part halved until it fits.

    Of what is in the order of time, the older half goes; of all else, the latter.
    """
    encoded = msgspec.json.encode(found)
    while len(encoded) > limit:
        smaller = _halved(found)
        if smaller is None:
            break
        found, encoded = smaller, msgspec.json.encode(smaller)
    return encoded


def _halved(found: EvidenceDocument) -> EvidenceDocument | None:
    sizes = {
        field: len(msgspec.json.encode(getattr(found, field)))
        for field in found.__struct_fields__
    }
    for field in sorted(sizes, key=sizes.__getitem__, reverse=True):
        part = getattr(found, field)
        smaller = _half(field, part)
        if smaller is not part:
            return msgspec.structs.replace(found, **{field: smaller})
    return None


def _half(field: str, part: object) -> object:
    match part:
        case tuple() if field == "output" and part:
            return _half_said(part)
        case tuple() if len(part) > 0:
            keep = len(part) // 2
            latest = field in {"kernel", "telling"}
            return part[len(part) - keep :] if latest else part[:keep]
        case dict() if part:
            return dict(list(part.items())[: len(part) // 2])
        case msgspec.Struct():
            inner = "rows" if hasattr(part, "rows") else "most"
            rows = getattr(part, inner)
            if not rows:
                return None
            half = len(rows) // 2
            rest = rows[len(rows) - half :] if inner == "rows" else rows[:half]
            return msgspec.structs.replace(part, **{inner: rest})
        case _:
            return part


def _half_said(part: tuple[SaidDocument, ...]) -> tuple[SaidDocument, ...]:
    longest = max(part, key=lambda one: len(msgspec.json.encode(one)))
    if not longest.lines:
        return ()
    kept = longest.lines[(len(longest.lines) + 1) // 2 :]
    less = msgspec.structs.replace(longest, lines=kept, cut=True)
    return tuple(less if one is longest else one for one in part)
