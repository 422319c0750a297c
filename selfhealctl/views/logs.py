"""Logs as they leave: verbatim, fit for a terminal, with names, or as JSON.

Each form takes the pieces of output as they come and returns what to write.
"""

import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import msgspec

from selfhealctl.terminal import PLAIN
from selfhealctl.views.safe import RESET, Safe, safe
from selfhealctl.views.text import clean, escaped
from selfhealingd.wire.output import LogDocument, OutputDocument

LONGEST_LINE = 1024 * 1024
"""Bytes: longer ones leave in parts, as a log without newlines must not fill memory."""

_WIDEST_NAME = 24
_COLOURS = (31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96)


class Form(Protocol):
    """How output is written."""

    def feed(self, piece: OutputDocument) -> bytes:
        """Return what can be written now."""

    def finish(self) -> bytes:
        """Return what was kept back."""


class Verbatim:
    """Every byte as the program wrote it, for a pipe."""

    def feed(self, piece: OutputDocument) -> bytes:
        """Return the piece."""
        return piece.data

    def finish(self) -> bytes:
        """Return nothing: nothing is kept back."""
        return b""


class OnTerminal:
    """One log for a person's eyes."""

    def __init__(self, *, colours: bool) -> None:
        self._safe = Safe(colours=colours)

    def feed(self, piece: OutputDocument) -> bytes:
        """Return what steers no terminal."""
        return for_terminal(self._safe.feed(piece.data))

    def finish(self) -> bytes:
        """Return the rest, and end the last colour."""
        rest = self._safe.feed(b"", final=True)
        return for_terminal(rest + (RESET if self._safe.coloured else ""))


class _ByLine(ABC):
    """Whole lines of each log; two programs never share one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def feed(self, piece: OutputDocument) -> bytes:
        """Return the lines that have ended."""
        key = (piece.name, piece.stream)
        *lines, rest = (self._kept.get(key, b"") + piece.data).split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        self._kept[key] = rest
        return b"".join(self._line(*key, line) for line in lines)

    def finish(self) -> bytes:
        """Return the lines that have not ended."""
        kept, self._kept = self._kept, {}
        return b"".join(self._line(*key, rest) for key, rest in kept.items() if rest)

    @abstractmethod
    def _line(self, name: str, stream: str, line: bytes) -> bytes:
        """Return one line as it is shown."""


class Named(_ByLine):
    """Several logs, each line with its program's name in its colour."""

    def __init__(
        self, logs: Sequence[LogDocument], *, terminal: bool, colours: bool
    ) -> None:
        super().__init__()
        self._terminal = terminal
        self._colours = colours
        widths = [len(_label(one.name, one.stream)) for one in logs]
        self._width = min(max(widths, default=0), _WIDEST_NAME)

    def _line(self, name: str, stream: str, line: bytes) -> bytes:
        front = f"{_label(name, stream):{self._width}} | "
        if self._colours:
            front = f"\x1b[{colour_of(name)}m{front}{RESET}"
        if not self._terminal:
            return front.encode() + line + b"\n"
        text = safe(
            line.removesuffix(b"\r").decode(errors="backslashreplace"),
            colours=self._colours,
        )
        reset = RESET if "\x1b" in text else ""
        return for_terminal(f"{front}{text}{reset}\n")


class Objects(_ByLine):
    """One JSON object a line; bytes that are no UTF-8 become U+FFFD."""

    def _line(self, name: str, stream: str, line: bytes) -> bytes:
        text = line.decode(errors="replace")
        found = {"program": name, "stream": stream, "text": text}
        return escaped(msgspec.json.encode(found).decode()).encode() + b"\n"


def _label(name: str, stream: str) -> str:
    return clean(name if stream == "stdout" else f"{name} {stream}")


def colour_of(name: str) -> int:
    """Return a program's colour: the same whenever and beside whom it is shown."""
    return _COLOURS[zlib.crc32(name.encode()) % len(_COLOURS)]


def for_terminal(text: str) -> bytes:
    """Encode for a terminal that may not know every character."""
    return text.encode(sys.stdout.encoding, PLAIN)
