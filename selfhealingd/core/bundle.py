"""What of an incident is sent to a model: numbered lines, redacted, not too many."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from selfhealingd.core.diagnosis import Line
from selfhealingd.core.redaction import Redactor

MAX_BYTES = 32 * 1024
SEEN_BYTES = 16 * 1024
"""For what daemon and kernel saw; the rest, and what is left, is the program's."""

MAX_LINE = 400
"""Characters."""

_MOST = {"samples": 12, "process": 40, "kernel": 30, "host": 30, "files": 15}
_LATEST = frozenset({"samples", "kernel"})
"""Parts in the order of time: of too many lines the first ones go."""


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """``text`` is what is sent; ``lines`` are those in it, which an answer may cite.

    ``left_out``: how many lines there was no room for.
    """

    text: str
    lines: tuple[Line, ...]
    left_out: int = 0


def bundle(lines: Sequence[Line], redactor: Redactor, limit: int = MAX_BYTES) -> Bundle:
    """Redact the lines of an incident, and choose those that fit in so many bytes.

    Their numbers stay what they are. Of what a program said the last lines stay. Raises
    RedactionError.
    """
    words = redactor.lines(line.words for line in lines)
    parts = redactor.lines(line.part for line in lines)
    redacted = [
        msgspec.structs.replace(line, words=_short(said), part=_short(part))
        for line, said, part in zip(lines, words, parts, strict=True)
    ]
    seen = _fitting(_fewer(redacted), min(limit, SEEN_BYTES))
    room = limit - sum(map(_size, seen))
    said = _fitting([line for line in reversed(redacted) if line.said], room)
    kept = tuple(sorted((*seen, *said), key=lambda line: line.number))
    text = "".join(map(_written, kept))
    redactor.check(text)
    return Bundle(text=text, lines=kept, left_out=len(lines) - len(kept))


def _fewer(lines: Iterable[Line]) -> Iterator[Line]:
    """Leave out what is too much of one part, and all that a program said."""
    by_part: dict[str, list[Line]] = {}
    for line in lines:
        if not line.said:
            by_part.setdefault(line.part, []).append(line)
    for part, its in by_part.items():
        most = _MOST.get(part, 60)
        yield from its[-most:] if part in _LATEST else its[:most]


def _fitting(lines: Iterable[Line], room: int) -> list[Line]:
    """Return the first lines that have room, one after the other."""
    kept = []
    for line in lines:
        room -= _size(line)
        if room < 0:
            break
        kept.append(line)
    return kept


def _size(line: Line) -> int:
    return len(_written(line).encode("utf-8", "surrogatepass"))


def _written(line: Line) -> str:
    return f"{line.number}|{line.part}|{line.words}\n"


def _short(words: str) -> str:
    """One line of it, which can't be taken for two, nor be of any length."""
    plain = "".join(char if char.isprintable() else "?" for char in words)
    return plain if len(plain) <= MAX_LINE else f"{plain[:MAX_LINE]}…"
