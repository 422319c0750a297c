"""A model's endpoint on loopback that answers what a test tells it to."""

import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import trio

GOOD = {
    "cause": "bad config",
    "summary": "It exits with status 3.",
    "lines": [1],
    "confidence": 0.8,
    "action": "hold",
}


def http(status: int, body: bytes | str, **headers: str) -> bytes:
    """Return a whole response."""
    raw = body.encode() if isinstance(body, str) else body
    head = {"content-type": "application/json", "content-length": str(len(raw))}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{n}: {v}" for n, v in head.items()), "", ""]
    return "\r\n".join(lines).encode() + raw


def message(told: object = GOOD, **changed: Any) -> bytes:
    """Return an answer as the API gives it, with ``told`` as the tool's input."""
    block = {"type": "tool_use", "id": "toolu_1", "name": "report", "input": told}
    whole = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "a-model",
        "content": [block],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 20},
    }
    return http(200, json.dumps(whole | changed))


@dataclass
class Endpoint:
    """Where it is, what it answers, and what it was sent.

    ``resets``: what it has answered, it breaks the connection off.
    """

    url: str = ""
    answer: bytes = b""
    pieces: Callable[[], AsyncIterator[bytes]] | None = None
    resets: bool = False
    answers: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, stream: trio.SocketStream) -> None:
        """Read one request, answer it, and close."""
        try:
            async with stream:
                read = b""
                while b"\r\n\r\n" not in read:
                    chunk = await stream.receive_some()
                    if not chunk:
                        return
                    read += chunk
                head, _, body = read.partition(b"\r\n\r\n")
                lines = head.decode().lower().split("\r\n")
                [length] = [
                    int(x[16:]) for x in lines if x.startswith("content-length:")
                ]
                while len(body) < length:
                    body += await stream.receive_some()
                if self.resets:
                    stream.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
                self.heads.append(head.decode())
                self.bodies.append(body)
                if self.pieces is not None:
                    async for piece in self.pieces():
                        await stream.send_all(piece)
                else:
                    said = self.answers.pop(0) if self.answers else self.answer
                    await stream.send_all(said)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # who asked has had enough


@asynccontextmanager
async def endpoint(answer: bytes = b"") -> AsyncIterator[Endpoint]:
    """Have one for the block."""
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        served = Endpoint(url=f"http://127.0.0.1:{port}", answer=answer)
        nursery.start_soon(trio.serve_listeners, served.serve, [listener])
        yield served
        nursery.cancel_scope.cancel()
