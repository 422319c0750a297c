"""What a mover needs from the places that output goes to.

A sink belongs to one mover, whose thread alone calls it; it may block.
"""

from typing import Protocol

from selfhealingd.supervise.output.fifo import Fifo

PIECE = 1024 * 1024
"""Bytes that one turn moves at most, so that a chatty program starves no other."""


class Sink(Protocol):
    """Where the bytes of one or more FIFOs go."""

    complaint: str
    """What is wrong although output goes on; empty if nothing is."""

    due: float
    """When ``tick`` is to be called, by the monotonic clock; infinite for never."""

    def move(self, fifo: Fifo) -> int:
        """Move at most ``PIECE`` from a FIFO; return how many bytes it has lost.

        Raises OutputError if that is not possible now; to be tried again.
        """

    def tick(self) -> None:
        """Do what is due."""

    def finish(self) -> None:
        """Pass on what is held back: a program has ended. Raises OutputError."""

    def reopen(self) -> None:
        """Open the file of this name anew, as another may be behind it now."""

    def close(self) -> None:
        """Let go of everything."""
