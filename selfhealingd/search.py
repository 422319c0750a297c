"""A regular expression looked for in what a program says, in bounded time.

The operator's pattern may need exponential time on a line that the program chooses,
and Python's ``re`` lets no other thread run meanwhile. What it does heed is a signal:
so each search has a limit of CPU time, of which SIGVTALRM tells.
"""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LONGEST_LINE = 4096
"""Bytes of a line that are looked at."""

LIMIT_SECS = 0.1
"""CPU time that one ``feed`` may take; a sane pattern needs a hundredth of it."""


class TooSlow(Exception):
    """The pattern needs too long."""


class Search:
    """Takes output in pieces and looks at it line by line; for the main thread."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self._rest = b""
        self.line = ""
        """The last line that had it."""

    def feed(self, data: bytes) -> bool:
        """Return whether a line that ends in ``data`` has it. Raises TooSlow."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LONGEST_LINE]
        with _limited():
            return any(map(self._is_in, lines))

    def _is_in(self, line: bytes) -> bool:
        text = line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")
        if self._pattern.search(text) is None:
            return False
        self.line = text
        return True


def found_in(pattern: str, text: str) -> bool:
    """Whether it is found in a text, of any number of lines. Raises TooSlow."""
    compiled = re.compile(pattern)
    with _limited():
        return compiled.search(text) is not None


@contextmanager
def _limited() -> Iterator[None]:
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_SECS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        # Should the signal come just now, the handler stays: nothing else raises it.
        signal.signal(signal.SIGVTALRM, before)


def _too_slow(_signo: int, _frame: FrameType | None) -> None:
    raise TooSlow
