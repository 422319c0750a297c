"""What happened, and what happens now."""

from collections.abc import Callable

import msgspec

from selfhealctl.client import Connection, Notice, connect
from selfhealctl.errors import Unreachable
from selfhealctl.options import Follow, Last
from selfhealctl.output import write_complaint, write_line
from selfhealctl.session import Session, read
from selfhealingd.wire.documents import EventDocument
from selfhealingd.wire.methods import Subscribe


class _Lagged(msgspec.Struct, frozen=True):
    count: int = 0


def events(session: Session, last: Last = 20, follow: Follow = False) -> None:
    """Show the last events; with --follow also each new one until Ctrl-C."""
    show = _shower(session)
    with connect(session.socket, session.timeout) as connection:
        connection.call("subscribe", Subscribe(last=last), session.timeout)
        live = False
        while follow or not live:
            # Live events are the one wait without an end: a person ends it.
            notice = _next(connection, None if live else session.timeout)
            match notice.method:
                case "live":
                    live = True
                case "event":
                    show(notice.params)
                case "lagged":
                    _complain(notice)


def _next(connection: Connection, timeout: float | None) -> Notice:
    try:
        return connection.notice(timeout)
    except Unreachable:
        raise Unreachable(
            "cannot follow any longer: the daemon closed the connection",
            "see whether it still runs: selfhealctl status",
        ) from None


def _shower(session: Session) -> Callable[[bytes], None]:
    if session.as_json:
        return write_line
    from selfhealctl.views.events import show_event  # noqa: PLC0415  rich is slow
    from selfhealctl.views.screen import screen  # noqa: PLC0415  rich is slow

    console = screen()
    return lambda raw: show_event(console, read(raw, EventDocument))


def _complain(notice: Notice) -> None:
    count = read(notice.params, _Lagged).count
    write_complaint(f"{count} events were left out: this end reads too slowly")
