"""Upgrade: the daemon goes on as the code that is installed now; programs run on."""

import time
from contextlib import suppress

import msgspec

from selfhealctl.client import connect
from selfhealctl.errors import CannotError, TimedOut, Unreachable
from selfhealctl.output import write_json
from selfhealctl.session import Session, read
from selfhealingd.wire.documents import Version
from selfhealingd.wire.methods import Nothing

CHECK_SECS = 45.0
"""The daemon gives the new code 30 s to check the config before it answers."""

BACK_SECS = 60.0
_AGAIN_SECS = 0.1


class Upgraded(msgspec.Struct, frozen=True):
    """Who answered before, and who does now."""

    before: Version
    after: Version


def upgrade(session: Session) -> None:
    """Go on as the code that is installed now; programs run on untouched."""
    before = read(session.ask("version"), Version)
    with (
        connect(session.socket, session.timeout) as connection,
        # The connection ends with the code that answers, perhaps before its answer.
        suppress(Unreachable),
    ):
        connection.call("upgrade", Nothing(), max(session.timeout, CHECK_SECS))
        while True:
            connection.notice(BACK_SECS)
    upgraded = Upgraded(before, _back(session))
    if session.as_json:
        write_json(msgspec.json.encode(upgraded))
        return
    from selfhealctl.views.work import show_upgraded  # noqa: PLC0415  rich is slow

    show_upgraded(upgraded.before, upgraded.after)


def _back(session: Session) -> Version:
    """Wait until somebody answers again."""
    until = time.monotonic() + BACK_SECS
    while True:
        try:
            return read(session.ask("version"), Version)
        except (Unreachable, TimedOut) as error:
            if time.monotonic() > until:
                late = f"the daemon did not answer again in {BACK_SECS:g} s"
                raise CannotError(
                    f"{late}: {error.words}",
                    "programs run on; see its log, and start it again",
                ) from error
            time.sleep(_AGAIN_SECS)
