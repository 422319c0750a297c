"""The files that the daemon holds open: how many, and that they are its alone.

A daemon with many programs needs more than the usual soft limit of 1,024; its programs
must not inherit more: one that uses select(2) fails beyond 1,024, one that closes all
numbers up to its limit takes long. To set a limit between fork and exec takes a real
fork instead of vfork, which with 1,000 programs made a restart take 14 ms instead of
4. So the limit stays as it is, but for the moment in which a descriptor that will be
held for long is given a number above it. A descriptor stays good beyond the limit; and
numbers below it are left to what comes and goes.

Python opens every file so that an exec closes it. So once that is true of what the
daemon was started with, too, a child need not close them one by one, which with 1,000
programs took half a millisecond of each start.
"""

import fcntl
import os
import resource
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

_NOFILE = resource.RLIMIT_NOFILE
_STDERR = 2


class Descriptors:
    """The limits of this process; there is but one of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._top = 0  # lifted ones are below it; 0: nothing needs to be lifted
        self.private = False
        """Whether an exec closes all but the standard streams, by itself."""

    def keep_private(self) -> None:
        """Let no child inherit what this process was started with."""
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names suffice
            if int(name) > _STDERR:
                with suppress(OSError):  # that of the list itself is closed by now
                    os.set_inheritable(int(name), False)  # noqa: FBT003 - its signature
        self.private = True

    def hand_over(self) -> None:
        """Have children close them again: some are about to outlast an exec of ours."""
        self.private = False

    def allow(self, needed: int) -> int:
        """See to it that ``needed`` can be open; return how many really can be."""
        soft, hard = resource.getrlimit(_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return needed
        if soft >= needed:
            return soft
        most = soft + needed
        top = most if hard == resource.RLIM_INFINITY else min(most, hard)
        self._top = max(top, self._top)
        return self._top

    def lift(self, fd: int) -> int:
        """Return a number for this open file that is in nobody's way; maybe the same.

        If it is another one, ``fd`` is closed. From any thread.
        """
        if not self._top:
            return fd
        with self._lock:
            soft, hard = resource.getrlimit(_NOFILE)
            resource.setrlimit(_NOFILE, (self._top, hard))
            try:
                lifted = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, soft)
            except OSError:  # all of them are taken: then it stays where it is
                return fd
            finally:
                resource.setrlimit(_NOFILE, (soft, hard))
        os.close(fd)
        return lifted

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Have the limit be what it was given, for a vfork in this thread."""
        if not self._top:
            yield
            return
        # Those that want to fork queue here, so that who wants to lift (the loop, at a
        # start of many programs) waits for one of them at most.
        with self._turn, self._lock:
            yield

    def given(self) -> Mapping[int, tuple[int, int]]:
        """Return what a child of a fork, not within ``steady``, has to be set to."""
        with self.steady():
            return {_NOFILE: resource.getrlimit(_NOFILE)} if self._top else {}


DESCRIPTORS = Descriptors()
