"""What a view would print, kept as text, as if it were on the terminal."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout

from selfhealctl.ink import line
from selfhealctl.terminal import PLAIN


class _Page(io.TextIOWrapper):
    """Looks like the terminal to whoever prints on it."""

    def __init__(self) -> None:
        encoding = sys.stdout.encoding
        super().__init__(io.BytesIO(), encoding=encoding, errors=PLAIN, newline="\n")

    def isatty(self) -> bool:
        """Say so: colours and widths go by it."""
        return True

    def text(self) -> str:
        """Return all that was printed."""
        self.flush()
        self.seek(0)
        return self.read()


def printed(show: Callable[[], None]) -> str:
    """Return what ``show`` prints on stdout."""
    page = _Page()
    with redirect_stdout(page):
        show()
    return page.text()


def size() -> os.terminal_size:
    """Columns and lines: by variables, else by the terminal."""
    import shutil  # noqa: PLC0415  not needed in a pipe

    return shutil.get_terminal_size()


def rows(text: str, columns: int) -> int:
    """Return how many lines of a terminal it takes, broken where they are too long."""
    lengths = (line(one).width for one in text.splitlines())
    return sum(max(1, -(-length // columns)) for length in lengths)
