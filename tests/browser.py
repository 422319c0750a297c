"""A client of the daemon's web listener: the standard library's, in a thread."""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import trio


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
