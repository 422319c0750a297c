"""Webhooks meet servers of every kind, on the loopback and by real sockets."""

import hashlib
import hmac
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h11
import pytest
import trio
from harness import DEADLINE

from selfhealingd.core.hook import Post
from selfhealingd.notify import webhook
from selfhealingd.notify.webhook import Webhook

BODY = b'{"kind":"incident.opened"}'


@dataclass
class Server:
    """Answers in turn as the script says; the last line of it again and again.

    A number is a status; ``hang``, ``reset``, ``close`` and ``junk`` are what they say.
    """

    script: list[str]
    requests: list[tuple[dict[str, str], str, bytes]] = field(default_factory=list)
    port: int = 0

    async def serve(self, stream: trio.abc.Stream) -> None:
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        async with stream:
            if isinstance(stream, trio.SSLStream):
                try:
                    await stream.do_handshake()
                except trio.BrokenResourceError:
                    return
            if line == "reset":
                socket = getattr(stream, "socket")  # noqa: B009 - of a SocketStream
                socket.setsockopt(
                    trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                )
                return
            connection = h11.Connection(h11.SERVER)
            await self._read(connection, stream)
            await self._answer(line, connection, stream)

    async def _read(self, connection: h11.Connection, stream: trio.abc.Stream) -> None:
        head: h11.Request | None = None
        body = b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(bytes(await stream.receive_some(4096)))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                break
        assert head is not None
        headers = {name.decode(): value.decode() for name, value in head.headers}
        self.requests.append((headers, head.target.decode(), body))

    async def _answer(
        self, line: str, connection: h11.Connection, stream: trio.abc.Stream
    ) -> None:
        if line == "hang":
            await trio.sleep_forever()
        if line == "close":
            return
        if line == "junk":
            await stream.send_all(b"220 mail.example ESMTP\r\n\r\n")
            return
        status, _, more = line.partition(" ")
        headers = [("Retry-After", more)] if more.isdigit() else []
        text = b"" if status == "204" else b"invalid_payload\nmore"
        if more == "echo":
            asked, target, _ = self.requests[-1]
            text = f"{'no ' * 60}{target}; {asked['authorization']}".encode()
        headers.append(("Content-Length", str(len(text))))
        response = h11.Response(status_code=int(status), headers=headers, reason=b"So")
        parts = (response, h11.Data(data=text), h11.EndOfMessage())
        await stream.send_all(b"".join(connection.send(p) or b"" for p in parts))


@asynccontextmanager
async def serving(*script: str, tls: ssl.SSLContext | None = None) -> Any:
    server = Server([*script])
    async with trio.open_nursery() as nursery:
        listeners: list[Any] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server.port = listeners[0].socket.getsockname()[1]
        if tls is not None:
            listeners = [trio.SSLListener(one, tls) for one in listeners]
        nursery.start_soon(trio.serve_listeners, server.serve, listeners)
        yield server
        nursery.cancel_scope.cancel()


def post(port: int, **keys: Any) -> Post:
    given = {"secure": False, "host": "127.0.0.1", "target": "/hook?a=b"}
    return Post(port=port, **{"timeout": 2.0, **given, **keys})


Send = Callable[..., Awaitable[str | None]]


@pytest.fixture
async def send(monkeypatch: pytest.MonkeyPatch) -> Send:
    """Send to a server with that script; retries come at once."""
    monkeypatch.setattr(webhook, "WAITS", (0.0, 0.0, 0.0))

    async def send(server: Server, **keys: Any) -> str | None:
        with trio.fail_after(DEADLINE):
            return await Webhook().send(
                post(server.port, **keys), BODY, {"Content-Type": "application/json"}
            )

    return send


async def test_a_request(send: Send) -> None:
    """The event is the body; own headers stand beside the usual ones."""
    async with serving("200") as server:
        assert await send(server, headers=(("Authorization", "Bearer x"),)) is None
    [(headers, target, body)] = server.requests
    assert ("/hook?a=b", BODY) == (target, body)
    assert f"127.0.0.1:{server.port}" == headers["host"]
    assert headers["authorization"] == "Bearer x"
    assert headers["content-type"] == "application/json"
    assert "x-hub-signature-256" not in headers


async def test_a_signature(send: Send) -> None:
    """It is what GitHub's would be: who checks that one can check ours."""
    async with serving("204") as server:
        assert await send(server, secret="It's a Secret") is None  # noqa: S106
    [(headers, _, body)] = server.requests
    digest = hmac.new(b"It's a Secret", body, hashlib.sha256).hexdigest()
    assert f"sha256={digest}" == headers["x-hub-signature-256"]


