"""Connections: how many, how slow they may be, and how they end.

hypercorn's trio worker speaks the protocol. Around it is what keeps a client from
costing others anything: a limit of connections, a deadline for each send, and an end
at once when the server ends, whoever has not read yet.
"""

import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeAlias

import h11
import msgspec
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from selfhealingd.web.paced import Paced

BACKLOG = 128
PARTING_SECS = 0.5
"""For an answer that is on its way, such as to who asked for the reload."""
HANG_UP = "hang_up"
"""In a request's ``state``: call it to end the connection without another word."""

CROWDED = "crowded"
"""In a request's ``state``: it came by one of the places that are for little alone."""
HEAD = 16 * 1024
"""Bytes of a request's head."""


def _error(kind: str, message: str, hint: str | None = None) -> bytes:
    """Write what ``answers`` writes, for those who get no further."""
    told = {"error": {"kind": kind, "message": message, "hint": hint}}
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


_LONG_HEAD = 431
_ERRORS = {_LONG_HEAD: _error("bad-request", f"a head may have {HEAD >> 10} KiB")}
_NO_REQUEST = _error("bad-request", "this is no request of HTTP/1.1")
_FULL = _error("busy", "there are too many connections", "ask again in 5 s")
_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
) % (len(_FULL), _FULL)

# Any: ASGI's messages have many forms.
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take. Times are seconds, sizes bytes.

    ``connections``: at a time, ``each`` of one address, and so many more in a
    ``crowd``: for monitors and those with the token, whose head has to come within
    ``hurry``. ``head``: from the connection, or the end of the last request, to the
    end of the next one's head.
    ``sending``: for each 64 KiB that a client reads. ``handshake``: until TLS has been
    agreed on.
    """

    connections: int = 96
    each: int = 64
    crowd: int = 32
    head: float = 10.0
    hurry: float = 2.0
    sending: float = 10.0
    handshake: float = 10.0


_DEFAULT_LIMITS = Limits()


def listen(host: str, port: int) -> trio.SocketListener:
    """Listen at an address; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        return trio.SocketListener(trio.socket.from_stdlib_socket(sock))
    except BaseException:
        sock.close()
        raise


async def serve(
    application: Application,
    listener: trio.SocketListener,
    *,
    tls: ssl.SSLContext | None,
    on_error: Callable[[Exception, str], None],
    limits: Limits = _DEFAULT_LIMITS,
    retired: trio.Event | None = None,
) -> None:
    """Answer clients until cancelled, and leave none of them behind.

    Once ``retired`` is set nobody new is let in; who is there has ``PARTING_SECS``.
    ``on_error`` is told of each exception that nobody meant to raise; the others go on.
    Raises OSError when accepting fails for another reason than a lack of descriptors
    or memory, which is waited out.
    """
    server = _Server(application, tls, on_error, limits)
    async with listener, trio.open_nursery() as nursery:
        try:
            async with trio.open_nursery() as door:
                accept = partial(trio.serve_listeners, handler_nursery=nursery)
                door.start_soon(accept, server.welcome, [listener])
                await (trio.Event() if retired is None else retired).wait()
                door.cancel_scope.cancel()
            await listener.aclose()
            await trio.sleep(PARTING_SECS)
        finally:
            server.cut()
        nursery.cancel_scope.cancel()


