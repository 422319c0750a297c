"""Where views are shown: how wide it is, its colours, and tables that fit it."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from selfhealctl.capture import size
from selfhealctl.ink import Line, Paint, Piece, Style, cut, line, wrapped
from selfhealctl.terminal import wants_colours, wants_styles

_WIDEST = 10_000
"""Columns: of what the terminal is to break, or nobody."""
_INDENT = 2

_STYLES = {
    "RUNNING": Style.GOOD,
    "CLOSED": Style.GOOD,
    "healthy": Style.GOOD,
    "healed": Style.GOOD,
    "waiting": Style.GOOD,
    "running": Style.GOOD,
    "STARTING": Style.BUSY,
    "STOPPING": Style.BUSY,
    "BACKOFF": Style.BUSY,
    "HALF_OPEN": Style.BUSY,
    "OPEN": Style.BUSY,
    "warning": Style.BUSY,
    "paused": Style.BUSY,
    "FATAL": Style.BAD,
    "PERMANENT_OPEN": Style.BAD,
    "critical": Style.BAD,
    "STOPPED": Style.DIM,
}
_LEVELS = {
    "debug": Style.DIM,
    "warning": Style.BUSY,
    "error": Style.BAD,
    "critical": Style.BAD,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, and whether it may be broken over lines."""

    head: str
    wraps: bool = False
    right: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """What is written on. ``coloured``: None where there is to be no style at all."""

    out: TextIO
    width: int
    coloured: bool | None

    def show(self, *parts: Line | Piece | str) -> None:
        """Print one line, which the terminal and not we may break."""
        self.write([line(*parts)])

    def tell(self, *parts: Line | Piece | str) -> None:
        """Print words that nobody pastes, broken between them."""
        self.write(prose(line(*parts), self.width))

    def write(self, lines: Iterable[Line]) -> None:
        """Print lines."""
        self.out.writelines(f"{self.drawn(one)}\n" for one in lines)

    def drawn(self, shown: Line) -> str:
        """Return what to write so that it looks so."""
        if self.coloured is None:
            return str(shown)
        return Paint(colours=self.coloured).written(shown)


def screen(*, wide: bool = False) -> Screen:
    """Return stdout as it is now; it heeds what is said of colours.

    Only a terminal, or who says COLUMNS, has a width. ``wide``: as wide as what is
    printed, for the terminal to break or a pager to move.
    """
    out, terminal = sys.stdout, sys.stdout.isatty()
    narrow = not wide and (terminal or "COLUMNS" in os.environ)
    coloured: bool | None = wants_colours(os.environ, terminal=terminal)
    if not coloured and not wants_styles(os.environ, terminal=terminal):
        coloured = None
    return Screen(out, size().columns if narrow else _WIDEST, coloured)


def state(word: str) -> Piece:
    """Return a state in its colour."""
    return Piece(word, _STYLES.get(word, Style.PLAIN))


def outcome(word: str | None) -> Piece:
    """Return how an incident ended, in its colour; None: it is open."""
    return Piece("open", Style.BUSY) if word is None else state(word)


def sentence(words: str, level: str) -> Piece:
    """Return what an event says, in the colour of its level."""
    return Piece(words, _LEVELS.get(level, Style.PLAIN))


def prose(shown: Line, width: int, *, most: int | None = None) -> list[Line]:
    """Return words broken between them, what goes on indented.

    ``most``: cut to so many lines.
    """
    if width <= 2 * _INDENT:
        return [shown]
    lines = list(wrapped(shown, width, width - _INDENT))
    if most is not None and len(lines) > most:
        del lines[most:]
        lines[-1] = cut(line(lines[-1], " …"), width - _INDENT)
    first, *others = lines
    return [first, *(line(" " * _INDENT, one) for one in others)]


def table(
    console: Screen, columns: Sequence[Column], rows: Iterable[Sequence[Piece | str]]
) -> None:
    """Print a plain table: a head, no frames, and no cell cut off."""
    from rich.console import Console  # noqa: PLC0415  slow, and few look so wide
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

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
        grid.add_row(*(Text.from_ansi(console.drawn(line(one))) for one in row))
    rich = Console(
        file=console.out,
        width=console.width,
        force_terminal=console.coloured is not None,
        no_color=not console.coloured,
        highlight=False,
    )
    rich.print(grid)
