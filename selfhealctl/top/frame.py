"""The whole screen: as many lines as it has, none wider than it is."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from selfhealctl.ink import (
    EMPTY,
    Line,
    Paint,
    Piece,
    Style,
    beside,
    line,
    wrapped,
)
from selfhealctl.top import rows, spark
from selfhealctl.top.model import (
    Confirming,
    Filtering,
    Lost,
    Model,
    Reading,
    Reasoning,
)
from selfhealctl.top.order import RUNNING
from selfhealctl.views.text import duration, size
from selfhealingd.wire.documents import IncidentDocument, Status

_KEYS = (
    ("?", "help"),
    ("q", "quit"),
    ("/", "filter"),
    ("e", "explain"),
    ("r", "restart"),
    ("t", "stop"),
    ("S", "start"),
    ("l", "log"),
    ("i", "incident"),
    ("s", "sort"),
    ("p", "pause"),
)
_WORDS = {"healthy": Style.GOOD, "warning": Style.BUSY}
HOST_BARS = 15
_TALL, _LOW = 20, 14
"""Rows: from the first on there is room for more of each; below the other for less."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is above and below the rows of services, and how many of these fit."""

    above: tuple[Line, ...]
    below: tuple[Line, ...]
    height: int


def height(model: Model, paint: Paint) -> int:
    """Return how many rows of services, or lines of a text, are on the screen."""
    if isinstance(model.mode, Reading):
        return max(1, model.rows - 2)
    return max(1, parts(model, paint).height)


def frame(model: Model, paint: Paint) -> list[Line]:
    """Return the lines of the screen, from its top."""
    if isinstance(model.mode, Reading):
        found = _reading(model, model.mode)
    else:
        around = parts(model, paint)
        body = list(_body(model, paint, around.height))
        gap = [EMPTY] * (around.height - len(body))
        found = [*around.above, *body, *gap, *around.below]
    # What doesn't fit is of the middle: the last line is what was asked.
    if len(found) > model.rows:
        found = [*found[: model.rows - 1], found[-1]][: model.rows]
    return found + [EMPTY] * (model.rows - len(found))


