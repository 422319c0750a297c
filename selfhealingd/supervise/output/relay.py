"""Pass output on line by line: to the daemon's own stdout, or to the journal.

A terminal or a pipe takes no lines with names in front by splice, so these bytes go
through memory: at most a FIFO's piece, and only when the last piece is out. Whatever
does not take them (a terminal that was stopped) thereby fills the FIFO, and in the
end holds the program, as with any supervisor; nothing is dropped.
"""

import math
import os
import time
from collections import deque
from contextlib import suppress
from typing import Protocol

from selfhealingd.supervise.output.errors import OutputError, worded
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.lines import Lines
from selfhealingd.supervise.output.waiting import Gate

_READ = 64 * 1024
_FLUSH_SECS = 1.0
_AGAIN_SECS = 1.0
_ATOMIC = 4096  # PIPE_BUF: so much is written whole, and never waited for in write


class Out(Protocol):
    """What takes lines; shared by all programs that go there."""

    def dressed(self, line: bytes) -> bytes:
        """Return a line as it is to be sent."""

    def send(self, waiting: deque[bytes]) -> None:
        """Send from the left, and take away what is sent. Raises OutputError."""


class Relay:
    """A sink for one program's stream, passing its lines to an ``Out``."""

    def __init__(self, out: Out) -> None:
        self.complaint = ""
        self.due = math.inf
        self._out = out
        self._lines = Lines()
        self._waiting: deque[bytes] = deque()

    def move(self, fifo: Fifo) -> int:
        """Pass a piece on; see ``Sink``."""
        self._send()
        most = min(fifo.pending(), _READ)
        data = os.read(fifo.fd, most) if most else b""
        self._take(self._lines.feed(data))
        self.due = time.monotonic() + _FLUSH_SECS if self._lines.partial else math.inf
        with suppress(OutputError):  # told as complaint; what was taken waits here
            self._send()
        return len(data)

    def tick(self) -> None:
        """Pass on what waits, and a line without end for 1 s: a prompt, most likely."""
        with suppress(OutputError):  # told as complaint
            self.finish()

    def finish(self) -> None:
        """Pass on what is held back; see ``Sink``."""
        self.due = math.inf
        self._take(self._lines.flush())
        self._send()

    def reopen(self) -> None:
        """Do nothing: there is no file."""

    def close(self) -> None:
        """Do nothing: what takes the lines is shared."""

    def _send(self) -> None:
        try:
            self._out.send(self._waiting)
        except OutputError as error:
            self.complaint = str(error)
            self.due = time.monotonic() + _AGAIN_SECS
            raise
        self.complaint = ""

    def _take(self, lines: list[bytes]) -> None:
        self._waiting.extend(map(self._out.dressed, lines))


class Dressed:
    """Lines with a name in front, to a descriptor of the daemon's own.

    Several of them, for several programs, may share a descriptor within one mover.
    """

    def __init__(self, fd: int, name: str, gate: Gate) -> None:
        """``gate`` is what waits for the descriptor, and ends the waiting."""
        self._fd = fd
        self._prefix = os.fsencode(name) + b": "
        self._gate = gate

    def dressed(self, line: bytes) -> bytes:
        """Put the name in front."""
        return self._prefix + line + b"\n"

    def send(self, waiting: deque[bytes]) -> None:
        """Write whole lines, as many as are sure not to be torn by other writers."""
        while waiting:
            batch = [waiting.popleft()]
            room = _ATOMIC - len(batch[0])
            while waiting and len(waiting[0]) <= room:
                room -= len(waiting[0])
                batch.append(waiting.popleft())
            self._write(b"".join(batch), waiting)

    def _write(self, data: bytes, waiting: deque[bytes]) -> None:
        rest = memoryview(data)
        try:
            while rest:
                self._gate.wait_writable(self._fd)
                try:
                    rest = rest[os.write(self._fd, rest[:_ATOMIC]) :]
                except BlockingIOError:
                    continue  # somebody who shares it was quicker
        except OSError as error:
            raise worded("write to the daemon's own output", error) from error
        finally:
            if rest:
                waiting.appendleft(bytes(rest))
