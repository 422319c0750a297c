"""The journal decided once more. Its view loads when it is needed."""

import os
import time
from datetime import UTC, datetime, timedelta

import msgspec
import typer

from selfhealctl.client import Connection, connect
from selfhealctl.errors import CannotError, TimedOut
from selfhealctl.exits import Status
from selfhealctl.options import OtherConfig, SinceWhen
from selfhealctl.output import write_complaint
from selfhealctl.session import Session, read
from selfhealctl.typed import seconds_of
from selfhealingd.wire.methods import Replay
from selfhealingd.wire.operation import Started
from selfhealingd.wire.replay import ReplayedDocument

_LONGEST = 86400.0


def replay(
    session: Session, config: OtherConfig = None, since: SinceWhen = None
) -> None:
    """Decide again what the journal has; with --with, as another config would.

    Without --with, it shows what happened and that the same is decided again. With
    it, what would have been otherwise, and where that begins; Ctrl-C ends it.
    """
    wanted = Replay(
        config=None if config is None else os.path.abspath(config),  # noqa: PTH100  no link followed
        since=None if since is None else _when(since),
    )
    with connect(session.socket, session.timeout) as connection:
        raw = connection.call("replay", wanted, session.timeout)
        told = _wait(session, connection, read(raw, Started))
    if told.mistakes:
        for mistake in told.mistakes:
            write_complaint(mistake)
        raise CannotError(
            f"cannot replay with {wanted.config}: it has mistakes",
            f"mend them, and see: selfhealingd --config {wanted.config} --check",
        )
    if told.replay is None:
        raise CannotError(f"cannot replay: {told.problem}")
    if not session.wrote_json(msgspec.json.encode(told.replay)):
        from selfhealctl.views.replay import show_replay  # noqa: PLC0415

        show_replay(told.replay)
    if told.replay.mismatches:
        raise typer.Exit(Status.FAILED)


def _wait(
    session: Session, connection: Connection, started: Started
) -> ReplayedDocument:
    patience = min(max(started.deadline, 0.0), _LONGEST) + session.timeout
    until = time.monotonic() + patience
    while True:
        try:
            notice = connection.notice(until - time.monotonic())
        except TimedOut:
            words = f"cannot replay: it was not done in {patience:g} s"
            raise TimedOut(words, "name a later time with --since") from None
        if notice.method == "replayed":
            told = read(notice.params, ReplayedDocument)
            if told.operation == started.operation:
                return told


def _when(since: str) -> datetime:
    """Return a point in time: so long ago, or as it is written, in the zone of here."""
    try:
        return datetime.fromisoformat(since.strip()).astimezone()
    except ValueError:
        return datetime.now(UTC) - timedelta(seconds=seconds_of(since))
