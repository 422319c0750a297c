"""Names for the shell's completion, asked of the daemon that runs now."""

from pathlib import Path
from typing import TypeVar

import msgspec
import typer

from selfhealctl import client
from selfhealctl.errors import CannotError
from selfhealctl.session import read, usual_socket

PATIENCE = 0.5
"""Seconds: a person is waiting with a finger on the key."""

T = TypeVar("T")


class _Named(msgspec.Struct, frozen=True):
    name: str


class _Identified(msgspec.Struct, frozen=True):
    id: str


class _Programs(msgspec.Struct, frozen=True):
    programs: tuple[_Named, ...] = ()
    watches: tuple[_Named, ...] = ()


class _Tasks(msgspec.Struct, frozen=True):
    tasks: tuple[_Identified, ...] = ()


def program_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the programs' names that begin so, without those already typed."""
    status = _ask(ctx, "status", _Programs, _Programs())
    typed = ctx.params.get("names") or ()
    names = [item.name for item in (*status.programs, *status.watches)]
    return [
        name
        for name in (*names, "all")
        if name.startswith(incomplete) and name not in typed
    ]


def breaker_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the breakers' names that begin so."""
    nothing: tuple[_Named, ...] = ()
    found = _ask(ctx, "breakers", tuple[_Named, ...], nothing)
    return [item.name for item in found if item.name.startswith(incomplete)]


def runbook_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the runbooks' names that begin so."""
    nothing: tuple[_Named, ...] = ()
    found = _ask(ctx, "runbooks", tuple[_Named, ...], nothing)
    return [item.name for item in found if item.name.startswith(incomplete)]


def task_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the background tasks' ids that begin so."""
    found = _ask(ctx, "tasks", _Tasks, _Tasks())
    return [item.id for item in found.tasks if item.id.startswith(incomplete)]


def incident_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the incidents that begin so, the latest first."""
    nothing: tuple[_Identified, ...] = ()
    found = _ask(ctx, "incidents", tuple[_Identified, ...], nothing)
    return [item.id for item in reversed(found) if item.id.startswith(incomplete)]


def _ask(ctx: typer.Context, method: str, kind: type[T], nothing: T) -> T:
    named = ctx.params.get("socket") or ctx.find_root().params.get("socket")
    path = Path(named) if named else usual_socket()
    try:
        return read(client.ask(path, method, None, PATIENCE), kind)
    except CannotError:
        # Words would land in the middle of the line that is being typed.
        return nothing
