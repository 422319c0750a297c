"""Lines to systemd's journal, by its native protocol: one datagram an entry."""

import re
import socket
from collections import deque
from pathlib import Path

from selfhealingd.core.output import JOURNAL_FIELD
from selfhealingd.supervise.output.errors import worded
from selfhealingd.supervise.output.waiting import Gate

SOCKET = Path("/run/systemd/journal/socket")

_KIND = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
_LEVEL = re.compile(rb"<([0-7])>")
_PRIORITIES = {"stdout": b"6", "stderr": b"5"}
"""info and notice: many a program writes all that it says to stderr."""


class Journal:
    """The way to the journal; shared by all that goes there."""

    def __init__(self, gate: Gate, path: Path = SOCKET) -> None:
        """``gate`` is what waits until it takes more."""
        self._path = path
        self._gate = gate
        self._socket: socket.socket | None = None

    def send(self, entries: deque[bytes]) -> None:
        """Send from the left; what a restarting journal does not take, stays.

        Raises OutputError.
        """
        try:
            while entries:
                try:
                    self._connected().send(entries[0])
                except BlockingIOError:
                    self._gate.wait_writable(self._connected().fileno())
                    continue
                entries.popleft()
        except OSError as error:
            self.close()
            raise worded(f"write to the journal ({self._path})", error) from error

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            new = socket.socket(socket.AF_UNIX, _KIND)
            try:
                new.connect(str(self._path))
            except OSError:
                new.close()
                raise
            self._socket = new
        return self._socket


class Entries:
    """What takes a program's lines to the journal."""

    def __init__(self, journal: Journal, name: str, stream: str) -> None:
        """``stream`` is ``stdout`` or ``stderr``."""
        self._journal = journal
        self._level = _PRIORITIES[stream]
        self._fields = (
            f"SYSLOG_IDENTIFIER={name}\n{JOURNAL_FIELD}={name}\n"
            f"SELFHEALINGD_STREAM={stream}\n"
        ).encode()

    def dressed(self, line: bytes) -> bytes:
        """Return the entry of a line; ``<3>`` in front of it is its priority."""
        found = _LEVEL.match(line)
        level = self._level if found is None else found[1]
        message = line if found is None else line[found.end() :]
        return self._fields + b"PRIORITY=" + level + b"\nMESSAGE=" + message + b"\n"

    def send(self, waiting: deque[bytes]) -> None:
        """Send entries; see ``Journal``."""
        self._journal.send(waiting)
