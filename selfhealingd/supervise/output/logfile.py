"""A log file that bytes are spliced into, and that is rotated between two lines.

splice(2) takes from the FIFO exactly what it puts into the file, in the kernel, so
that a kill at any moment loses nothing and doubles nothing. It refuses files opened
to append, hence each piece is put at the end that the file has at that moment: a file
truncated under us (logrotate's copytruncate), or appended to, is written on at its
end. Where to rotate is found by looking at the FIFO's bytes before they are moved.
"""

import math
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from selfhealingd.clock import utc_now
from selfhealingd.core.output import LogTo
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.output.errors import OutputError, worded
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.peek import Peeker
from selfhealingd.supervise.output.rotation import (
    older,
    period,
    period_end,
    rotate,
)
from selfhealingd.supervise.output.sink import PIECE

_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_CLOEXEC
    | os.O_NOCTTY
    # A program's user may own the folder, and the daemon is root: a link there must
    # not lead it to write elsewhere.
    | os.O_NOFOLLOW
    # Without it, a FIFO of that name would hold the open until somebody reads.
    | os.O_NONBLOCK
)
_LOOK = 64 * 1024  # before and after the limit, for the end of a line
_LONGEST = 1024 * 1024  # who writes no line ends is cut after so much more
_AGAIN_SECS = 60.0
_LEAVE_SECS = 1.0


