"""Names for the shell's completion, asked of the daemon that runs now.

With each comes what a person chooses by, for the shells that show it.
"""

import signal
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec
import typer

from selfhealctl import client
from selfhealctl.errors import CannotError
from selfhealctl.session import read, usual_socket
from selfhealingd.wire.names import ALL, OF_GROUP

PATIENCE = 0.5
"""Seconds: a person is waiting with a finger on the key."""

_ADDED = "added: "

T = TypeVar("T")
Choice: TypeAlias = tuple[str, str]


class _Service(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    state: str = ""
    group: str | None = None
    copy_of: str | None = None


class _Services(msgspec.Struct, frozen=True):
    programs: tuple[_Service, ...] = ()
    watches: tuple[_Service, ...] = ()


class _Breaker(msgspec.Struct, frozen=True):
    name: str
    state: str = ""


class _Runbook(msgspec.Struct, frozen=True):
    name: str
    command: str = ""


class _Hook(msgspec.Struct, frozen=True):
    name: str
    to: str = ""


class _Approval(msgspec.Struct, frozen=True):
    id: str
    action: str = ""
    service: str = ""


class _Llm(msgspec.Struct, frozen=True):
    approvals: tuple[_Approval, ...] = ()
    demoted: tuple[str, ...] = ()


class _Task(msgspec.Struct, frozen=True):
    id: str
    state: str = ""


class _Tasks(msgspec.Struct, frozen=True):
    tasks: tuple[_Task, ...] = ()


class _Incident(msgspec.Struct, frozen=True):
    id: str
    service: str = ""
    cause: str = ""
    outcome: str | None = None


class _Preview(msgspec.Struct, frozen=True):
    pending: tuple[str, ...] = ()


def service_names(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return services and groups that begin so, without those already typed."""
    services = _services(ctx)
    groups = Counter(
        group for one in services for group in {one.group, one.copy_of} if group
    )
    choices = [
        *((one.name, one.state) for one in services),
        *((f"{group}{OF_GROUP}", f"group of {n}") for group, n in groups.items()),
        (ALL, "every service"),
    ]
    typed = ctx.params.get("names") or ()
    return _beginning(incomplete, (one for one in choices if one[0] not in typed))


def service_name(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return single services that begin so."""
    return _beginning(incomplete, ((one.name, one.state) for one in _services(ctx)))


def names_of_config(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return services as above, and those that the config has anew."""
    return [*new_names(ctx, incomplete), *service_names(ctx, incomplete)]


def new_names(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return the programs that the config has and the daemon has not."""
    pending = _ask(ctx, "reread", _Preview, _Preview()).pending
    added = (one.removeprefix(_ADDED) for one in pending if one.startswith(_ADDED))
    return _beginning(incomplete, ((one.partition(" ")[0], "new") for one in added))


def breaker_names(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return the breakers that begin so, those that are not closed first."""
    found = _ask(ctx, "breakers", tuple[_Breaker, ...], ())
    ordered = sorted(found, key=lambda one: one.state == "CLOSED")
    return _beginning(incomplete, ((one.name, one.state) for one in ordered))


def runbook_names(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return the runbooks that begin so."""
    found = _ask(ctx, "runbooks", tuple[_Runbook, ...], ())
    return _beginning(incomplete, ((one.name, one.command) for one in found))


def hook_names(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return the hooks that begin so."""
    found = _ask(ctx, "hooks", tuple[_Hook, ...], ())
    return _beginning(incomplete, ((one.name, one.to) for one in found))


def task_ids(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return the background tasks that begin so."""
    found = _ask(ctx, "tasks", _Tasks, _Tasks())
    return _beginning(incomplete, ((one.id, one.state) for one in found.tasks))


def incident_ids(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return incidents that begin so, the latest first, and services that had one."""
    found = _ask(ctx, "incidents", tuple[_Incident, ...], ())
    latest = tuple(reversed(found))
    services = dict.fromkeys(one.service for one in latest if one.service)
    choices = [
        *((one.id, f"{one.cause}, {one.outcome or 'open'}") for one in latest),
        *((name, "its latest") for name in services),
    ]
    return _beginning(incomplete, choices)


def llm_subjects(ctx: typer.Context, incomplete: str) -> list[Choice]:
    """Return what waits for approval, or whom to trust again, or else incidents."""
    do = str(ctx.params.get("do") or "")
    if do not in {"approve", "trust"}:
        return incident_ids(ctx, incomplete)
    found = _ask(ctx, "llm", _Llm, _Llm())
    if do == "trust":
        return _beginning(
            incomplete, [(name, "acted in vain") for name in found.demoted]
        )
    choices = [(one.id, f"{one.action} for {one.service}") for one in found.approvals]
    return _beginning(incomplete, choices)


def signal_names(_ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the signals that begin so, with or without SIG as it was typed."""
    words = incomplete.upper()
    names = (one.name for one in signal.Signals)
    if not words.startswith("SIG"):
        names = (name.removeprefix("SIG") for name in names)
    return [name for name in names if name.startswith(words)]


def _services(ctx: typer.Context) -> tuple[_Service, ...]:
    found = _ask(ctx, "status", _Services, _Services())
    return (*found.programs, *found.watches)


def _beginning(incomplete: str, choices: Iterable[Choice]) -> list[Choice]:
    return [one for one in choices if one[0].startswith(incomplete)]


def _ask(ctx: typer.Context, method: str, kind: type[T], nothing: T) -> T:
    named = ctx.params.get("socket") or ctx.find_root().params.get("socket")
    path = Path(named) if named else usual_socket()
    try:
        return read(client.ask(path, method, None, PATIENCE), kind)
    except CannotError:
        # Words would land in the middle of the line that is being typed.
        return nothing
