"""Pieces of styled text, and lines made of them, which fit where they are put.

Nothing in them steers the terminal. Rich could do as much, but takes a fifth of the
time of a short command to load.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

from selfhealctl.views.text import clean


class Style(Enum):
    """How a piece looks: its SGR parameters, and those without colour."""

    PLAIN = ("", "")
    BOLD = ("1", "1")
    DIM = ("2", "2")
    GOOD = ("32", "")
    BUSY = ("33", "")
    BAD = ("1;31", "1")
    ACCENT = ("36", "")
    ALARM = ("1;97;41", "1;7")
    BAR = ("7", "7")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text in one style, clean."""

    text: str
    style: Style = Style.PLAIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces side by side. ``cursor``: the whole width of it is marked."""

    pieces: tuple[Piece, ...] = ()
    cursor: bool = False

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return sum(columns(piece.text) for piece in self.pieces)

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return any(piece.text for piece in self.pieces)

    def part(self, start: int, end: int) -> "Line":
        """Return its characters from ``start`` to before ``end``."""
        pieces, at = [], 0
        for piece in self.pieces:
            text = piece.text[max(0, start - at) : max(0, end - at)]
            if text:
                pieces.append(Piece(text, piece.style))
            at += len(piece.text)
        return Line(tuple(pieces), self.cursor)

    def aligned(self, width: int, *, right: bool = False) -> "Line":
        """Return it filled up with blanks, if it is not as wide as that."""
        blanks = Piece(" " * max(0, width - self.width))
        pieces = (blanks, *self.pieces) if right else (*self.pieces, blanks)
        return Line(pieces, self.cursor)

    def __str__(self) -> str:
        return "".join(piece.text for piece in self.pieces)


EMPTY = Line()


@dataclass(frozen=True, slots=True)
class Paint:
    """What this terminal can show."""

    colours: bool = True
    unicode: bool = True
    bars: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bars", "▁▂▃▄▅▆▇█" if self.unicode else "_.-:=+*#")

    def fit(self, line: Line, width: int) -> Line:
        """Return the line in this terminal's characters, cut to ``width`` columns."""
        shown = [Piece(self.plain(one.text), one.style) for one in line.pieces]
        return cut(Line(tuple(shown), line.cursor), width, self.plain("…"))

    def plain(self, text: str) -> str:
        """Return text in characters that this terminal has."""
        if self.unicode:
            return text
        return text.replace("…", "~").encode("ascii", "replace").decode()

    def draw(self, line: Line, width: int) -> str:
        """Return what to write so that it looks so, and fits."""
        fitted = self.fit(line, width)
        if line.cursor:
            fitted = fitted.aligned(width)
        return self.written(fitted)

    def written(self, line: Line) -> str:
        """Return what to write so that it looks so, however wide it is."""
        return "".join(
            self._sgr(piece, cursor=line.cursor) for piece in _joined(line.pieces)
        )

    def _sgr(self, piece: Piece, *, cursor: bool) -> str:
        coloured, bare = piece.style.value
        codes = coloured if self.colours else bare
        if cursor:
            codes = f"{codes};7" if codes and not codes.endswith("7") else "7"
        return (
            f"\x1b[{codes}m{piece.text}\x1b[0m" if codes and piece.text else piece.text
        )


def line(*parts: Line | Piece | str, cursor: bool = False) -> Line:
    """Return a line of all these; a plain string is a piece without style."""
    pieces: list[Piece] = []
    for part in parts:
        match part:
            case Line():
                pieces += part.pieces
            case Piece():
                pieces.append(part)
            case _:
                pieces.append(Piece(part))
    return Line(tuple(pieces), cursor)


def cell(text: str, width: int, *, right: bool = False) -> str:
    """Return text in exactly ``width`` columns, cut or filled up with blanks."""
    return str(cut(line(text), width).aligned(width, right=right))


def cut(line: Line, width: int, end: str = "…") -> Line:
    """Return what fits into ``width`` columns, which ends so where some is left out."""
    if line.width <= width:
        return line
    if width <= 0:
        return EMPTY
    left, kept = width - 1, []
    for piece in line.pieces:
        fits = _fitting(piece.text, left)
        if fits < len(piece.text):
            kept.append(Piece(piece.text[:fits] + end, piece.style))
            break
        left -= columns(piece.text)
        kept.append(piece)
    return Line(tuple(kept), line.cursor)


def beside(left: Line, right: Line, width: int) -> Line:
    """Return one at each edge; where both don't fit, the left one alone."""
    gap = width - left.width - right.width
    if gap < 1:
        return left
    return line(left, " " * gap, right)


def wrapped(text: Line, width: int, further: int | None = None) -> Iterator[Line]:
    """Yield it in parts of at most ``width`` columns, broken at blanks if any.

    ``further``: the width of those after the first.
    """
    plain = str(text)
    start, end = 0, len(plain.rstrip())
    while columns(plain[start:end]) > max(1, width):
        stop = start + max(1, _fitting(plain[start:end], max(1, width)))
        blank = plain.rfind(" ", start + 1, stop + 1)
        if blank > start and plain[start:blank].strip():
            stop = blank
        yield text.part(start, start + len(plain[start:stop].rstrip()))
        start = end - len(plain[stop:end].lstrip())
        width = width if further is None else further
    yield text.part(start, end)


def columns(text: str) -> int:
    """Return how many columns it takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  for what is wide alone

    return cell_len(text)


def _fitting(text: str, width: int) -> int:
    """Return how many characters fit."""
    if text.isascii():
        return min(len(text), max(0, width))
    from rich.cells import get_character_cell_size  # noqa: PLC0415

    used = 0
    for number, char in enumerate(text):
        used += get_character_cell_size(char)
        if used > width:
            return number
    return len(text)


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    for style, same in groupby(pieces, key=lambda piece: piece.style):
        yield Piece("".join(piece.text for piece in same), style)
