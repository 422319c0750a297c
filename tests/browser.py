"""A client of the daemon's web listener: the standard library's, in a thread."""

import http.client
import json
import secrets
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h11
import trio
from harness import Document, House, well

TOKEN = secrets.token_hex(32)
STREAM = b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, as a value."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """What went wrong."""
        error: dict[str, Any] = self.json["error"]
        return error


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Browser:
    """Asks at one port, with what is needed to be let in."""

    port: int
    token: str | None = None
    tls: ssl.SSLContext | None = None

    async def get(self, path: str, **headers: str) -> Answer:
        """Look at something."""
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, document: object = None, **headers: str) -> Answer:
        """Have something done."""
        body = json.dumps({} if document is None else document).encode()
        return await self.ask("POST", path, headers=headers, body=body)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] = {},
        body: bytes | None = None,
    ) -> Answer:
        """Ask once, on a connection of its own; ``_`` in a header's name is ``-``."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            said.setdefault("Authorization", f"Bearer {self.token}")
        with trio.fail_after(40):
            return await trio.to_thread.run_sync(
                partial(self._ask, method, path, said, body), abandon_on_cancel=True
            )

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if self.tls is not None:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=30, context=self.tls
            )
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


async def served(
    house: House,
    *,
    programs: dict[str, Document] | None = None,
    tasks: dict[str, Document] | None = None,
    **web: Any,
) -> Browser:
    """Have a daemon that is served; give a client that knows its token."""
    port = free_port()
    make_token(house.root / "token")
    table = {"listen": f"127.0.0.1:{port}", "token_file": "token", **web}
    house.write(programs or {"a": well()}, web=table, tasks=tasks or {})
    await house.start()
    await house.logged("served at")
    return Browser(port, TOKEN)


def make_token(file: Path, mode: int = 0o600) -> None:
    """Write the token where the daemon looks for it."""
    file.write_text(f"{TOKEN}\n")
    file.chmod(mode)


class Streamed:
    """Server-sent events, of a response in chunks."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._connection = h11.Connection(h11.CLIENT)
        request = h11.Request(method="GET", target="/", headers=[("host", "x")])
        self._connection.send(request)  # it was sent by hand
        self._connection.send(h11.EndOfMessage())
        self._rest = b""

    async def next(self) -> tuple[str, Any]:
        """Return the next event's name and document."""
        with trio.fail_after(40):
            while True:
                whole, found, rest = self._rest.partition(b"\n\n")
                if not found:
                    self._rest += await self._more()
                    continue
                self._rest = rest
                if whole.startswith(b"event: "):
                    name, _, data = whole.partition(b"\n")
                    words = name.removeprefix(b"event: ").decode()
                    return words, json.loads(data.removeprefix(b"data: "))

    async def end(self) -> None:
        """Wait until the daemon ends it."""
        cut = (EOFError, h11.RemoteProtocolError, trio.BrokenResourceError)
        with suppress(*cut):
            while True:
                await self.next()

    async def _more(self) -> bytes:
        while True:
            match self._connection.next_event():
                case h11.Data(data=data):
                    return bytes(data)
                case h11.NEED_DATA:
                    received = await self._stream.receive_some(65536)
                    self._connection.receive_data(received)
                case h11.ConnectionClosed() | h11.EndOfMessage():
                    raise EOFError