class LogFile:
    """A sink that is a file; opened when there is something to write.

    ``target`` may be replaced at any time by one of the same path.
    """

    def __init__(
        self,
        target: LogTo,
        peeker: Peeker,
        *,
        rotated: Callable[[], None] | None = None,
        wall: Callable[[], float] = lambda: utc_now().timestamp(),
    ) -> None:
        """``rotated`` is called when there may be an older one to compress.

        ``wall`` gives the seconds since 1970.
        """
        self.complaint = ""
        self.due = math.inf
        self.end: int | None = None
        """Where the file ends, for any thread to read; None while that changes."""
        self.used = False
        """Whether anything was ever moved here."""
        self.target = target
        self._path = target.path
        self._peeker = peeker
        self._rotated = rotated
        self._wall = wall
        self._fd = -1
        self._period = 0
        self._leaving = False
        self._overdue = 0
        self._not_before = 0.0

    def move(self, fifo: Fifo) -> int:
        """Move at most a piece; see ``Sink``."""
        try:
            return self._move(fifo)
        except OSError as error:
            raise worded(f"write log {str(self._path)!r}", error) from error

    def tick(self) -> None:
        """Rotate a file whose time is over, leave one that was to be reopened."""
        self.due = math.inf
        # What is wrong with the file, the next move tells.
        with suppress(OSError, OutputError):
            if self._fd >= 0 and self._is_over(self._size()):
                self._turn_over()
        self._schedule()

    def finish(self) -> None:
        """Do nothing: nothing is held back."""

    def reopen(self) -> None:
        """Go on in a new file of this name, from the next line on, within 1 s."""
        if self._fd < 0:
            return
        self._leaving = True
        self.due = time.monotonic() + _LEAVE_SECS
        with suppress(OSError, OutputError):  # the next move tells
            if self._ends_line(os.fstat(self._fd).st_size):
                self._turn_over()
                self._open()

    def clear(self) -> None:
        """Empty the file, and delete the older ones. Raises OSError."""
        clear_log(self._path)
        self.end = 0
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)  # it may have lost its name

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _move(self, fifo: Fifo) -> int:
        size = self._size()
        limit = self._limit(size)
        if limit >= PIECE + _LOOK:
            return self._splice(fifo, PIECE, size)
        pending = fifo.pending()
        if pending <= limit:
            return self._splice(fifo, pending, size)
        if limit > _LOOK:
            return self._splice(fifo, int(limit) - _LOOK, size)
        return self._to_line_end(fifo, int(limit), size)

    def _to_line_end(self, fifo: Fifo, limit: int, size: int) -> int:
        seen = self._peeker.look(fifo.fd, limit + _LOOK)
        end = seen.rfind(b"\n", 0, limit) + 1
        if not end:
            if size and self._ends_line(size):
                self._turn_over()
                return self._move(fifo)
            end = seen.find(b"\n", limit) + 1
        moved = self._splice(fifo, end or len(seen), size)
        self._overdue += moved
        if (end and moved == end) or self._overdue > _LONGEST:
            self._turn_over()
        return moved

    def _splice(self, fifo: Fifo, most: int, at: int) -> int:
        if not most:
            return 0
        # Whoever sees the FIFO empty meanwhile must not take the end for what it was.
        self.used, self.end = True, None
        moved = 0
        try:
            moved = os.splice(
                fifo.fd, self._fd, most, offset_dst=at, flags=os.SPLICE_F_NONBLOCK
            )
        except BlockingIOError:
            pass
        finally:
            self.end = at + moved
        return moved

    def _limit(self, size: int) -> float:
        """Return how many bytes the file may still take before it is turned over."""
        if self._leaving:
            return 0
        if time.monotonic() < self._not_before:
            return math.inf
        if self.target.max_age and self._period != self._current_period():
            if size:
                return 0
            self._begin_period()
        if self.target.max_bytes:
            return max(self.target.max_bytes - size, 0)
        return math.inf

    def _size(self) -> int:
        if self._fd >= 0:
            found = os.fstat(self._fd)
            if found.st_nlink:
                return found.st_size
            self.close()  # somebody deleted it: what it gets, nobody would see
        self._open()
        return os.fstat(self._fd).st_size

    def _open(self) -> None:
        # Nobody has to make the folders; a program may run before its disk is there.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fd = os.open(self._path, _FLAGS, 0o640)
        except OSError as error:
            raise worded(f"open log {str(self._path)!r}", error) from error
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(fd)
            raise OutputError(
                f"cannot write log {str(self._path)!r}: it is not a regular file;"
                ' name another one, or "NONE"'
            )
        self._fd = DESCRIPTORS.lift(fd)
        self._begin_period(found.st_mtime if found.st_size else None)

    def _is_over(self, size: int) -> bool:
        if self._leaving:
            return True
        return size > 0 and self._limit(size) == 0 and self._ends_line(size)

    def _turn_over(self) -> None:
        """Go on in a new file, next time; keep this one if that is not possible."""
        self._overdue = 0
        if self._leaving:
            self._leaving = False
            self.end = 0
            self.close()
            return
        try:
            rotate(self._path, self.target.backups)
        except OSError as error:
            what = worded(f"rotate log {str(self._path)!r}", error)
            self.complaint = f"{what}; until then it grows"
            self._not_before = time.monotonic() + _AGAIN_SECS
            return
        self.complaint = ""
        self.end = 0
        self.close()
        if self.target.compress and self._rotated is not None:
            self._rotated()

    def _ends_line(self, size: int) -> bool:
        return not size or os.pread(self._fd, 1, size - 1) == b"\n"

    def _begin_period(self, since: float | None = None) -> None:
        if self.target.max_age:
            wall = self._wall() if since is None else since
            self._period = period(wall, self.target.max_age, _east(wall))
            self._schedule()

    def _current_period(self) -> int:
        wall = self._wall()
        return period(wall, self.target.max_age, _east(wall))

    def _schedule(self) -> None:
        if not self.target.max_age or self._fd < 0:
            return
        wall = self._wall()
        end = period_end(wall, self.target.max_age, _east(wall))
        self.due = min(self.due, time.monotonic() + max(end - wall, 0.0) + 0.01)


def _east(wall: float) -> float:
    return time.localtime(wall).tm_gmtoff


def clear_log(path: Path) -> None:
    """Empty a log that nobody rotates meanwhile, and delete the older ones; blocking.

    Raises OSError.
    """
    for _, names in list(older(path)):
        for name in names:
            path.with_name(name).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        fd = os.open(path, _FLAGS & ~os.O_CREAT)
        try:
            os.ftruncate(fd, 0)
        finally:
            os.close(fd)
