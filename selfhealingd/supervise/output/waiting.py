"""Wait in a mover's thread until a descriptor takes more, or the mover must end."""

import os
import select


class StopMoving(Exception):
    """The mover must end while somebody does not take what it has to pass on."""


class Gate:
    """A wait that another thread can end for good."""

    def __init__(self) -> None:
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def wait_writable(self, fd: int) -> None:
        """Return when a descriptor takes more, or has an error to tell.

        Raises StopMoving if ``stop`` was called.
        """
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        poll.register(self._stop, select.POLLIN)
        if any(ready == self._stop for ready, _ in poll.poll()):
            raise StopMoving

    def stop(self) -> None:
        """End all waiting, now and later; from any thread."""
        os.eventfd_write(self._stop, 1)

    def close(self) -> None:
        """Close it, when nobody waits any more."""
        os.close(self._stop)
