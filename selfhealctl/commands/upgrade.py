"""Upgrade: the daemon goes on as the code that is installed now; programs run on."""

import time
from contextlib import suppress
from pathlib import Path

import msgspec

from selfhealctl.client import connect
from selfhealctl.errors import CannotError, TimedOut, Unreachable
from selfhealctl.session import Session, read
from selfhealingd.wire.documents import Version
from selfhealingd.wire.methods import Nothing

CHECK_SECS = 45.0
"""The daemon gives the new code 30 s to check the config before it answers."""

BACK_SECS = 60.0
GONE_SECS = 5.0
"""Who has ended is started again by then, if systemd does."""

_AGAIN_SECS = 0.1


class Upgraded(msgspec.Struct, frozen=True):
    """Who answered before, and who does now."""

    before: Version
    after: Version


def upgrade(session: Session) -> None:
    """Go on as the code that is installed now; programs run on untouched."""
    before = read(session.ask("version"), Version)
    process = Path("/proc", str(before.pid))
    visible = process if process.exists() else None
    with (
        connect(session.socket, session.timeout) as connection,
        # The connection ends with the code that answers, perhaps before its answer.
        suppress(Unreachable),
    ):
        connection.call("upgrade", Nothing(), max(session.timeout, CHECK_SECS))
        while True:
            connection.notice(BACK_SECS)
    upgraded = Upgraded(before, _back(session, visible))
    if session.wrote_json(msgspec.json.encode(upgraded)):
        return
    from selfhealctl.views.work import show_upgraded  # noqa: PLC0415

    show_upgraded(upgraded.before, upgraded.after)


def _back(session: Session, process: Path | None) -> Version:
    """Wait until somebody answers again; not for long, where the daemon has ended.

    ``process``: it, if we see it; it keeps its pid, unless it was stopped meanwhile.
    """
    begun = time.monotonic()
    while True:
        try:
            return read(session.ask("version"), Version)
        except (Unreachable, TimedOut) as error:
            gone = process is not None and not process.exists()
            patience = GONE_SECS if gone else BACK_SECS
            if time.monotonic() > begun + patience:
                late = f"the daemon did not answer again in {patience:g} s"
                raise CannotError(
                    f"{late}: {error.words}",
                    "programs run on; see its log, and start it again",
                ) from error
            time.sleep(_AGAIN_SECS)
