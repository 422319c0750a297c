"""Commands about programs: start, stop, restart, signal, pid."""

import shlex

import typer

from selfhealctl.errors import UsageError
from selfhealctl.exits import Status
from selfhealctl.operation import Order, operate, report
from selfhealctl.options import (
    MaxUnavailable,
    Programs,
    Reason,
    Rolling,
    RunbookName,
    SignalName,
    Wait,
)
from selfhealctl.output import write_complaint, write_words
from selfhealctl.session import Session, read
from selfhealingd.wire.documents import PidDocument
from selfhealingd.wire.methods import Names, Restart, RunByHand, Signal


def start(
    session: Session, names: Programs, reason: Reason = None, wait: Wait = True
) -> None:
    """Start programs, and wait until they run."""
    operate(session, Order("start", Names(names=tuple(names), reason=reason), wait))


def stop(
    session: Session, names: Programs, reason: Reason = None, wait: Wait = True
) -> None:
    """Stop programs with all their children, and wait until they are gone."""
    operate(session, Order("stop", Names(names=tuple(names), reason=reason), wait))


def restart(
    session: Session,
    names: Programs,
    reason: Reason = None,
    wait: Wait = True,
    rolling: Rolling = False,
    max_unavailable: MaxUnavailable = None,
) -> None:
    """Stop programs and start them again; --rolling a few at a time."""
    if max_unavailable is not None and not rolling:
        raise UsageError(
            "cannot restart so: --max-unavailable means nothing without --rolling",
            f"selfhealctl restart --rolling --max-unavailable {max_unavailable}"
            f" {shlex.join(names)}",
        )
    most = (max_unavailable or 1) if rolling else 0
    params = Restart(names=tuple(names), reason=reason, max_unavailable=most)
    operate(session, Order("restart", params, wait))


def run(
    session: Session,
    runbook: RunbookName,
    names: Programs,
    reason: Reason = None,
    wait: Wait = True,
) -> None:
    """Run a runbook for programs by hand, and wait until it is done."""
    params = RunByHand(runbook=runbook, names=tuple(names), reason=reason)
    operate(session, Order("run", params, wait))


def signal(session: Session, signal: SignalName, names: Programs) -> None:
    """Send a signal to programs."""
    params = Signal(names=tuple(names), signal=signal)
    report(session, "signal", session.order("signal", params))


def pid(session: Session, names: Programs) -> None:
    """Print the pid alone, one a line; JSON only when --json is given."""
    raw = session.ask("pid", Names(names=tuple(names)))
    found = read(raw, tuple[PidDocument, ...])
    if session.chosen_json:
        session.wrote_json(raw)
    for item in found:
        if item.pid is None:
            write_complaint(f"cannot give a pid: {item.name} is not running")
        elif not session.chosen_json:
            write_words(str(item.pid))
    if any(item.pid is None for item in found):
        raise typer.Exit(Status.FAILED)
