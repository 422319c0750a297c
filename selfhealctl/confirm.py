"""Asks a person before what cannot be undone."""

import sys

import typer

from selfhealctl.errors import Interrupted
from selfhealctl.exits import Status


def confirm(question: str, left: str) -> None:
    """Ask, where a person is at the terminal; leave with status 1 at a no.

    ``left``: what Ctrl-C has left as it was. Raises Interrupted.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise Interrupted(f"interrupted: {left}") from None
    if not agreed:
        raise typer.Exit(Status.FAILED)
