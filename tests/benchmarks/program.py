"""The program that all supervisors keep, and what it tells of itself."""

import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

SOURCE = Path(__file__).with_name("program.c")
COMPILE_SECS = 60
SCRIPT = """#!/bin/sh
# What program.c does, where there is no compiler; it can't chatter.
IFS=,
set -- $1
echo "$2 $$ 0 0" >"$1"
exec sleep 2147483647
"""


@dataclass(frozen=True, slots=True)
class Program:
    """The executable, and whether it is the compiled one that can write output."""

    path: Path
    compiled: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A program's own word: at this moment (monotonic ns) it ran as this pid."""

    name: str
    pid: int
    at: int
    written: int


def build(folder: Path) -> Program:
    """Compile the program, or write a shell script in its place."""
    path = folder / "program"
    if compiler := shutil.which("cc") or shutil.which("gcc"):
        command = [compiler, "-O2", "-static", "-o", str(path), str(SOURCE)]
        subprocess.check_call(command, timeout=COMPILE_SECS)
        return Program(path, compiled=True)
    path.write_text(SCRIPT)
    path.chmod(0o755)
    return Program(path, compiled=False)


def monotonic_ns() -> int:
    """Return the time on the clock that the program's reports carry."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Reports:
    """The reading end of the FIFO that every program of a trial reports to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pids: dict[str, int] = {}
        """The newest pid of each program."""
        os.mkfifo(path, 0o600)
        # Open for writing too, so that it never is at its end between two programs.
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)

    def take(self, seconds: float) -> list[Report]:
        """Wait so long for reports; return what came, which may be nothing."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        if not ready:
            return []
        arrived = monotonic_ns()
        *lines, self._rest = (self._rest + os.read(self._fd, 65536)).split(b"\n")
        reports = [_parse(line, arrived) for line in lines]
        self.pids.update({report.name: report.pid for report in reports})
        return reports


def _parse(line: bytes, arrived: int) -> Report:
    name, pid, at, written = line.decode().split()
    return Report(name, int(pid), int(at) or arrived, int(written))
