"""What the web asks of the daemon; whoever serves it has to have this."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol, TypeAlias

import msgspec
import trio

from selfhealingd.web.figures import Figures
from selfhealingd.wire.documents import EventDocument, Status
from selfhealingd.wire.messages import Response

SendLine: TypeAlias = Callable[[bytes], Awaitable[None]]


class Who(msgspec.Struct, frozen=True):
    """Who asks: whether they may operate, and by which way they came, in words."""

    operator: bool
    via: str


class Asking(Protocol):
    """A request that was answered, and what is told about it later."""

    @property
    def response(self) -> Response:
        """The answer."""

    async def pump(self, send: SendLine) -> None:
        """Hand on each later line as it comes; return after the last one."""


class Following(Protocol):
    """Events as they happen. ``missed``: how many were dropped so far."""

    events: trio.MemoryReceiveChannel[EventDocument]
    missed: int


class Change(Protocol):
    """The next change of what the status shows."""

    async def wait(self) -> None:
        """Wait until it has happened."""


class Backend(Protocol):
    """A running daemon."""

    @property
    def results(self) -> Mapping[str, object]:
        """Of each method, the type of what it gives."""

    def status(self) -> Status:
        """Return the whole truth as of now."""

    async def settled(self) -> None:
        """Wait until what has been decided so far is on disk."""

    def change(self) -> Change:
        """Return the next change of the status, from now on."""

    def last(self, number: int) -> Iterable[EventDocument]:
        """Return the latest events, the oldest first; not so many if none are kept."""

    def follow(self) -> AbstractContextManager[Following]:
        """Follow events from now on."""

    def ask(
        self, method: str, params: bytes, who: Who
    ) -> AbstractAsyncContextManager[Asking]:
        """Have a method done; it goes on where who asked goes away."""

    async def figures(self, status: Status) -> Figures:
        """Return what metrics are made of, beside a status."""

    def on_error(self, error: Exception, where: str) -> None:
        """Be told of what nobody meant to raise."""

    def on_wrong_token(self, address: str) -> None:
        """Be told that somebody tried a token that is not the one."""