async def gone(receive: Receive, scope: trio.CancelScope) -> None:
    """End what is told to a client once it goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


class _Place(Enum):
    OPEN = "open"
    CROWD = "crowd"


class _Server:
    """Everybody who is connected."""

    def __init__(
        self,
        application: Application,
        tls: ssl.SSLContext | None,
        on_error: Callable[[Exception, str], None],
        limits: Limits,
    ) -> None:
        self._application = ASGIWrapper(application)  # type: ignore[arg-type]
        self._tls = tls
        self._on_error = on_error
        self._limits = limits
        self._config = _config(limits.head)
        self._hurried = _config(limits.hurry)
        self._streams: dict[Paced, _Place] = {}

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Converse with one client, or turn it away; raises nothing."""
        paced = Paced(stream, self._limits.sending)
        try:
            with self._place(paced) as granted:
                async with paced:
                    if granted:
                        await self._converse(paced, crowded=granted is _Place.CROWD)
                    elif self._tls is None:
                        await paced.send_all(_TOO_MANY)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # it went away
        except* h11.ProtocolError:
            pass  # nonsense, some of which hypercorn notices late
        except* Exception as error:  # noqa: BLE001 - one client must not end the others
            self._on_error(error, "a connection")

    def cut(self) -> None:
        """End all connections now: who does not read holds up nobody."""
        for stream in self._streams:
            stream.cut()

    async def _converse(self, paced: Paced, *, crowded: bool) -> None:
        stream: trio.abc.Stream = paced
        limits = self._limits
        patience = limits.hurry if crowded else limits.handshake
        if self._tls is not None:
            secure = trio.SSLStream(
                paced, self._tls, server_side=True, https_compatible=True
            )
            with trio.move_on_after(patience) as scope:
                await secure.do_handshake()
            if scope.cancelled_caught:
                return
            stream = secure
        with trio.CancelScope() as scope:
            state = ConnectionState({HANG_UP: scope.cancel, CROWDED: crowded})
            connection = _Connection(
                self._application,
                self._hurried if crowded else self._config,
                WorkerContext(None),
                state,
                stream,  # type: ignore[arg-type]
            )
            connection.secure = self._tls is not None
            connection.client = paced.peer
            await connection.run()

    @contextmanager
    def _place(self, stream: Paced) -> Iterator["_Place | None"]:
        place = self._free(stream.peer[0])
        if place is None:
            yield None
            return
        self._streams[stream] = place
        try:
            yield place
        finally:
            del self._streams[stream]

    def _free(self, address: str) -> "_Place | None":
        taken = Counter(self._streams.values())
        own = sum(one.peer[0] == address for one in self._streams)
        # Who takes all that they may leaves places to those who come from elsewhere.
        if taken[_Place.OPEN] < self._limits.connections and own < self._limits.each:
            return _Place.OPEN
        return _Place.CROWD if taken[_Place.CROWD] < self._limits.crowd else None


class _Connection(TCPServer):
    """hypercorn's connection, for HTTP/1.1 alone: all else would only add holes."""

    secure = False
    client: tuple[str, int] = ("", 0)

    async def run(self) -> None:
        """Converse until either side ends it."""
        async with TaskGroup() as tasks:
            self._task_group = tasks
            # The wrapper that it stands for would also speak HTTP/2.
            self.protocol = _Http11(  # type: ignore[assignment]
                self.app,
                self.config,
                self.context,
                tasks,
                ConnectionState(self.state),
                self.secure,
                self.client,
                None,
                self.protocol_send,
            )
            await self.idle_task.restart(tasks, self._idle_timeout)
            try:
                await self._read_data()
                await self.idle_task.stop()  # or the place is taken until it is over
            finally:
                await self._close()


class _Http11(H11Protocol):
    async def _check_protocol(self, event: object) -> None:
        """Ignore an offer to speak HTTP/2, as RFC 9110 (7.8) lets a server do."""

    async def _create_stream(self, request: h11.Request) -> None:
        """Go on with it, unless h11 took in at once more than it would wait for."""
        said = sum(len(name) + len(value) + 4 for name, value in request.headers)
        if said + len(request.target) > HEAD:
            await self._send_error_response(_LONG_HEAD)
            raise h11.RemoteProtocolError("too long a head")
        await super()._create_stream(request)

    async def _send_error_response(self, status_code: int) -> None:
        """Say what was wrong, as all errors here are said."""
        body = _ERRORS.get(status_code, _NO_REQUEST)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        start = h11.Response(status_code=status_code, headers=headers)
        for event in (start, h11.Data(data=body), h11.EndOfMessage()):
            await self._send_h11_event(event)


def _config(patience: float) -> Config:
    config = Config()
    config.keep_alive_timeout = patience
    config.h11_max_incomplete_size = HEAD
    config.include_server_header = False
    config.errorlog = None
    config.accesslog = None
    return config
