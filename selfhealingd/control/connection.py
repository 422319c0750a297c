"""One client's conversation: requests one after another, answers in order.

A handler runs in the server's nursery, not in the connection's: a client that goes
away leaves what it began to end as if it had stayed.
"""

import contextlib
from dataclasses import dataclass

import trio

from selfhealingd.control.answering import Answering, perform, refused
from selfhealingd.control.outbox import Outbox
from selfhealingd.control.peer import Peer, may_operate
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.wire.codec import (
    BadMessage,
    Lines,
    RemoteProtocolError,
    decode_request,
)
from selfhealingd.wire.messages import MAX_MESSAGE, Kind, Response

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take. Sizes are bytes, times seconds.

    ``reserved``: of the connections, those that are kept for operators, so that
    observers can't lock them out. ``half_line``: until a line that was begun must
    end. ``reading``: until a response must be read. ``answering``: after which a
    client is told that its request is still under way. ``farewell``: to send what is
    left when a connection ends.
    """

    connections: int = 64
    reserved: int = 8
    message: int = MAX_MESSAGE
    notifications: int = 1024 * 1024
    half_line: float = 30.0
    reading: float = 30.0
    answering: float = 30.0
    farewell: float = 1.0


class Connection:
    """One client, from accept to close. ``handlers`` outlives it."""

    def __init__(
        self,
        stream: trio.SocketStream,
        peer: Peer,
        *,
        answering: Answering,
        limits: Limits,
        handlers: trio.Nursery,
    ) -> None:
        self._socket = stream.socket
        self._peer = peer
        self._answering = answering
        self._limits = limits
        self._handlers = handlers
        self._outbox = Outbox(limits.notifications)
        self._half_since: float | None = None

    async def run(self) -> None:
        """Converse until either side ends it; raises nothing but bugs."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._send, nursery.cancel_scope)
                await self._converse()
                nursery.cancel_scope.cancel()
        finally:
            try:
                await self._say_farewell()
            finally:
                self._outbox.close()

    async def turn_away(self) -> None:
        """Say that there are too many connections, and nothing else."""
        limit = self._limits.connections
        words = (
            f"cannot serve another connection: {limit} at a time are allowed, and "
            f"{self._limits.reserved} of them are kept for operators"
        )
        self._outbox.respond(refused(None, Refusal(Kind.BUSY, words)))
        await self._say_farewell()

    async def _send(self, conversation: trio.CancelScope) -> None:
        try:
            await self._outbox.pump(self._socket)
        except OSError:  # the client went away: nothing is left to say to it
            self._hang_up(conversation)

    def _hang_up(self, conversation: trio.CancelScope) -> None:
        self._outbox.close()
        conversation.cancel()

    async def _say_farewell(self) -> None:
        with (
            trio.move_on_after(self._limits.farewell, shield=True),
            contextlib.suppress(OSError),  # it went away first
        ):
            await self._outbox.flush(self._socket)

    async def _converse(self) -> None:
        lines = Lines(self._limits.message)
        while data := await self._receive():
            try:
                for line in lines.feed(data):
                    if not await self._take(line):
                        return
            except RemoteProtocolError as error:
                self._refuse(Kind.INVALID_REQUEST, f"cannot read the message: {error}")
                return
            if not lines.partial:
                self._half_since = None
            elif b"\n" in data or self._half_since is None:
                self._half_since = trio.current_time()

    async def _receive(self) -> bytes:
        """Return what came, nothing when that was all."""
        since, patience = self._half_since, self._limits.half_line
        with trio.CancelScope() as scope:
            if since is not None:
                scope.deadline = since + patience
            try:
                return await self._socket.recv(_CHUNK)
            except OSError:  # the client went away without reading all we sent
                return b""
        words = (
            f"cannot wait longer: a line that was begun didn't end in {patience:g} s"
        )
        self._refuse(Kind.TIMED_OUT, words)
        return b""

    def _refuse(self, kind: Kind, words: str) -> None:
        self._outbox.respond(refused(None, Refusal(kind, words)))

    async def _take(self, line: bytes) -> bool:
        """Do one request; return whether the client is there for another."""
        try:
            request = decode_request(line)
        except BadMessage as error:
            words = f"cannot read the request: {error}"
            return await self._respond(refused(None, Refusal(error.kind, words)))
        operator = may_operate(self._peer, self._answering.rights)
        call = Call(self._peer, request.method, self._outbox, operator=operator)
        response = await perform(
            self._answering,
            self._handlers,
            call,
            request,
            patience=self._limits.answering,
        )
        if request.id is None:
            call.release()
            return True
        return await self._respond(response, call)

    async def _respond(self, response: Response, call: Call | None = None) -> bool:
        sent = self._outbox.respond(response)
        if call is not None:
            call.release()
        with trio.move_on_after(self._limits.reading) as scope:
            await sent.wait()
        if scope.cancelled_caught:
            self._outbox.close()  # it doesn't read: no farewell either
        return not scope.cancelled_caught
