"""What a program gets as its stdout and stderr."""

import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Handles:
    """Two descriptors, maybe twice the same, or ``subprocess.DEVNULL``."""

    stdout: int = subprocess.DEVNULL
    stderr: int = subprocess.DEVNULL

    def copy(self) -> "Handles":
        """Return descriptors of the same streams, to be closed. Raises OSError."""
        stdout = _copy(self.stdout)
        if self.stderr == self.stdout:
            return Handles(stdout, stdout)
        try:
            return Handles(stdout, _copy(self.stderr))
        except OSError:
            Handles(stdout, stdout).close()
            raise

    def close(self) -> None:
        """Close what is a descriptor."""
        for fd in {self.stdout, self.stderr} - {subprocess.DEVNULL}:
            os.close(fd)


def _copy(fd: int) -> int:
    return fd if fd == subprocess.DEVNULL else os.dup(fd)
