"""The table: its columns by the width there is, and one service as one line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from selfhealctl.ink import Line, Paint, Piece, Style, cell, line
from selfhealctl.top import spark
from selfhealctl.top.model import Model
from selfhealctl.top.order import RUNNING, Sort, unwell
from selfhealctl.views import story
from selfhealctl.views.text import duration, size
from selfhealingd.wire.documents import ProgramDocument

_STATE, _SINCE, _PID, _CPU, _MEMORY = 8, 8, 7, 6, 8
_LEAST_NAME, _LEAST_NEXT = 6, 24
_MOST_SPARK, _LEAST_SPARK = 20, 5

_STYLES = {
    RUNNING: Style.GOOD,
    "STARTING": Style.BUSY,
    "STOPPING": Style.BUSY,
    "BACKOFF": Style.BUSY,
    "FATAL": Style.BAD,
    "STOPPED": Style.DIM,
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths; 0 is a column for which there is no room. ``rest``: all but the first."""

    name: int
    since: int
    pid: int
    cpu: int
    memory: int
    spark: int
    words: int

    @property
    def rest(self) -> int:
        """Columns right of state and since, for words about what is down."""
        sparks = 2 * (self.spark + 1) if self.spark else 0
        others = (self.pid, self.cpu, self.memory, self.words)
        return sum(width + 2 for width in others if width) + sparks - 2


def columns(model: Model) -> Columns:
    """Return which columns there are, and how wide."""
    longest = max((len(one.name) for one in model.services), default=_LEAST_NAME)
    name = max(_LEAST_NAME, min(longest, model.columns // 3))
    left = model.columns - name - 2 - _STATE
    given: dict[str, int] = {}
    for key, width in (
        ("cpu", _CPU),
        ("memory", _MEMORY),
        ("since", _SINCE),
        ("pid", _PID),
    ):
        # Beside a pid there has to be room for what tells more.
        spare = 2 * (_LEAST_SPARK + 1) if key == "pid" else 0
        if left >= width + 2 + spare:
            given[key] = width
            left -= width + 2
    bars = words = 0
    if "cpu" in given and "memory" in given and left >= 2 * (_LEAST_SPARK + 1):
        bars = min(_MOST_SPARK, left // 2 - 1)
        if left >= _LEAST_NEXT + 2 + 2 * (_LEAST_SPARK + 1):
            bars = max(_LEAST_SPARK, min(_MOST_SPARK, left // 5))
            words = left - 2 * (bars + 1) - 2
    if not bars:  # nothing else wants what is left
        name += max(0, min(longest - name, left))
    return Columns(
        name=name,
        since=given.get("since", 0),
        pid=given.get("pid", 0),
        cpu=given.get("cpu", 0),
        memory=given.get("memory", 0),
        spark=bars,
        words=words,
    )


def head(model: Model, widths: Columns, paint: Paint) -> Line:
    """Return the names of the columns; the one that sorts is marked."""
    parts = [cell("NAME", widths.name), cell("STATE", _STATE)]
    if widths.since:
        parts.append(cell("SINCE", widths.since, right=True))
    if widths.pid:
        parts.append(cell("PID", widths.pid, right=True))
    gap = " " * (widths.spark + 1) if widths.spark else ""
    if widths.cpu:
        parts.append(cell("CPU %", widths.cpu, right=True) + gap)
    if widths.memory:
        parts.append(cell("MEMORY", widths.memory, right=True) + gap)
    if widths.words:
        parts.append("NEXT")
    text = "  ".join(parts)
    mark = "▾" if paint.unicode else "*"
    word = Sort.CPU.value + " %" if model.sort is Sort.CPU else model.sort.value
    before, found, after = text.partition(word)
    if not found:
        return line(Piece(text, Style.BOLD))
    after = after.removeprefix(" ")
    marked = Piece(f"{word}{mark}", Style.ACCENT)
    return line(Piece(before, Style.BOLD), marked, Piece(after, Style.BOLD))


def row(model: Model, item: ProgramDocument, widths: Columns, paint: Paint) -> Line:
    """Return one service."""
    cursor = model.current is item
    style = _STYLES.get(item.state, Style.PLAIN)
    if item.state == RUNNING and unwell(item):
        style = Style.BUSY
    pieces = [
        Piece(
            cell(item.name, widths.name), Style.BOLD if unwell(item) else Style.PLAIN
        ),
        Piece("  "),
        Piece(cell(item.state, _STATE), style),
    ]
    if widths.since:
        age = cell(since(item, model.shown_at), widths.since, right=True)
        pieces += [Piece("  "), Piece(age, Style.DIM)]
    words = next_words(item)
    if item.pid is None and item.cpu is None:
        room = max(0, widths.rest)
        pieces += [Piece("  "), Piece(cell(words, room), Style.DIM)]
        return Line(tuple(pieces), cursor)
    pieces += _measured(model, item, widths, paint, words)
    return Line(tuple(pieces), cursor)


def _measured(
    model: Model, item: ProgramDocument, widths: Columns, paint: Paint, words: str
) -> Iterator[Piece]:
    course = model.courses.get(item.name)
    if widths.pid:
        yield Piece("  " + cell(str(item.pid or ""), widths.pid, right=True), Style.DIM)
    # Where there is no column for it, what comes next is worth more than bars.
    instead = bool(words) and not widths.words and bool(widths.spark)
    bars = 0 if instead else widths.spark
    if widths.cpu:
        text = "" if item.cpu is None else f"{item.cpu:.1f}"
        yield Piece("  " + cell(text, widths.cpu, right=True), _hot(item))
        if bars:
            values = () if course is None else course.cpu
            yield Piece(" " + _bars(spark.cpu(values, paint.bars), bars), Style.ACCENT)
    if widths.memory:
        text = "" if item.memory is None else size(item.memory)
        yield Piece("  " + cell(text, widths.memory, right=True))
        if bars:
            drawn = spark.memory(() if course is None else course.memory, paint.bars)
            yield Piece(" " + _bars(drawn, bars), Style.ACCENT)
    if widths.words:
        yield Piece("  " + cell(words, widths.words), Style.BUSY)
    elif instead:
        room = 2 * (widths.spark + 1) - 2
        yield Piece("  " + cell(words, room), Style.BUSY)


def _hot(item: ProgramDocument) -> Style:
    return Style.BUSY if (item.cpu or 0.0) >= 90 else Style.PLAIN  # noqa: PLR2004


def _bars(drawn: str, width: int) -> str:
    return drawn[-width:].rjust(width)


def since(item: ProgramDocument, now: float) -> str:
    """Return for how long it has been in its state."""
    try:
        began = datetime.fromisoformat(item.since).timestamp()
    except (ValueError, OverflowError, OSError):
        return ""
    return duration(now - began)


def next_words(item: ProgramDocument) -> str:
    """Return what is wrong with it and what comes next, in one piece."""
    parts = (*story.wrong(item), item.next, story.update(item))
    return "; ".join(part for part in parts if part)
