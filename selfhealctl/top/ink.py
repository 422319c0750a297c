"""Pieces of styled text, and lines made of them that are never too wide."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

from rich.cells import cell_len, get_character_cell_size

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
    """Some text in one style."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces side by side. ``cursor``: the whole width of it is marked."""

    pieces: tuple[Piece, ...] = ()
    cursor: bool = False

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return sum(cell_len(piece.text) for piece in self.pieces)

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
        if sum(cell_len(one.text) for one in shown) > width:
            shown = list(_cut(shown, width, "…" if self.unicode else "~"))
        return Line(tuple(shown), line.cursor)

    def plain(self, text: str) -> str:
        """Return text that steers no terminal, in characters that this one has."""
        text = clean(text)
        return text if self.unicode else text.encode("ascii", "replace").decode()

    def draw(self, line: Line, width: int) -> str:
        """Return what to write so that it looks so."""
        fitted = self.fit(line, width)
        drawn = "".join(
            self._sgr(piece, cursor=line.cursor) for piece in _joined(fitted.pieces)
        )
        if not line.cursor:
            return drawn
        rest = Piece(" " * (width - fitted.width))
        return drawn + self._sgr(rest, cursor=True)

    def _sgr(self, piece: Piece, *, cursor: bool) -> str:
        coloured, bare = piece.style.value
        codes = coloured if self.colours else bare
        if cursor:
            codes = f"{codes};7" if codes and not codes.endswith("7") else "7"
        return (
            f"\x1b[{codes}m{piece.text}\x1b[0m" if codes and piece.text else piece.text
        )


def line(*parts: Piece | str, cursor: bool = False) -> Line:
    """Return a line of pieces; a plain string is a piece without style."""
    pieces = (Piece(part) if isinstance(part, str) else part for part in parts)
    return Line(tuple(pieces), cursor)


def cell(text: str, width: int, *, right: bool = False) -> str:
    """Return text in exactly ``width`` columns, cut or filled up with blanks."""
    text = clean(text)
    if cell_len(text) > width:
        [piece] = list(_cut([Piece(text)], width, "…")) or [Piece("")]
        text = piece.text
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def beside(left: Line, right: Line, width: int) -> Line:
    """Return one at each edge; where both don't fit, the left one alone."""
    gap = width - left.width - right.width
    if gap < 1:
        return left
    return Line((*left.pieces, Piece(" " * gap), *right.pieces))


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield text in parts of at most ``width`` columns, broken at blanks if any."""
    text = clean(text).rstrip()
    width = max(1, width)
    while cell_len(text) > width:
        end = max(1, _fitting(text, width))
        at = text.rfind(" ", 1, end + 1)
        at = at if text[:at].strip() and at > 0 else end
        yield text[:at].rstrip()
        text = text[at:].lstrip()
    yield text


def _cut(pieces: Iterable[Piece], width: int, end: str) -> Iterator[Piece]:
    """Yield what fits into ``width``, which ends so."""
    left = width - 1
    for piece in pieces:
        if cell_len(piece.text) <= left:
            left -= cell_len(piece.text)
            yield piece
            continue
        if width > 0:
            yield Piece(piece.text[: _fitting(piece.text, left)] + end, piece.style)
        return


def _fitting(text: str, width: int) -> int:
    """Return how many characters fit."""
    used = 0
    for number, char in enumerate(text):
        used += get_character_cell_size(char)
        if used > width:
            return number
    return len(text)


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    for style, same in groupby(pieces, key=lambda piece: piece.style):
        yield Piece("".join(piece.text for piece in same), style)
