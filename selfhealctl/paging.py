"""What is longer than the terminal is shown by a pager, where a person reads it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import typer

from selfhealctl.capture import printed, rows, size
from selfhealctl.output import write_bytes
from selfhealctl.session import Session, is_terminal
from selfhealctl.terminal import PLAIN

USUAL = "less"
LESS = "FRX"
"""Leave where it fits, keep colours, and leave what was shown on the screen."""


def page(session: Session, show: Callable[[], None], *, at_end: bool = False) -> None:
    """Let ``show`` print; through a pager if it takes more than a screen.

    Never in a pipe, for JSON, or with --no-pager. ``at_end``: begin with the last.
    """
    command = None if session.as_json or not session.pager else _pager(at_end=at_end)
    if command is None or not (is_terminal() and sys.stdin.isatty()):
        show()
        return
    left: typer.Exit | None = None

    def shown() -> None:
        nonlocal left
        try:
            show()
        except typer.Exit as end:
            left = end

    text = printed(shown)
    data = text.encode(sys.stdout.encoding, PLAIN)
    columns, lines = size()
    if rows(text, columns) < lines or not _paged(command, data):
        write_bytes(data)
    if left is not None:
        raise left


def _pager(*, at_end: bool) -> list[str] | None:
    """Return the command, None where there is none.

    Of another's environment, as under sudo, nothing is run.
    """
    chosen = None if "SUDO_UID" in os.environ else os.environ.get("PAGER")
    try:
        command = shlex.split(USUAL if chosen is None else chosen)
    except ValueError:
        return None
    if not command or command[0] == "cat" or shutil.which(command[0]) is None:
        return None
    is_less = os.path.basename(command[0]) == USUAL  # noqa: PTH119  no path is meant
    return [*command, "+G"] if at_end and is_less else command


def _paged(command: list[str], data: bytes) -> bool:
    """Show it by the pager until that ends; tell whether it could be started."""
    # Its keys could start a shell, and whoever may type this may not be root otherwise.
    environ = {"LESS": LESS, "LV": "-c"} | os.environ | {"LESSSECURE": "1"}
    # Ctrl-C is the pager's, and so is the moment at which it has read enough.
    before = [
        (number, signal.signal(number, lambda *_: None))
        for number in (signal.SIGINT, signal.SIGPIPE)
    ]
    try:
        with subprocess.Popen(  # noqa: S603  what it runs is the person's own word
            command, stdin=subprocess.PIPE, env=environ
        ) as pager:
            pager.communicate(data)
    except OSError:
        return False
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    return True
