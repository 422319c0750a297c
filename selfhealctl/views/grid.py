"""Rows of short facts, each with its story on the lines below it.

A story in a column of its own is broken into words on a narrow terminal, and leaves no
room for the facts.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from selfhealctl.ink import Line, Piece, Style, line, wrapped
from selfhealctl.views.screen import Column

_GAP = 2
_KEPT = 2
"""A name and its state stay together at any width."""

_NAME, _LEAST = 20, 8
"""Columns that a first cell is given, and that it keeps whatever else there is."""


class Row(NamedTuple):
    """One row: its cells, and what there is to tell of it."""

    cells: Sequence[Piece | str]
    story: Sequence[Piece | str] = ()


def grid(width: int, columns: Sequence[Column], rows: Iterable[Row]) -> list[Line]:
    """Lay them out; of what is too wide, the last cells become part of the story.

    A first cell that is still too wide is broken.
    """
    table = [
        ([line(one) for one in row.cells], [one for one in map(line, row.story) if one])
        for row in rows
    ]
    if not table:
        return []
    heads = [line(Piece(column.head, Style.BOLD)) for column in columns]
    widths = [
        max(head.width, *(cells[at].width for cells, _ in table))
        for at, head in enumerate(heads)
    ]
    while len(heads) > _KEPT and width < _needed(widths):
        head = str(heads.pop()).lower()
        widths.pop()
        for cells, story in table:
            if one := cells.pop():
                story.insert(0, line(f"{head} ", one))
    rest = sum(one + _GAP for one in widths[1:])
    widths[0] = min(widths[0], max(_LEAST, width - rest))
    lines = list(_row(columns, widths, heads))
    for cells, story in table:
        lines += _row(columns, widths, cells)
        if story:
            words = line(story[0], *(line("; ", part) for part in story[1:]))
            lines += (
                line(" " * _GAP, part)
                for part in wrapped(words, max(_LEAST, width - _GAP))
            )
    return lines


def _needed(widths: Sequence[int]) -> int:
    """Return how many columns of the terminal they take, a long name broken."""
    return min(widths[0], _NAME) + sum(width + _GAP for width in widths[1:])


def _row(
    columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Line]
) -> Iterator[Line]:
    name, *others = cells
    first, *more = wrapped(name, widths[0])
    row = first.aligned(widths[0])
    for at, one in enumerate(others, start=1):
        aligned = one.aligned(widths[at], right=columns[at].right)
        row = line(row, " " * _GAP, aligned)
    yield row.part(0, len(str(row).rstrip()))
    yield from more
