"""What happened, and what happens now."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import msgspec

from selfhealctl.client import Connection, Notice, connect
from selfhealctl.errors import Unreachable
from selfhealctl.options import Follow, Last, SomePrograms
from selfhealctl.output import write_complaint, write_line
from selfhealctl.paging import page
from selfhealctl.session import Session, read
from selfhealingd.wire import methods
from selfhealingd.wire.documents import EventDocument
from selfhealingd.wire.methods import Subscribe


class _Lagged(msgspec.Struct, frozen=True):
    count: int = 0


def events(
    session: Session,
    names: SomePrograms = None,
    last: Last = 20,
    follow: Follow = False,
) -> None:
    """Show the last events; with --follow also each new one until Ctrl-C."""
    params = methods.Follow(last=last, names=tuple(names or ()))
    if follow:
        _events(session, params, follow=True)
    else:
        page(session, partial(_events, session, params, follow=False), at_end=True)


def _events(session: Session, params: Subscribe, *, follow: bool) -> None:
    show = _shower(session)
    with connect(session.socket, session.timeout) as connection:
        connection.call("subscribe", params, session.timeout)
        _show_until(connection, "live", show, session.timeout)
        if follow:
            # One of the waits without an end: Ctrl-C is the way in which it ends.
            with suppress(KeyboardInterrupt):
                _show_until(connection, None, show, None)


def _show_until(
    connection: Connection,
    last: str | None,
    show: Callable[[bytes], None],
    timeout: float | None,
) -> None:
    while (notice := _next(connection, timeout)).method != last:
        match notice.method:
            case "event":
                show(notice.params)
            case "lagged":
                _complain(notice)


def _next(connection: Connection, timeout: float | None) -> Notice:
    try:
        return connection.notice(timeout)
    except Unreachable:
        raise Unreachable(
            "cannot show more: the daemon ended, was restarted or upgraded",
            "see: selfhealctl status; to go on: selfhealctl events --follow",
        ) from None


def _shower(session: Session) -> Callable[[bytes], None]:
    if session.as_json:
        return write_line
    from selfhealctl.views.events import show_event  # noqa: PLC0415
    from selfhealctl.views.screen import screen  # noqa: PLC0415

    console = screen()
    return lambda raw: show_event(console, read(raw, EventDocument))


def _complain(notice: Notice) -> None:
    count = read(notice.params, _Lagged).count
    write_complaint(f"{count} events were left out: this end reads too slowly")
