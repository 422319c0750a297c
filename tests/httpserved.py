"""An application behind the real server, asked over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import trio

from selfhealingd.core.web import Token, Web, digest
from selfhealingd.web.gate import Gate
from selfhealingd.web.intake import Intake
from selfhealingd.web.server import Application, Limits, Message, Receive, Send, serve
from selfhealingd.web.server import listen as listen_at

DEADLINE = 20.0
TOKEN = "t" * 64


class Client:
    """One connection, spoken by hand."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream

    async def say(self, text: str) -> None:
        """Send text."""
        await self.stream.send_all(text.encode("latin-1"))

    async def rest(self) -> str:
        """Return all that comes until the server ends it; a reset is an end, too."""
        found = b""
        with trio.fail_after(DEADLINE):
            try:
                while data := await self.stream.receive_some(65536):
                    found += data
            except trio.BrokenResourceError:
                pass
        return found.decode("latin-1")

    async def until(self, text: str) -> str:
        """Return what comes until that is in it."""
        found = b""
        with trio.fail_after(DEADLINE):
            while text.encode() not in found:
                data = await self.stream.receive_some(65536)
                assert data, found
                found += data
        return found.decode("latin-1")


class Place:
    """Where the application is served. ``errors``: that nobody meant to raise."""

    def __init__(
        self, port: int, scope: trio.CancelScope, errors: list[tuple[Exception, str]]
    ) -> None:
        self.port = port
        self.end = scope.cancel
        self.errors = errors

    @asynccontextmanager
    async def connect(self, *, source: str = "127.0.0.1") -> AsyncIterator[Client]:
        """Open a connection, from that address."""
        stream = await trio.open_tcp_stream(
            "127.0.0.1", self.port, local_address=source
        )
        async with stream:
            yield Client(stream)

    async def ask(self, head: str, body: str = "") -> str:
        """Ask on a connection of its own; return all of the answer."""
        async with self.connect() as client:
            await client.say(f"{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with suppress(trio.BrokenResourceError):  # it need not want the body
                await client.say(body)
            return await client.rest()

    async def is_served(self, head: str) -> bool:
        """Whether that is answered well now."""
        return (await self.ask(head)).startswith("HTTP/1.1 200")


@asynccontextmanager
async def serving(
    application: Application, limits: Limits | None = None
) -> AsyncIterator[Place]:
    """Serve it until the end of the block; what nobody meant to raise fails it."""
    errors: list[tuple[Exception, str]] = []
    listener = listen_at("127.0.0.1", 0)
    port = listener.socket.getsockname()[1]
    run = partial(
        serve,
        application,
        listener,
        tls=None,
        on_error=lambda error, where: errors.append((error, where)),
        limits=limits or Limits(),
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        yield Place(port, nursery.cancel_scope, errors)
        nursery.cancel_scope.cancel()
    assert [] == errors


def guarded(
    application: Application,
    errors: list[tuple[Exception, str]],
    web: Web | None = None,
) -> Application:
    """Wrap an application as the daemon does."""
    return Intake(
        application,
        Gate(web or Web(), Token(digest=digest(TOKEN))),
        on_error=lambda error, where: errors.append((error, where)),
        on_wrong=lambda _address: None,
    )


async def hello(_scope: Message, _receive: Receive, send: Send) -> None:
    """Answer with a greeting, whatever is asked."""
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})
