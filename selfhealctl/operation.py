"""Long operations: begun by one request, told of by notifications, then finished."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import typer

from selfhealctl.client import Connection, Notice, connect
from selfhealctl.errors import CannotError, Interrupted, TimedOut, Unreachable
from selfhealctl.exits import Status
from selfhealctl.output import write_error
from selfhealctl.session import Session, read
from selfhealingd.wire.methods import Params
from selfhealingd.wire.operation import Outcome, Progress, Started

LONGEST = 7 * 86400.0
"""Seconds: no deadline of a daemon is believed beyond this."""

_CARRIES_ON = (
    "interrupted: the daemon carries on with what it has begun",
    "see how it goes: selfhealctl status --watch",
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to begin, and whether to stay until it has ended.

    ``interrupted``: what to say at Ctrl-C. ``answer``: one is wanted, so that a failure
    leaves nothing to show, but JSON where somebody asked for it.
    """

    method: str
    params: Params
    wait: bool = True
    interrupted: tuple[str, str] = _CARRIES_ON
    answer: bool = False


class _Finished(msgspec.Struct, frozen=True):
    operation: int
    outcomes: msgspec.Raw


def operate(session: Session, order: Order) -> None:
    """Begin a long operation and, unless told not to, follow it to its end.

    Leaves with status 1 when an outcome is not ok, and raises CannotError for the
    failure of what should have had an answer. Ctrl-C raises Interrupted; what it
    does to what was begun is the method's to say.
    """
    with connect(session.socket, session.timeout) as connection:
        try:
            raw = connection.call(order.method, order.params, session.timeout)
            started = read(raw, Started)
            outcomes = _follow(session, connection, started) if order.wait else None
        except KeyboardInterrupt:
            raise Interrupted(*order.interrupted) from None
    if outcomes is not None:
        if order.answer and not session.chosen_json:
            _need_answer(order.method, outcomes)
        report(session, order.method, outcomes)
    elif not session.wrote_json(raw):
        from selfhealctl.views.work import show_started  # noqa: PLC0415

        show_started(started)


def report(session: Session, method: str, raw: bytes) -> None:
    """Print outcomes of ``method``; leave with status 1 when one is not ok."""
    outcomes = read(raw, tuple[Outcome, ...])
    if session.wrote_json(raw):
        for item in outcomes:
            if not item.ok:
                write_error(_cannot(method, item))
    else:
        from selfhealctl.views.work import show_outcomes  # noqa: PLC0415

        show_outcomes(outcomes)
    if not all(item.ok for item in outcomes):
        raise typer.Exit(Status.FAILED)


def _need_answer(method: str, raw: bytes) -> None:
    for item in read(raw, tuple[Outcome, ...]):
        if not item.ok:
            raise _cannot(method, item)


def _cannot(method: str, item: Outcome) -> CannotError:
    reason = item.words or item.state or "it did not say why"
    verb = method.rpartition("-")[2]
    return CannotError(f"cannot {verb} {item.name}: {reason}", item.hint)


def _follow(session: Session, connection: Connection, started: Started) -> bytes:
    """Print progress as it comes; return the outcomes as the daemon wrote them."""
    for notice in _notices(session, connection, started):
        match notice.method:
            case "progress" if not session.as_json:
                _show_progress(read(notice.params, Progress), started)
            case "finished":
                finished = read(notice.params, _Finished)
                if finished.operation == started.operation:
                    return bytes(finished.outcomes)
    raise AssertionError  # notices end in an exception alone


def _notices(
    session: Session, connection: Connection, started: Started
) -> Iterator[Notice]:
    patience = min(max(started.deadline, 0.0), LONGEST) + session.timeout
    until = time.monotonic() + patience
    unseen = f"cannot see how operation {started.operation} ended"
    while True:
        try:
            yield connection.notice(until - time.monotonic())
        except TimedOut:
            raise TimedOut(
                f"{unseen}: the daemon did not say so in {patience:g} s",
                "see how it goes: selfhealctl status",
            ) from None
        except Unreachable:
            raise Unreachable(
                f"{unseen}: the daemon closed the connection",
                "see whether it still runs: selfhealctl status",
            ) from None


def _show_progress(progress: Progress, started: Started) -> None:
    from selfhealctl.views.work import show_progress  # noqa: PLC0415

    if progress.operation == started.operation:
        show_progress(progress)
