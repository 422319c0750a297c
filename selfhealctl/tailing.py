"""Programs' logs: asked for once, then told by notifications until they have ended."""

import os
import shlex

import typer

from selfhealctl.client import Connection, Notice, connect
from selfhealctl.errors import Unreachable
from selfhealctl.exits import Status
from selfhealctl.output import write_bytes, write_complaint
from selfhealctl.session import Session, is_terminal, read
from selfhealctl.terminal import wants_colours
from selfhealctl.views.logs import (
    Form,
    Named,
    Objects,
    OnTerminal,
    Verbatim,
)
from selfhealingd.wire.methods import Tail
from selfhealingd.wire.output import (
    EndedDocument,
    OutputDocument,
    SkippedDocument,
    Tailing,
)

_SHOWN = 3


def show_logs(session: Session, params: Tail, *, named: bool) -> None:
    """Show logs until they have ended, or until Ctrl-C where they are followed.

    ``named``: each line with its program's name, also when there is but one log.
    Leaves with status 1 when one could not be shown to its end.
    """
    form: Form | None = None
    try:
        with connect(session.socket, session.timeout) as connection:
            raw = connection.call("tail", params, session.timeout)
            tailing = read(raw, Tailing)
            for one in tailing.elsewhere:
                write_complaint(f"cannot show all: {one.words}", one.hint)
            form = _form(session, tailing, named=named)
            whole = _Logs(session, params, tailing, form).show(connection)
    except KeyboardInterrupt:
        if form is None or not params.follow:
            raise
        return  # the way in which following is meant to end
    finally:
        if form is not None:
            write_bytes(form.finish())
    if not whole:
        raise typer.Exit(Status.FAILED)


def _form(session: Session, tailing: Tailing, *, named: bool) -> Form:
    terminal = is_terminal()
    colours = wants_colours(os.environ, terminal=terminal)
    if session.chosen_json:
        return Objects()
    if named or len(tailing.logs) > 1:
        return Named(tailing.logs, terminal=terminal, colours=colours)
    return OnTerminal(colours=colours) if terminal else Verbatim()


class _Logs:
    """The logs of one answer, until the last has ended."""

    def __init__(
        self, session: Session, params: Tail, tailing: Tailing, form: Form
    ) -> None:
        self._patience = None if params.follow else session.timeout
        self._form = form
        self._paths = {(one.name, one.stream): one.path for one in tailing.logs}
        self._silent = set(self._paths)
        self._whole = True

    def show(self, connection: Connection) -> bool:
        """Write what comes; return whether all came."""
        left = set(self._paths)
        while left:
            notice = self._next(connection)
            match notice.method:
                case "output":
                    self._write(read(notice.params, OutputDocument))
                case "skipped":
                    skipped = read(notice.params, SkippedDocument)
                    write_complaint(_of(skipped.name, skipped.stream, skipped.words))
                case "ended":
                    ended = read(notice.params, EndedDocument)
                    left.discard((ended.name, ended.stream))
                    self._end(ended)
        if self._whole and self._silent == self._paths.keys():
            self._tell_silence()
        return self._whole

    def _next(self, connection: Connection) -> Notice:
        try:
            return connection.notice(self._patience)
        except Unreachable:
            raise Unreachable(
                "cannot show more: the daemon ended, was restarted or upgraded",
                "see: selfhealctl status; or the logs themselves: "
                + shlex.join(["tail", "-F", *dict.fromkeys(self._paths.values())]),
            ) from None

    def _write(self, piece: OutputDocument) -> None:
        self._silent.discard((piece.name, piece.stream))
        write_bytes(self._form.feed(piece))

    def _end(self, ended: EndedDocument) -> None:
        key = (ended.name, ended.stream)
        if ended.problem is not None:
            self._whole = False
            write_complaint(_of(*key, ended.problem))

    def _tell_silence(self) -> None:
        hint = None
        if len(self._paths) == 1:
            [(name, _)] = self._paths
            hint = f"all that it says: selfhealctl logs {name}"
        paths = list(dict.fromkeys(self._paths.values()))
        shown = ", ".join(paths[:_SHOWN])
        more = len(paths) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        write_complaint(f"there is nothing in {shown}{rest}", hint)


def _of(name: str, stream: str, words: str) -> str:
    return f"{stream} of {name}: {words}"
