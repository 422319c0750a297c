"""Where output goes that nobody wants any more, while its program still runs."""

import math
import os

from selfhealingd.supervise.output.errors import worded
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.sink import PIECE


class Discard:
    """A sink that is ``/dev/null``."""

    def __init__(self) -> None:
        self.complaint = ""
        self.due = math.inf
        self._fd = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)

    def move(self, fifo: Fifo) -> int:
        """Move a piece into nothing; see ``Sink``."""
        try:
            return os.splice(fifo.fd, self._fd, PIECE, flags=os.SPLICE_F_NONBLOCK)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise worded("drop output", error) from error

    def tick(self) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

    def reopen(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)
