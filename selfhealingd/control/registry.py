"""What each method does: a fixed table, checked once against the wire's."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec
import trio

from selfhealingd.control.outbox import Outbox, notification
from selfhealingd.control.peer import Peer
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.methods import METHODS


class Refusal(Exception):
    """A request that is not done, told to the client as it stands.

    ``hint``: the next command for a person.
    """

    def __init__(self, kind: Kind, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


class Call:
    """One request as its handler sees it: who asks, and a way to tell them more.

    ``operator``: they may operate, so nothing need be withheld from them. ``via``: in
    words, by which other way than the control socket they came.
    """

    def __init__(
        self,
        peer: Peer,
        method: str,
        outbox: Outbox,
        *,
        operator: bool = False,
        via: str | None = None,
    ) -> None:
        self.peer = peer
        self.via = via
        self.operator = operator
        self.method = method
        self._outbox = outbox
        self._held: list[bytes] | None = []
        self._released = trio.Event()

    def notify(self, method: str, params: msgspec.Struct) -> None:
        """Tell this client more; never waits, never fails, may be called for ever.

        What is told before the response is held until the response was queued, so a
        client never hears of an operation that it doesn't know yet.
        """
        line = notification(method, params)
        if self._held is not None:
            self._held.append(line)
        else:
            self._outbox.notify(line)

    async def room(self) -> None:
        """Wait until this client has read enough to be told more.

        What it is told next, without waiting for anything else in between, is not
        dropped, up to half of what may wait for it. It may never read: so only for a
        task that holds up nobody, and that ``on_close`` ends.
        """
        await self._released.wait()
        await self._outbox.room()

    def on_close(self, callback: Callable[[], object]) -> None:
        """Call back when the connection ends; where a subscription ends itself."""
        self._outbox.on_close(callback)

    def release(self) -> None:
        """Let go of what is held: the response was queued."""
        held, self._held = self._held or (), None
        self._released.set()
        for line in held:
            self._outbox.notify(line)


# Any: each method has parameters of its own type, as wire.methods says.
Handler: TypeAlias = Callable[[Call, Any], Awaitable[object]]
"""Given a call and its parameters, return what is to be encoded as the result.

Raises Refusal for what is not done. It is never cancelled because its client went
away; what takes longer than a moment belongs into a nursery of the daemon, and is
answered with ``Started``.
"""


class Registry:
    """Method name to handler, one for each method of the wire."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        missing = sorted(METHODS.keys() - handlers.keys())
        unknown = sorted(handlers.keys() - METHODS.keys())
        if missing or unknown:
            raise ValueError(
                f"handlers don't match the methods: missing {missing}, "
                f"unknown {unknown}"
            )
        self._handlers = dict(handlers)

    def handler(self, method: str) -> Handler:
        """Return the handler of a method that is in the table."""
        return self._handlers[method]
