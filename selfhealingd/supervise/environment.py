"""The environment of a program: the daemon's, without what is the daemon's alone."""

import os
from collections.abc import Mapping

# Keys to models, and what systemd means for one process only: a program that spoke
# to systemd in the daemon's name, or used its sockets, would be taken for it.
DELEGATED = "SELFHEALINGD_CGROUP"
"""Names the unit of which the cgroup is the daemon's to divide."""

WATCH = "SELFHEALINGD_WATCH"
"""Marks what a watch's command leaves: it is the watch's, and no program's."""

_PRIVATE = frozenset(
    {
        "ANTHROPIC_AUTH_TOKEN",
        "CREDENTIALS_DIRECTORY",
        "NOTIFY_SOCKET",
        DELEGATED,
        WATCH,
    }
)
_PRIVATE_PREFIXES = ("ANTHROPIC_API_KEY", "LISTEN_", "WATCHDOG_")

INSTANCE = "SELFHEALINGD_INSTANCE"
PROGRAM = "SELFHEALINGD_PROGRAM"
RUN = "SELFHEALINGD_RUN"
TASK = "SELFHEALINGD_TASK"
_MARKS = frozenset(os.fsencode(name) for name in (INSTANCE, PROGRAM, RUN, TASK, WATCH))


def program_environment(
    inherited: Mapping[str, str], wanted: Mapping[str, str], marks: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment to start with; later arguments overrule earlier ones."""
    kept = {name: value for name, value in inherited.items() if not _is_private(name)}
    return {**kept, **wanted, **marks}


def one_line(words: str) -> str:
    """Return words that a program may have chosen as a value that harms no command.

    What a script puts into the header of a mail must not begin another one.
    """
    return "".join(char if char.isprintable() else " " for char in words)


def marks_in(environ: bytes) -> dict[str, str]:
    """Return the marks that an environment bears, as ``/proc/PID/environ`` shows it."""
    entries = (entry.partition(b"=") for entry in environ.split(b"\0"))
    return {
        os.fsdecode(name): os.fsdecode(value)
        for name, _, value in entries
        if name in _MARKS
    }


def _is_private(name: str) -> bool:
    return name in _PRIVATE or name.startswith(_PRIVATE_PREFIXES)
