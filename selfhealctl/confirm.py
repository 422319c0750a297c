"""Asks a person before what cannot be undone."""

import sys

import typer

from selfhealctl.errors import CannotError, Interrupted


def confirm(question: str, left: str) -> None:
    """Ask, where a person is at the terminal.

    ``left``: what a no, or Ctrl-C, has left as it was. Raises CannotError, Interrupted.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise Interrupted(f"interrupted: {left}") from None
    if not agreed:
        raise CannotError(left)