def parts(model: Model, paint: Paint) -> Parts:
    """Return what is around the table."""
    above = [*_head(model, paint)]
    most = max(1, model.rows // 3)
    above = above[:most]
    if model.rows >= _LOW and above:
        above.append(EMPTY)
    above.append(rows.head(model, rows.columns(model), paint))
    below = [*_incidents(model), *_detail(model), _foot(model)]
    left = model.rows - len(above) - len(below)
    if left < 1:
        below = below[-1:]
    return Parts(
        tuple(above), tuple(below), max(0, model.rows - len(above) - len(below))
    )


def _head(model: Model, paint: Paint) -> Iterator[Line]:
    status = model.status
    if status is None:
        yield from _lost(model)
        if not isinstance(model.link, Lost):
            yield line("asking the daemon …")
        return
    yield beside(_truth(model, status), _clock(model), model.columns)
    yield from _lost(model)
    if status.self_healing.is_dormant:
        why = status.self_healing.dormant_reason or ""
        yield line(Piece(f"DORMANT: {why}; R: resume", Style.ALARM))
    elif not status.self_healing.enabled:
        yield line(Piece("healing is switched off: see selfhealctl flags", Style.BUSY))
    if model.rows >= _LOW:
        yield _host(model, paint)
    yield from _issues(model, status)


def _truth(model: Model, status: Status) -> Line:
    word = Piece(status.status.upper(), _WORDS.get(status.status, Style.BAD))
    every = model.every
    running = sum(one.state == RUNNING for one in every)
    counted = [f"{running} of {len(every)} running"]
    for number, name in (
        (len(model.incidents), "incident"),
        (len(status.issues), "issue"),
    ):
        if number:
            counted.append(f"{number} {name}{'s' if number > 1 else ''}")
    return line(word, "  ", ", ".join(counted))


def _clock(model: Model) -> Line:
    told = time.strftime("%H:%M:%S", time.localtime(model.shown_at))
    if model.paused:
        return line(Piece(f"paused at {told}", Style.BUSY))
    return line(Piece(told, Style.DIM))


def _lost(model: Model) -> Iterator[Line]:
    if isinstance(model.link, Lost):
        ago = duration(model.now - model.link.since)
        words = f"NO DAEMON for {ago}; trying again: {model.link.words}"
        yield line(Piece(words, Style.ALARM))


def _host(model: Model, paint: Paint) -> Line:
    pieces = [Piece(model.machine, Style.BOLD)]
    host = model.host
    if host is not None:
        load, used = _last(host.load), _last(host.memory)
        if load is not None:
            bars = spark.cpu(
                [None if v is None else 100 * v / host.cores for v in host.load],
                paint.bars,
            )
            pieces += [
                Piece(f"  load {load:.2f} on {host.cores} "),
                Piece(bars[-HOST_BARS:].strip(), Style.ACCENT),
            ]
        if used is not None:
            total = f" of {size(host.memory_total)}" if host.memory_total else ""
            bars = spark.memory(host.memory, paint.bars)
            pieces += [
                Piece(f"  memory {size(used)}{total} "),
                Piece(bars[-HOST_BARS:].strip(), Style.ACCENT),
            ]
        elif not model.measured:
            pieces.append(Piece("  measuring is switched off", Style.DIM))
    status = model.status
    if status is not None:
        up = f"selfhealingd {status.version}, up {duration(status.uptime)}"
        return beside(Line(tuple(pieces)), line(Piece(up, Style.DIM)), model.columns)
    return Line(tuple(pieces))


def _last(values: tuple[float | None, ...]) -> float | None:
    known = [value for value in values if value is not None]
    return known[-1] if known else None


def _issues(model: Model, status: Status) -> Iterator[Line]:
    most = 2 if model.rows >= _TALL else 1
    paired = len(status.issues) == len(status.recommendations)
    for number, issue in enumerate(status.issues[:most]):
        bad = issue.startswith("CRITICAL")
        yield line(Piece(issue, Style.BAD if bad else Style.BUSY))
        if paired and model.rows >= _LOW:
            yield line(Piece(f"  do: {status.recommendations[number]}"))
    left = len(status.issues) - most
    if left > 0 and model.rows >= _TALL:
        yield line(Piece(f"  and {left} more: selfhealctl status", Style.DIM))


def _body(model: Model, paint: Paint, room: int) -> Iterator[Line]:
    widths = rows.columns(model)
    for item in model.services[model.top : model.top + room]:
        yield rows.row(model, item, widths, paint)
    if model.status is not None and not model.services and room:
        words = f"nothing has {model.words!r} in it" if model.words else "no services"
        yield line(Piece(words, Style.DIM))


def _incidents(model: Model) -> Iterator[Line]:
    found = model.incidents
    if not found or model.rows < _LOW:
        return
    most = max(1, model.rows // 6)
    nexts = {one.name: one.next for one in model.every}
    yield line(Piece("INCIDENTS", Style.BOLD))
    for one in found[:most]:
        yield _incident(one, nexts.get(one.service))
    if len(found) > most:
        left = len(found) - most
        yield line(Piece(f"and {left} more: selfhealctl incidents --open", Style.DIM))


def _incident(one: IncidentDocument, coming: str | None) -> Line:
    tried = ""
    if one.attempts:
        latest = one.attempts[-1]
        tried = f"; {latest.remedy}: {latest.result or 'under way'}"
        if len(one.attempts) > 1:
            tried += f" (try {len(one.attempts)})"
    then = f"; next: {coming}" if coming else ""
    return line(
        Piece(one.id, Style.BUSY), f"  {one.cause}: {one.detail}{tried}", Piece(then)
    )


def _detail(model: Model) -> Iterator[Line]:
    """Yield all about the selected one that its row may have no room for."""
    item = model.current
    if item is None or model.rows < _LOW:
        return
    parts = [item.state, rows.since(item, model.shown_at)]
    if item.pid is not None:
        parts.append(f"pid {item.pid}")
    if item.group:
        parts.append(f"group {item.group}")
    if item.runs > 1:
        parts.append(f"run {item.runs}")
    if item.breaker != "CLOSED":
        parts.append(f"breaker {item.breaker}")
    words = rows.next_words(item) or item.status_text or ""
    if words:
        parts.append(words)
    text = ", ".join(part for part in parts[:-1] if part)
    last = parts[-1]
    yield line(Piece(item.name, Style.BOLD), f"  {text}", "; " if words else ", ", last)


def _foot(model: Model) -> Line:
    match model.mode:
        case Confirming(question, _):
            return line(
                Piece(f" {question} ", Style.ALARM), "  y: yes, any other key: no"
            )
        case Reasoning(question, _, words):
            return line(Piece(f"{question}: ", Style.BOLD), f"{words}_")
        case Filtering():
            return line(
                Piece("/", Style.BOLD),
                f"{model.words}_",
                Piece("  Enter keeps it, Esc leaves it", Style.DIM),
            )
    if model.note is not None:
        style = Style.PLAIN if model.note.ok else Style.BAD
        return line(Piece(model.note.words, style))
    return _keys(model)


def _keys(model: Model) -> Line:
    pieces: list[Piece] = []
    left = model.columns
    if model.words:
        shown = f"filter {model.words!r}, Esc ends it"
        pieces += [Piece(shown, Style.BUSY), Piece("  ")]
        left -= len(shown) + 2
    for key, word in _KEYS:
        left -= len(key) + len(word) + 3
        if left < 0:
            break
        pieces += [Piece(key, Style.BOLD), Piece(f" {word}  ", Style.DIM)]
    return Line(tuple(pieces))


def _reading(model: Model, reading: Reading) -> list[Line]:
    room = max(0, model.rows - 2)
    shown = reading.text[reading.top : reading.top + room]
    body = [line(text) for text in shown]
    body += [EMPTY] * (room - len(body))
    end = min(reading.top + room, len(reading.text))
    place = (
        f"{reading.top + 1}-{end} of {len(reading.text)}; "
        if room < len(reading.text)
        else ""
    )
    foot = line(Piece(f"{place}Esc or q: back", Style.DIM))
    return [line(Piece(reading.title, Style.BAR)), *body, foot]


def reading(title: str, text: str, width: int) -> Reading:
    """Return a text to be read, in lines of this width."""
    lines = [part for one in text.splitlines() for part in wrapped(line(one), width)]
    return Reading(title, tuple(map(str, lines)))
