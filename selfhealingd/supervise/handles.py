"""The descriptors that a program gets."""

import os
import stat
import subprocess
from dataclasses import dataclass
from typing import TypeAlias

Pipe: TypeAlias = tuple[int, int]
"""Device and inode of a pipe or FIFO that is open: no other has them meanwhile."""


def pipe_of(status: os.stat_result) -> Pipe | None:
    """Return which pipe or FIFO this is; None if it is something else."""
    if not stat.S_ISFIFO(status.st_mode):
        return None
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class Handles:
    """Streams, some maybe the same, or ``subprocess.DEVNULL``; and sockets."""

    stdout: int = subprocess.DEVNULL
    stderr: int = subprocess.DEVNULL
    sockets: tuple[int, ...] = ()
    stdin: int = subprocess.DEVNULL

    @property
    def _all(self) -> set[int]:
        return {self.stdin, self.stdout, self.stderr, *self.sockets} - {
            subprocess.DEVNULL
        }

    @property
    def pipes(self) -> frozenset[Pipe]:
        """Which pipes and FIFOs its output goes into. Raises OSError."""
        found = (os.fstat(fd) for fd in {self.stdout, self.stderr} if fd >= 0)
        return frozenset(pipe for one in found if (pipe := pipe_of(one)))

    def copy(self) -> "Handles":
        """Return descriptors of the same files, to be closed. Raises OSError."""
        copies = {subprocess.DEVNULL: subprocess.DEVNULL}
        try:
            for fd in self._all:
                copies[fd] = os.dup(fd)
        except OSError:
            Handles(sockets=tuple(copies.values())).close()
            raise
        sockets = tuple(copies[fd] for fd in self.sockets)
        return Handles(
            copies[self.stdout], copies[self.stderr], sockets, copies[self.stdin]
        )

    def close(self) -> None:
        """Close what is a descriptor."""
        for fd in self._all:
            os.close(fd)
