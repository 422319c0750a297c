"""The descriptors that a program gets."""

import os
import subprocess
from dataclasses import dataclass


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
