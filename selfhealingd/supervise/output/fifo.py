"""The FIFO between a program's stdout or stderr and whoever moves its bytes on.

One descriptor, open for reading and writing, serves both sides. For the program: it
is a reader of its own FIFO, so no write of it ever meets SIGPIPE, and what it wrote
stays there while no daemon lives. For us: there is always a writer, so the FIFO never
reports an end that would have to be waited away. What we do with it never blocks,
whatever the program makes of the flags that it shares with us.
"""

import fcntl
import os
import re
import select
import stat
import struct
from contextlib import suppress
from pathlib import Path
from termios import FIONREAD

from selfhealingd.core.launch import Credentials
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.output.errors import OutputError, worded

_ODD = re.compile(rb"[^A-Za-z0-9_.-]|^\.")
_MODE = 0o600
_GROWTH = 4
_MOST = 1024 * 1024
# Beyond its soft limit (64 MiB by default) an ordinary user's further pipes would get
# two pages each, those of his programs too: he takes less of it.
_MOST_UNPRIVILEGED = 256 * 1024
_FLAGS = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


def fifo_path(folder: Path, name: str, stream: str) -> Path:
    """Return where the FIFO of a program's stream is; any name gives one file name."""
    plain = _ODD.sub(lambda odd: b"%%%02X" % odd[0][0], os.fsencode(name))
    return folder / f"{plain.decode()}.{stream}"


def program_of(path: Path) -> str:
    """Return the program to whom ``fifo_path`` gave this path."""
    plain = os.fsencode(path.stem)
    return os.fsdecode(
        re.sub(rb"%([0-9A-F]{2})", lambda code: bytes([int(code[1], 16)]), plain)
    )


class Fifo:
    """A FIFO that is open; ``fd`` belongs to it, ``capacity`` is in bytes."""

    __slots__ = ("_poll", "capacity", "fd", "path")

    def __init__(
        self, path: Path, owner: Credentials | None, found: int | None = None
    ) -> None:
        """Open the FIFO, with what an earlier daemon left in it, or make it.

        ``found``: a descriptor of it, from now on ours, where ``path`` leads to it no
        more. It is made the owner's (None: the daemon's user), so that reopening
        ``/dev/stdout`` works. Raises OutputError.
        """
        self.path = path
        try:
            self.fd = DESCRIPTORS.lift(_opened(path) if found is None else found)
        except OSError as error:
            raise worded(f"open FIFO {str(path)!r}", error) from error
        try:
            self.give(owner)
        except OutputError:
            os.close(self.fd)
            raise
        self.capacity = fcntl.fcntl(self.fd, fcntl.F_GETPIPE_SZ)
        self._poll = select.poll()
        self._poll.register(self.fd, select.POLLIN)

    def give(self, owner: Credentials | None) -> None:
        """Make it this user's (None: the daemon's), and nobody else's.

        Raises OutputError.
        """
        try:
            _check(found := os.fstat(self.fd), self.path)
            if stat.S_IMODE(found.st_mode) != _MODE:
                os.fchmod(self.fd, _MODE)
            wanted = os.geteuid() if owner is None else owner.uid
            if found.st_uid != wanted:
                os.fchown(self.fd, wanted, -1)
        except PermissionError:
            # Who may not do this, may not start that user's programs, and says so.
            return
        except OSError as error:
            raise worded(f"prepare FIFO {str(self.path)!r}", error) from error

    def for_child(self) -> int:
        """Return the descriptor as a program's stdout; it stays this object's."""
        # An earlier run may have made it non-blocking (node does), and many a program
        # drops what such a stdout does not take at once.
        os.set_blocking(self.fd, True)
        return self.fd

    def empty(self) -> bool:
        """Say whether all is moved; never waits, whatever its mover is held by."""
        return not self._poll.poll(0)

    def pending(self) -> int:
        """Return how many bytes wait; for the mover: waits for a move under way."""
        buffer = fcntl.ioctl(self.fd, FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", buffer)[0])

    def grow(self) -> None:
        """Let it hold four times as much, up to 1 MiB, where that is allowed."""
        most = _MOST if os.geteuid() == 0 else _MOST_UNPRIVILEGED
        wanted = min(self.capacity * _GROWTH, most)
        if wanted <= self.capacity:
            return
        # EPERM: beyond a limit of the user's. EBUSY and ENOMEM: not now. It is well
        # as it is.
        with suppress(OSError):
            self.capacity = fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, wanted)

    def close(self) -> None:
        """Let go of it; the file stays, for programs that still hold it."""
        os.close(self.fd)


def _opened(path: Path) -> int:
    with suppress(FileNotFoundError):
        return os.open(path, _FLAGS)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.mkfifo(path, _MODE)
    return os.open(path, _FLAGS)


def _check(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISFIFO(found.st_mode):
        raise OutputError(
            f"cannot use {str(path)!r} as FIFO: it is something else; remove it"
        )
