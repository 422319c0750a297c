"""Real servers, each of which does one thing, whoever asks."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import trio

Handler: TypeAlias = Callable[[trio.abc.Stream], Awaitable[None]]


def says(answer: bytes) -> Handler:
    """Return a server that says this to whatever it hears first, and hangs up."""

    async def handler(stream: trio.abc.Stream) -> None:
        await stream.receive_some(65536)
        await stream.send_all(answer)

    return handler


async def hangs(_stream: trio.abc.Stream) -> None:
    """Take a connection, and never say anything."""
    await trio.sleep_forever()


def takes_mail(taken: list[str]) -> Handler:
    """Return a server of SMTP that takes every message, and keeps what was sent."""

    async def handler(stream: trio.abc.Stream) -> None:
        await stream.send_all(b"220 here\r\n")
        unread, lines, data = b"", list[str](), False
        while chunk := await stream.receive_some(65536):
            unread += bytes(chunk)
            while b"\n" in unread:
                raw, _, unread = unread.partition(b"\n")
                line = raw.decode().rstrip("\r")
                lines.append(line)
                if data and line != ".":
                    continue
                command = line[:4].upper()
                if data:
                    taken.append("\n".join(lines))
                data = command == "DATA"
                told = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}
                await stream.send_all(told.get(command, b"250 well\r\n"))

    return handler


@asynccontextmanager
async def served(
    handler: Handler, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on a port of this host for the block, perhaps by TLS; gives the port."""

    async def handle(plain: trio.SocketStream) -> None:
        stream: trio.abc.Stream = plain
        if context is not None:
            stream = trio.SSLStream(
                plain, context, server_side=True, https_compatible=True
            )
        # Whoever asked may have gone, or not like our certificate.
        with suppress(trio.BrokenResourceError):
            async with stream:
                await handler(stream)

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, handle, [listener])
        yield port
        nursery.cancel_scope.cancel()
