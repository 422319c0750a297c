"""The terminal: taken over, drawn on, and given back as it was, whatever happens."""

import os
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import trio

from selfhealctl.errors import UsageError

# Another screen, no cursor, and no line that goes on in the next one.
_ENTER = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J"
_LEAVE = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
_CHUNK = 4096
_INPUT, _LOCAL, _CHARS = 0, 3, 6
"""Places in what tcgetattr returns."""


class Terminal:
    """What a person looks at and types on.

    It has descriptions of its own: non-blocking, while the shell's stay as they are,
    so that a terminal that takes nothing stops nobody.
    """

    def __init__(self, keyboard: int, screen: int) -> None:
        self._keyboard = keyboard
        self._before = termios.tcgetattr(keyboard)
        self._fd = screen
        self._drawn: list[str] = []
        self.entered = False

    @property
    def size(self) -> os.terminal_size:
        """Columns and rows; those of old terminals where it doesn't say."""
        with suppress(OSError):  # it is gone
            found = os.get_terminal_size(self._fd)
            if found.columns and found.lines:
                return found
        return os.terminal_size((80, 24))

    def enter(self) -> None:
        """Take it over: keys come at once and unseen."""
        mode = termios.tcgetattr(self._keyboard)
        mode[_INPUT] &= ~(termios.IXON | termios.ICRNL)
        mode[_LOCAL] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        chars = list(mode[_CHARS])
        # A core is of no use here, and would leave the terminal as it is.
        chars[termios.VQUIT] = b"\0"
        chars[termios.VMIN], chars[termios.VTIME] = 1, 0
        mode[_CHARS] = chars
        self.entered = True
        termios.tcsetattr(self._keyboard, termios.TCSADRAIN, mode)
        self._write(_ENTER)
        self._drawn = []

    def leave(self) -> None:
        """Give it back as it was."""
        if not self.entered:
            return
        self.entered = False
        with suppress(termios.error):  # it may be gone
            termios.tcsetattr(self._keyboard, termios.TCSANOW, self._before)
        self._write(_LEAVE)

    async def read(self) -> bytes:
        """Return what was typed; nothing at the end of the terminal.

        Raises OSError where it is gone.
        """
        while True:
            await trio.lowlevel.wait_readable(self._keyboard)
            with suppress(BlockingIOError):
                return os.read(self._keyboard, _CHUNK)

    async def show(self, lines: Sequence[str], *, afresh: bool = False) -> None:
        """Draw those lines that are not there yet, ``afresh`` all of them.

        Raises OSError where the terminal is gone.
        """
        if not self.entered:
            return
        before = [] if afresh else self._drawn
        self._drawn = list(lines)
        parts = ["\x1b[2J"] if len(before) != len(lines) else []
        if parts:
            before = []
        for row, text in enumerate(lines):
            if row >= len(before) or before[row] != text:
                # Erased first: after it, the cursor may still be in its last cell.
                parts.append(f"\x1b[{row + 1};1H\x1b[2K{text}")
        if parts:
            await self._send("".join(parts).encode())

    async def _send(self, data: bytes) -> None:
        while data:
            await trio.lowlevel.wait_writable(self._fd)
            with suppress(BlockingIOError):
                data = data[os.write(self._fd, data) :]

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # it is full, or gone
            os.write(self._fd, data)


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Open the terminal of stdin and stdout, and give it back in the end.

    Raises UsageError where there is none.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "cannot show a live view: stdin and stdout are no terminal",
            "for scripts there is: selfhealctl status --json",
        )
    if os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError(
            "cannot show a live view on a terminal that is dumb",
            "set TERM to what it is, or see: selfhealctl status",
        )
    sys.stdout.flush()
    keyboard = _own(sys.stdin.fileno())
    try:
        screen = _own(sys.stdout.fileno())
    except BaseException:
        os.close(keyboard)
        raise
    found = Terminal(keyboard, screen)
    try:
        yield found
    finally:
        found.leave()
        os.close(keyboard)
        os.close(screen)


def _own(descriptor: int) -> int:
    """Open the same terminal once more; raises UsageError where we may not.

    By its name it is another's under su, and isn't there in another mount namespace,
    as within a container. As the session's own it may be opened by whoever is in it.
    """
    why = ""
    for name in (os.ttyname, lambda _: "/dev/tty"):
        try:
            path = name(descriptor)
            return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
    raise UsageError(
        f"cannot show a live view: the terminal can't be opened: {why}",
        "what needs no terminal of its own: selfhealctl status --watch",
    )
