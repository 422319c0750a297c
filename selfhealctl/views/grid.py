"""Rows of short facts, each with its story on the lines below it.

A story in a column of its own is broken into words on a narrow terminal, and leaves no
room for the facts.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from selfhealctl.views.screen import Column, cell

_GAP = 2
_KEPT = 2
"""A name and its state stay together at any width."""

_NAME, _LEAST = 20, 8
"""Columns that a first cell is given, and that it keeps whatever else there is."""


class Row(NamedTuple):
    """One row: its cells, and what there is to tell of it."""

    cells: Sequence[Text | str]
    story: Sequence[Text | str] = ()


def grid(console: Console, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Print them; of what is too wide, the last cells become part of the story.

    A first cell that is still too wide is broken.
    """
    table = [([cell(one) for one in row.cells], [*row.story]) for row in rows]
    if not table:
        return
    heads = [Text(column.head, "bold") for column in columns]
    widths = [
        max(len(column.head), *(cells[at].cell_len for cells, _ in table))
        for at, column in enumerate(columns)
    ]
    while len(heads) > _KEPT and console.width < _needed(widths):
        head = heads.pop().plain.lower()
        widths.pop()
        for cells, story in table:
            if one := cells.pop():
                story.insert(0, Text(f"{head} ").append_text(one))
    rest = sum(width + _GAP for width in widths[1:])
    widths[0] = min(widths[0], max(_LEAST, console.width - rest))
    _print(console, columns, widths, heads)
    for cells, story in table:
        _print(console, columns, widths, cells)
        if story:
            words = Text("; ").join(map(cell, story))
            for line in words.wrap(console, max(_LEAST, console.width - _GAP)):
                line.rstrip()
                console.print(Text(" " * _GAP).append_text(line), soft_wrap=True)


def _needed(widths: Sequence[int]) -> int:
    """Return how many columns of the terminal they take, a long name broken."""
    return min(widths[0], _NAME) + sum(width + _GAP for width in widths[1:])


def _print(
    console: Console,
    columns: Sequence[Column],
    widths: Sequence[int],
    cells: Sequence[Text],
) -> None:
    first, *others = cells
    parts = first.wrap(console, widths[0], overflow="fold") or [Text()]
    for number, part in enumerate(parts):
        line = Text().append_text(part)
        if number == 0:
            line.align("left", widths[0])
            for at, one in enumerate(others, start=1):
                aligned = one.copy()
                aligned.align("right" if columns[at].right else "left", widths[at])
                line.append(" " * _GAP).append_text(aligned)
        line.rstrip()
        console.print(line, soft_wrap=True)
