"""The daemon as the web asks it: methods, status, events."""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.commands import results
from selfhealingd.control.answering import Answering, perform
from selfhealingd.control.outbox import Outbox
from selfhealingd.control.peer import Peer, Rights
from selfhealingd.control.registry import Call, Registry
from selfhealingd.feed import Follower
from selfhealingd.status import status
from selfhealingd.system import System
from selfhealingd.wire.documents import EventDocument, Status
from selfhealingd.wire.messages import Request, Response

if TYPE_CHECKING:  # without [web] nothing of it is loaded
    from selfhealingd.web.backend import SendLine, Who
    from selfhealingd.web.figures import Figures

ANSWER_SECS = 30.0
WAITING = 1024 * 1024
"""Bytes of notifications that may wait for a client."""
LAST = frozenset({"ended", "finished", "replayed"})
"""Notifications after which nothing more is told of what was asked for."""

_NOBODY = 2**32 - 1  # chown(2): it stands for no user at all

log = logs.get("Web")


class WebBackend:
    """The daemon as the web asks it."""

    def __init__(self, system: System, registry: Registry) -> None:
        self.system = system
        self.results = results()
        rights = Rights(os.geteuid())
        self._answering = Answering(registry, rights, self.on_error)

    def status(self) -> Status:
        """Return the whole truth as of now."""
        return status(self.system)

    async def settled(self) -> None:
        """Wait until what has been decided so far is on disk."""
        await self.system.loop.settled()

    def change(self) -> "FirstOf":
        """Return the next change of the status, from now on."""
        return FirstOf(self.system.loop.moved, self.system.problems.changed)

    def last(self, number: int) -> list[EventDocument]:
        """Return the latest events, the oldest first."""
        return self.system.feed.last(number)

    def follow(self) -> AbstractContextManager[Follower]:
        """Follow events from now on."""
        return self.system.feed.follow()

    @asynccontextmanager
    async def ask(
        self, method: str, params: bytes, who: "Who"
    ) -> AsyncIterator["_Asking"]:
        """Have a method done; it goes on where who asked goes away."""
        uid = os.geteuid() if who.operator else _NOBODY
        outbox = Outbox(WAITING)
        call = Call(
            Peer(uid, os.getegid(), os.getpid()),
            method,
            outbox,
            operator=who.operator,
            via=who.via,
        )
        request = Request(method=method, params=msgspec.Raw(params))
        try:
            response = await perform(
                self._answering,
                self.system.nursery,
                call,
                request,
                patience=ANSWER_SECS,
            )
            yield _Asking(response, call, outbox)
        finally:
            outbox.close()

    async def figures(self, status: Status) -> "Figures":
        """Return what metrics are made of, beside a status."""
        from selfhealingd.figuring import figures  # noqa: PLC0415 - as all of the web

        return await figures(self.system, status)

    def on_error(self, error: Exception, where: str) -> None:
        """Tell in the log what nobody meant to raise."""
        log.error(f"a defect of ours in {where}", exc_info=error)

    def on_wrong_token(self, address: str) -> None:
        """Tell in the log that somebody tried a wrong token."""
        log.warning(f"a wrong token from {address}")


class FirstOf:
    """The first of several events."""

    def __init__(self, *events: trio.Event) -> None:
        self._events = events

    async def wait(self) -> None:
        """Wait until it has happened."""
        async with trio.open_nursery() as nursery:

            async def wait(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            for event in self._events:
                nursery.start_soon(wait, event)


class _Told(msgspec.Struct, frozen=True):
    """What of a notification says whether it is the last one."""

    method: str


class _Asking:
    """A request that was answered, and what is told about it later."""

    def __init__(self, response: Response, call: Call, outbox: Outbox) -> None:
        self.response = response
        self._call = call
        self._outbox = outbox

    async def pump(self, send: "SendLine") -> None:
        """Hand on each later line as it comes; return after the last one."""
        raw = self.response.result
        tailed = msgspec.json.decode(raw, type=_Logs) if raw else _Logs()
        self._call.release()
        with trio.CancelScope() as scope:
            await self._outbox.pump(_Lines(send, len(tailed.logs), scope))


class _Logs(msgspec.Struct, frozen=True):
    """How many logs a result says are shown: each has an end of its own."""

    logs: tuple[msgspec.Raw, ...] = ()


class _Lines:
    """Takes lines to a client, until the last."""

    def __init__(self, send: "SendLine", logs: int, scope: trio.CancelScope) -> None:
        self._send = send
        self._left = max(logs, 1)
        self._scope = scope

    async def send(self, data: memoryview) -> int:
        """Hand on a line, of which each comes as a whole."""
        line = bytes(data)
        await self._send(line)
        if msgspec.json.decode(line, type=_Told).method in LAST:
            self._left -= 1
        if not self._left:
            self._scope.cancel()
        return len(line)
