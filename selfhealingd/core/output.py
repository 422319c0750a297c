"""Where a program's output goes: plain data, and in words how to look at it."""

import shlex
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import msgspec

MAX_BYTES = 50 * 1024 * 1024
BACKUPS = 10

JOURNAL_FIELD = "SELFHEALINGD_PROGRAM"
"""The field of a journal entry that has the program's name."""


class LogTo(msgspec.Struct, frozen=True, kw_only=True):
    """Output goes to a file, of which ``backups`` older ones are kept.

    It is rotated before it passes ``max_bytes`` (0: never), and in the first moment
    of each period of ``max_age`` seconds (0: never), counted from local midnight:
    86,400 is daily. ``compress``: all but the newest older one are gzipped.
    """

    path: Path
    max_bytes: int = MAX_BYTES
    max_age: float = 0.0
    backups: int = BACKUPS
    compress: bool = False


class Elsewhere(Enum):
    """Output goes to what is no file of the program's own."""

    NOWHERE = "/dev/null; there is no FIFO"
    STDOUT = "the daemon's own stdout, each line with the program's name in front"
    STDERR = "the daemon's own stderr, likewise"
    JOURNAL = "systemd's journal"


Target: TypeAlias = LogTo | Elsewhere


def logs(stdout: Target, stderr: Target | None) -> tuple[Path, ...]:
    """Return the files that a program's output goes to, its errors first."""
    both = (stderr, stdout)
    return tuple(dict.fromkeys(one.path for one in both if isinstance(one, LogTo)))


def how_to_see(name: str, stdout: Target, stderr: Target | None) -> str | None:
    """Return the command that shows what a program said; None if none can."""
    ways = []
    match logs(stdout, stderr):
        case []:
            pass
        case [_] if isinstance(stdout, LogTo):
            ways.append(f"selfhealctl tail {name}")
        case [_]:
            ways.append(f"selfhealctl tail {name} stderr")
        case _:
            ways.append(f"selfhealctl logs {name}")
    if Elsewhere.JOURNAL in (stdout, stderr):
        ways.append(f"journalctl -e {JOURNAL_FIELD}={name}")
    return "; ".join(ways) or None


def journal_of(name: str, stdout: Target, stderr: Target | None) -> str | None:
    """Return what journalctl finds a program's lines by; None if they are not there."""
    if Elsewhere.JOURNAL in (stdout, stderr):
        return f"{JOURNAL_FIELD}={name}"
    return None


def how_to_mend(stdout: Target, stderr: Target | None) -> str:
    """Return the commands that show why a program's output is not taken."""
    ways = []
    for file in logs(stdout, stderr):
        folder, path = shlex.quote(str(file.parent)), shlex.quote(str(file))
        ways += [f"df -h {folder}", f"namei -l {path}"]
    if Elsewhere.JOURNAL in (stdout, stderr):
        ways.append("systemctl status systemd-journald")
    if {Elsewhere.STDOUT, Elsewhere.STDERR} & {stdout, stderr}:
        ways.append("see who reads the daemon's own output, and does not")
    return "; ".join(dict.fromkeys(ways))
