"""Look at what waits in a FIFO without taking it.

tee(2) copies references to a pipe's pages into another pipe. Python has no name for
it; everything that needs ctypes for that is here.
"""

import ctypes
import fcntl
import os
from contextlib import suppress

_CAPACITY = 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)
_libc.tee.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_uint)
_libc.tee.restype = ctypes.c_ssize_t


class Peeker:
    """A pipe to look through, for one thread; it costs nothing before its first use."""

    def __init__(self) -> None:
        self._ends: tuple[int, int] | None = None

    def look(self, fd: int, most: int) -> bytes:
        """Return the first bytes that wait in a FIFO: at most ``most``, maybe fewer.

        Empty only if nothing waits. Raises OSError.
        """
        reader, writer = self._pipe()
        copied = int(_libc.tee(fd, writer, most, os.SPLICE_F_NONBLOCK))
        if copied < 0:
            number = ctypes.get_errno()
            error = OSError(number, os.strerror(number))
            if isinstance(error, BlockingIOError):
                return b""
            raise error
        parts = []
        while copied:
            parts.append(os.read(reader, copied))
            copied -= len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        """Close the pipe."""
        if self._ends is not None:
            for end in self._ends:
                os.close(end)
            self._ends = None

    def _pipe(self) -> tuple[int, int]:
        if self._ends is None:
            self._ends = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            # Less is no harm: then less is seen at a time.
            with suppress(OSError):
                fcntl.fcntl(self._ends[1], fcntl.F_SETPIPE_SZ, _CAPACITY)
        return self._ends
