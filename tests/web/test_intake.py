"""Every request ends with an answer, whatever is sent, and whatever fails."""

import pytest
import trio
from httpserved import DEADLINE, TOKEN, guarded, hello, serving
from starlette.requests import Request
from starlette.responses import Response

from selfhealingd.web import intake
from selfhealingd.web.gate import REQUESTS
from selfhealingd.web.server import Application, Limits, Message, Receive, Send
from selfhealingd.wire.messages import Kind

POST = f"POST / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}"
CHUNK = f"{16384:x}\r\n{'x' * 16384}\r\n"

Errors = list[tuple[Exception, str]]


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    """Answer with how long the body is."""
    body = await Request(scope, receive).body()
    await Response(str(len(body)))(scope, receive, send)


async def fails(_scope: Message, _receive: Receive, _send: Send) -> None:
    """Fail before anything was said."""
    await trio.lowlevel.checkpoint()
    raise ZeroDivisionError("secret")


async def fails_late(_scope: Message, _receive: Receive, send: Send) -> None:
    """Fail in the midst of an answer."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = {"type": "http.response.body", "body": b"some", "more_body": True}
    await send(body)
    raise ZeroDivisionError("secret")


async def test_a_body_is_taken_in() -> None:
    """In one piece or in chunks, up to the limit."""
    async with serving(guarded(echo, [])) as place:
        told = await place.ask(f"{POST}\r\nContent-Length: 3", "abc")
        assert told.endswith("\r\n\r\n3")
        chunks = CHUNK * 64 + "0\r\n\r\n"
        told = await place.ask(f"{POST}\r\nTransfer-Encoding: chunked", chunks)
        assert told.endswith(f"\r\n\r\n{intake.MOST}")


async def test_a_long_body_is_refused() -> None:
    """And the client learns why, though it may not have sent all of it."""
    async with serving(guarded(echo, [])) as place:
        chunks = CHUNK * 65 + "0\r\n\r\n"
        told = await place.ask(f"{POST}\r\nTransfer-Encoding: chunked", chunks)
        assert "HTTP/1.1 413" in told
        assert "the request is too long: 1 MiB are allowed" in told
        # So is one that only says that it will be, before its time is over.
        told = await place.ask(f"{POST}\r\nContent-Length: {intake.MOST + 1}", "abc")
        assert "HTTP/1.1 413" in told


@pytest.mark.parametrize("application", [echo, hello])
async def test_whoever_is_refused_is_told_whatever_they_send(
    application: Application,
) -> None:
    """A body that nobody wants takes no place for long, and never locks one up."""
    head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked"
    async with serving(
        guarded(application, []), Limits(connections=4, crowd=0)
    ) as place:
        for _ in range(8):
            told = await place.ask(head, CHUNK * 40 + "0\r\n\r\n")
            assert "HTTP/1.1 401" in told
            assert Kind.NOT_PERMITTED.value in told


async def test_a_body_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who asked is told so, and the connection ends."""
    monkeypatch.setattr(intake, "BODY_SECS", 0.1)
    monkeypatch.setattr(intake, "DRAIN_SECS", 0.1)
    async with serving(guarded(echo, [])) as place:
        told = await place.ask(f"{POST}\r\nContent-Length: 3", "ab")
        assert "HTTP/1.1 408" in told
        assert "connection: close" in told.lower()


async def test_an_error_is_told_in_the_log() -> None:
    """The client learns that it happened, and no more; the next is served."""
    errors: Errors = []
    async with serving(guarded(fails, errors)) as place:
        told = await place.ask("GET /x HTTP/1.1")
        assert "HTTP/1.1 500" in told
        assert "an internal error; see the daemon's log" in told
        assert "secret" not in told
        assert "HTTP/1.1 500" in await place.ask("GET /y HTTP/1.1")
    assert [("secret", "GET /x"), ("secret", "GET /y")] == [
        (str(error), where) for error, where in errors
    ]


async def test_an_error_in_an_answer_ends_the_connection() -> None:
    """What was begun can't be taken back: no client takes it for the whole."""
    errors: Errors = []
    async with serving(guarded(fails_late, errors)) as place:
        told = await place.ask("GET / HTTP/1.1")
        assert "some" in told
        assert "0\r\n\r\n" not in told
    assert 1 == len(errors)


async def test_what_each_answer_has() -> None:
    """A browser does with it what it says, and keeps nothing; so do errors."""
    async with serving(guarded(hello, [])) as place:
        for head in ("GET / HTTP/1.1", "POST / HTTP/1.1"):
            told = await place.ask(head)
            for header in (
                "cache-control: no-store",
                "x-content-type-options: nosniff",
                "frame-ancestors 'none'",
                "default-src 'none'; script-src 'self'",
            ):
                assert header in told
            assert "server:" not in told.lower()


async def test_a_crowd_keeps_out_neither_monitors_nor_operators() -> None:
    """Whoever holds connections, and asks as often as they may."""
    limits = Limits(connections=1, crowd=2, head=DEADLINE, hurry=0.2)
    async with serving(guarded(hello, []), limits) as place, place.connect():
        for path in ("/healthz", "/metrics"):
            for _ in range(int(REQUESTS.burst) if path == "/healthz" else 1):
                assert "200" in (await place.ask(f"GET {path} HTTP/1.1"))[:15]
        told = await place.ask("GET / HTTP/1.1")
        assert "HTTP/1.1 503" in told
        assert '"kind": "busy"' in told
        head = f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}"
        assert "200" in (await place.ask(head))[:15]
        async with place.connect() as silent, place.connect():
            assert "" == await silent.rest()  # who is not in a hurry is not waited for


async def test_a_websocket_is_refused() -> None:
    """There is none here."""
    upgrade = (
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
        "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    )
    async with serving(guarded(hello, [])) as place, place.connect() as client:
        head = f"{upgrade}\r\nHost: localhost\r\nConnection: Upgrade\r\n\r\n"
        await client.say(head)
        assert (await client.rest()).startswith("HTTP/1.1 403")