@pytest.mark.parametrize(
    "fault", ["500", "503", "429", "408", "close", "junk", "reset"]
)
async def test_what_may_pass_is_tried_again(send: Send, fault: str) -> None:
    """A server that fails, and then does not, is told."""
    async with serving(fault, "200") as server:
        assert await send(server) is None
    assert BODY == server.requests[-1][2]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("500", "HTTP 500 So: invalid_payload (4 tries)"),
        ("close", "closed the connection without an answer (4 tries)"),
        ("reset", "(4 tries)"),
        ("junk", "its answer is not HTTP"),
        ("400", "HTTP 400 So: invalid_payload"),
        ("404", "HTTP 404 So: invalid_payload"),
        ("301", "HTTP 301 So: write its new address"),
    ],
)
async def test_what_does_not_pass_is_told(send: Send, fault: str, words: str) -> None:
    """After so many tries, or at once where more would not help."""
    async with serving(fault) as server:
        told = await send(server)
    assert told is not None
    assert words in told
    assert f"http://127.0.0.1:{server.port}: " in told
    assert "/hook" not in told
    assert (1 if fault in {"400", "404", "301"} else 4) == len(server.requests) or (
        fault == "reset"
    )


async def test_a_server_that_repeats_what_it_was_sent(send: Send) -> None:
    """What lets whoever has it write there is in no failure, not even half of it."""
    keys = {
        "target": "/services/T000/planted-secret?key=planted2",
        "headers": (("Authorization", "Bearer planted-token"),),
    }
    async with serving("404 echo") as server:
        told = await send(server, **keys)
    assert told is not None
    assert f"http://127.0.0.1:{server.port}: HTTP 404 So: no no " in told
    assert "[redacted]" in told
    assert "plant" not in told


async def test_a_server_that_hangs(send: Send) -> None:
    """Each try has its time."""
    async with serving("hang", "200") as server:
        assert await send(server, timeout=0.2) is None
    async with serving("hang") as server:
        told = await send(server, timeout=0.1)
    assert told is not None
    assert "no answer within 0.1 s (4 tries)" in told


async def test_nobody_listens(send: Send) -> None:
    """The reason is the system's, not a traceback."""
    async with serving("200") as server:
        pass
    told = await send(server)
    assert told is not None
    assert "cannot connect: Connection refused" in told


async def test_a_name_that_leads_nowhere(send: Send) -> None:
    """A host that can't be looked up is said to be so."""
    told = await send(Server(["200"], port=9), host="no.such.host.invalid")
    assert told is not None
    assert "http://no.such.host.invalid:9: cannot connect: " in told


async def test_the_server_says_when(
    monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    """``Retry-After`` is waited for, but not for ever."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await trio.lowlevel.checkpoint()

    async with serving("429 7", "503 99999", "200") as server:
        monkeypatch.setattr(trio, "sleep", sleep)
        assert await send(server) is None
    assert [7.0, webhook.LONGEST_WAIT] == slept


@pytest.fixture
async def authority(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    make = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        " -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1"
        " -keyout key.pem -out cert.pem"
    )
    await trio.run_process(make.split(), cwd=tmp_path, capture_stderr=True)
    return tmp_path / "cert.pem"


@pytest.fixture
def tls(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, authority.with_name("key.pem"))
    return context


async def test_tls(send: Send, tls: ssl.SSLContext, authority: Path) -> None:
    """A server whose certificate is vouched for is told."""
    async with serving("200", tls=tls) as server:
        assert await send(server, secure=True, authorities=str(authority)) is None
    assert BODY == server.requests[0][2]


async def test_tls_is_verified(send: Send, tls: ssl.SSLContext) -> None:
    """Nobody else gets to read it, and why is told."""
    async with serving("200", tls=tls) as server:
        told = await send(server, secure=True)
    assert told is not None
    assert "TLS: self-signed certificate" in told
    assert [] == server.requests


async def test_no_file_of_whom_to_trust(send: Send, tls: ssl.SSLContext) -> None:
    """A file that is gone is the reason told."""
    async with serving("200", tls=tls) as server:
        told = await send(server, secure=True, authorities="/nonexistent/ca.pem")
    assert told is not None
    assert "/nonexistent/ca.pem" in told
