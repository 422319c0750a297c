"""A client's socket that holds up nobody: whoever reads too slowly loses it."""

import socket
from contextlib import suppress

import trio

_PIECE = 64 * 1024


class Paced(trio.abc.HalfCloseableStream):
    """A client's socket, which is closed if the client reads too slowly."""

    def __init__(self, stream: trio.SocketStream, patience: float) -> None:
        self.socket = stream.socket
        self._stream = stream
        self._patience = patience
        self._ended = False
        with suppress(OSError):
            host, port, *_ = stream.socket.getpeername()
            self.peer: tuple[str, int] = (host, port)
            return
        self.peer = ("", 0)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send in pieces, each within its time; raises BrokenResourceError."""
        view = memoryview(data)
        for begin in range(0, len(view), _PIECE):
            if self._ended:
                raise trio.ClosedResourceError
            with trio.move_on_after(self._patience) as scope:
                await self._stream.send_all(view[begin : begin + _PIECE])
            if scope.cancelled_caught:
                await trio.aclose_forcefully(self)
                raise trio.BrokenResourceError("it reads too slowly")

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until it reads."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say that nothing more comes; whoever would send more, meanwhile, may not."""
        self._ended = True
        await self._stream.send_eof()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return what came."""
        return bytes(await self._stream.receive_some(max_bytes))

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    def cut(self) -> None:
        """Let whatever waits for this client fail at once."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
