"""Where a Python program is, by py-spy if it is installed; nothing of it is stopped."""

import os
import shutil
import sys
from pathlib import Path

_LINES = 200


def spy_on(pid: int) -> tuple[str, ...] | None:
    """Return the command that shows a process's stack.

    None if it is no Python, or there is no py-spy: in PATH, or beside our own Python.
    """
    try:
        exe = Path(os.readlink(f"/proc/{pid}/exe"))  # noqa: PTH115 - no such file
    except OSError:
        return None
    if not exe.name.startswith("python"):
        return None
    beside = Path(sys.executable).with_name("py-spy")
    found = shutil.which("py-spy") or (str(beside) if beside.is_file() else None)
    if found is None:
        return None
    return (found, "dump", "--nonblocking", "--pid", str(pid))


def stack_in(said: str) -> tuple[str, ...]:
    """Return the threads and frames of what py-spy printed, without its heading."""
    lines = [line.rstrip() for line in said.splitlines()]
    first = next((i for i, line in enumerate(lines) if line.startswith("Thread")), None)
    return () if first is None else tuple(lines[first : first + _LINES])
