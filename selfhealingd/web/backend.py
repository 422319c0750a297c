"""What the web asks of the daemon; whoever serves it has to have this."""

from typing import Protocol

import msgspec

from selfhealingd.wire.documents import Status


class Who(msgspec.Struct, frozen=True):
    """Who asks: whether they may operate, and by which way they came, in words."""

    operator: bool
    via: str


class Backend(Protocol):
    """A running daemon."""

    async def status(self) -> Status:
        """Return the whole truth; what it says of breakers is on disk."""

    def on_error(self, error: Exception, where: str) -> None:
        """Be told of what nobody meant to raise."""

    def on_wrong_token(self, address: str) -> None:
        """Be told that somebody tried a token that is not the one."""
