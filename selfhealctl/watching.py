"""One look after the other, at each event and every few seconds, until Ctrl-C."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeAlias

import typer
from msgspec.structs import replace

from selfhealctl.capture import printed, rows, size
from selfhealctl.client import Connection, connect
from selfhealctl.errors import TimedOut, Unreachable
from selfhealctl.ink import line
from selfhealctl.output import write_bytes
from selfhealctl.session import Session, is_terminal
from selfhealctl.terminal import PLAIN
from selfhealingd.wire.methods import Subscribe

TOGETHER = 0.2
"""Seconds: events that come so close are shown at once."""

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"

Look: TypeAlias = Callable[[Session], None]


def repeat(session: Session, seconds: float | None, look: Look) -> None:
    """Look once; with ``seconds``, again and again, at least once in so many.

    On a terminal in place, without flicker; a daemon that is away is waited for.
    Scripts get a line of JSON each time, by ``jsonl`` one for each item, and the error
    that ends it.
    """
    if seconds is None:
        look(session)
    elif is_terminal() and not session.as_json:
        _on_screen(session, seconds, look)
    else:
        _in_a_pipe(replace(session, one_of_many=True), seconds, look)


def _in_a_pipe(session: Session, seconds: float, look: Look) -> None:
    try:
        with _events(session) as connection:
            while True:
                _looked(session, look)
                _wait(connection, seconds)
    except KeyboardInterrupt:
        return  # the way in which watching is meant to end


def _on_screen(session: Session, seconds: float, look: Look) -> None:
    text = ""
    try:
        with _screen():
            while True:
                try:
                    with _events(session) as connection:
                        while True:
                            text = printed(lambda: _looked(session, look))
                            _draw(text)
                            _wait(connection, seconds)
                except (Unreachable, TimedOut) as error:
                    before = f"\n\nbefore that:\n{text}" if text else ""
                    _draw(f"{error.words}\ntrying again{before}")
                    time.sleep(seconds)
    except KeyboardInterrupt:
        write_bytes(text.encode(sys.stdout.encoding, PLAIN))


def _looked(session: Session, look: Look) -> None:
    try:
        look(session)
    except typer.Exit:
        return  # something isn't as it should be, which is seen


@contextmanager
def _events(session: Session) -> Iterator[Connection]:
    with connect(session.socket, session.timeout) as connection:
        connection.call("subscribe", Subscribe(last=0), session.timeout)
        connection.notice(session.timeout)  # that what comes now is live
        yield connection


def _wait(connection: Connection, seconds: float) -> None:
    """Return after so many seconds, or once what happens has all happened."""
    until = time.monotonic() + seconds
    try:
        connection.notice(seconds)
        soon = time.monotonic() + TOGETHER
        while True:
            connection.notice(max(0.0, min(until, soon) - time.monotonic()))
    except TimedOut:
        return


def _draw(text: str) -> None:
    """Write over what is there: each line and the rest of its place."""
    columns, lines = size()
    frame, left = _HOME, max(1, lines - 1)
    for one in text.splitlines():
        left -= rows(one, columns)
        if left < 0:
            break
        # At the end of a full row, xterm would clear the last character of it.
        full = (width := line(one).width) and width % columns == 0
        frame += f"{one}{'' if full else _END_OF_LINE}\n"
    write_bytes(f"{frame}{_BELOW}".encode(sys.stdout.encoding, PLAIN))


@contextmanager
def _screen() -> Iterator[None]:
    """Use the terminal's other screen, and leave it however this ends."""
    ends = (signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.signal(number, _ended)) for number in ends]
    write_bytes(_ENTER.encode())
    try:
        yield
    finally:
        write_bytes(_LEAVE.encode())
        for number, handler in before:
            signal.signal(number, handler)


def _ended(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)
