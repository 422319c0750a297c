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
_LEAST = 8
"""Columns that the first cell keeps, however little room there is."""


class Row(NamedTuple):
    """One row: its cells, and what there is to tell of it."""

    cells: Sequence[Text | str]
    story: Sequence[Text | str] = ()


def grid(console: Console, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Print them; of what is too wide, the first cell is broken first."""
    table = [([cell(one) for one in row.cells], row.story) for row in rows]
    if not table:
        return
    heads = [Text(column.head, "bold") for column in columns]
    lines = [heads, *(cells for cells, _ in table)]
    widths = [max(line[at].cell_len for line in lines) for at in range(len(columns))]
    rest = sum(width + _GAP for width in widths[1:])
    widths[0] = min(widths[0], max(_LEAST, console.width - rest))
    _print(console, columns, widths, heads)
    for cells, story in table:
        _print(console, columns, widths, cells)
        for one in story:
            for line in cell(one).wrap(console, max(_LEAST, console.width - _GAP)):
                console.print(Text(" " * _GAP).append_text(line), soft_wrap=True)


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
            for column, width, one in zip(columns[1:], widths[1:], others, strict=True):
                aligned = one.copy()
                aligned.align("right" if column.right else "left", width)
                line.append(" " * _GAP).append_text(aligned)
        line.rstrip()
        console.print(line, soft_wrap=True)
