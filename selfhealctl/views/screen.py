"""The terminal: how wide it is, its colours, and tables that fit it."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from selfhealctl.views.text import clean

NARROW = 100
"""Columns: below this, details share one column."""

_WIDEST = 10_000
_INDENT = 2

GOOD, BUSY, BAD, QUIET = "green", "yellow", "bold red", "dim"

_STYLES = {
    "RUNNING": GOOD,
    "CLOSED": GOOD,
    "healthy": GOOD,
    "healed": GOOD,
    "waiting": GOOD,
    "running": GOOD,
    "STARTING": BUSY,
    "STOPPING": BUSY,
    "BACKOFF": BUSY,
    "HALF_OPEN": BUSY,
    "OPEN": BUSY,
    "warning": BUSY,
    "paused": BUSY,
    "FATAL": BAD,
    "PERMANENT_OPEN": BAD,
    "critical": BAD,
    "STOPPED": QUIET,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, and whether it may be broken over lines."""

    head: str
    wraps: bool = False
    right: bool = False


def screen(*, wide: bool = False) -> Console:
    """Return the console for stdout; it heeds NO_COLOR and the terminal's width.

    ``wide``: as wide as what is printed, for the terminal to break or a pager to move.
    """
    width = _WIDEST if wide else None
    return Console(
        file=sys.stdout, width=width, highlight=False, markup=False, emoji=False
    )


def state(word: str) -> Text:
    """Return a state in its colour."""
    return Text(clean(word), style=_STYLES.get(word, ""))


def line(console: Console, *parts: Text | str) -> None:
    """Print one line, which the terminal and not we may break."""
    console.print(Text.assemble(*map(cell, parts)), soft_wrap=True)


def prose(console: Console, *parts: Text | str, most: int | None = None) -> None:
    """Print words, on a terminal broken between them, what goes on indented.

    For what nobody pastes. ``most``: cut to so many lines.
    """
    text = Text.assemble(*map(cell, parts))
    if not console.is_terminal or console.width <= 2 * _INDENT:
        console.print(text, soft_wrap=True)
        return
    first, *_ = text.wrap(console, console.width)
    lines = [first]
    if rest := text[len(text.plain) - len(text.plain[len(first) :].lstrip()) :]:
        lines += rest.wrap(console, console.width - _INDENT)
    if most is not None and len(lines) > most:
        del lines[most:]
        lines[-1].truncate(console.width - _INDENT - 1)
        lines[-1].append("…")
    for number, one in enumerate(lines):
        one.rstrip()
        console.print(Text(" " * _INDENT if number else "") + one, soft_wrap=True)


def table(
    console: Console, columns: Sequence[Column], rows: Iterable[Sequence[Text | str]]
) -> None:
    """Print a plain table: a head, no frames, and no cell cut off."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        grid.add_column(
            column.head,
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            overflow="fold",
            ratio=None,
        )
    for row in rows:
        grid.add_row(*map(cell, row))
    console.print(grid)


def cell(part: Text | str) -> Text:
    """Return what is printed of it: nothing in it steers the terminal."""
    return part if isinstance(part, Text) else Text(clean(part))
