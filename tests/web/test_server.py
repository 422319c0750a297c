"""Connections: whoever is slow, odd or many costs the others nothing."""

import socket
import struct
from contextlib import AsyncExitStack, suppress
from random import Random

import pytest
import trio
from harness import soon
from httpserved import Client, guarded, hello, serving

from selfhealingd.web.server import Limits, Message, Receive, Send, gone

HELLO = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
FLOOD = "GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def flood(scope: Message, receive: Receive, send: Send) -> None:
    """Answer /flood without an end, until the client is gone."""
    if scope["path"] != "/flood":
        await hello(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gone, receive, nursery.cancel_scope)
        body = {"type": "http.response.body", "body": bytes(65536), "more_body": True}
        while True:
            await send(body)
            await trio.lowlevel.checkpoint()


async def test_a_connection_serves_one_request_after_another() -> None:
    """As browsers and Prometheus want it."""
    async with serving(hello) as place, place.connect() as client:
        for _ in range(3):
            await client.say(HELLO)
            assert "200" in await client.until("hello")


async def test_there_are_places_for_so_many() -> None:
    """One more is told to come again; a place that was left is given away."""
    async with serving(hello, Limits(connections=2, crowd=0)) as place:
        async with AsyncExitStack() as stack:
            for _ in range(2):
                client = await stack.enter_async_context(place.connect())
                await client.say(HELLO)
                await client.until("hello")
            told = await place.ask("GET / HTTP/1.1")
            assert "503 Service" in told
            assert '"kind": "busy"' in told
        await soon(lambda: place.is_served("GET / HTTP/1.1"))


async def test_no_address_takes_all_places() -> None:
    """Who comes from elsewhere finds one, though somebody holds all that they may."""
    limits = Limits(connections=2, each=1, crowd=0)
    async with serving(hello, limits) as place, place.connect() as greedy:
        await greedy.say(HELLO)
        await greedy.until("hello")
        assert "503 Service" in await place.ask("GET / HTTP/1.1")
        async with place.connect(source="127.0.0.2") as other:
            await other.say(HELLO)
            await other.until("hello")


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    """Neither at the beginning, nor sent byte by byte, nor after a request."""
    async with serving(hello, Limits(head=0.2)) as place:
        async with place.connect() as silent:
            assert "" == await silent.rest()
        async with place.connect() as idle:
            await idle.say(HELLO)
            assert (await idle.rest()).endswith("hello")
        async with place.connect() as slow, trio.open_nursery() as nursery:
            nursery.start_soon(_trickle, slow)
            assert "" == await slow.rest()
            nursery.cancel_scope.cancel()


async def _trickle(client: Client) -> None:
    while True:
        try:
            await client.say("G")
        except trio.BrokenResourceError:
            return
        await trio.sleep(0.02)


async def test_who_does_not_read_is_dropped() -> None:
    """After its time; the place is free again, and others are served meanwhile."""
    async with (
        serving(flood, Limits(connections=1, crowd=0, sending=0.2)) as place,
        place.connect() as client,
    ):
        await client.say(FLOOD)
        await soon(lambda: place.is_served("GET / HTTP/1.1"))


async def test_an_end_waits_for_nobody() -> None:
    """Who doesn't read an answer does not hold up the daemon's end."""
    with trio.fail_after(5):
        async with serving(flood) as place, place.connect() as client:
            await client.say(HELLO)
            await client.until("200")
            await trio.sleep(0.1)  # its buffers are full by now
            place.end()


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("nonsense\r\n\r\n", "HTTP/1.1 400"),
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        (f"GET / HTTP/1.1\r\nHost: x\r\nX: {'x' * 70_000}\r\n\r\n", "HTTP/1.1 431"),
        (f"GET / HTTP/1.1\r\nHost: x\r\nX: {'x' * 16_384}\r\n\r\n", "HTTP/1.1 431"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 "),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ""),
    ],
)
async def test_what_is_no_request_gets_no_further(said: str, answer: str) -> None:
    """It is refused, or the connection ends; no error of ours comes of it."""
    async with serving(hello, Limits(head=0.3)) as place, place.connect() as client:
        await client.say(said)
        told = await client.rest()
        assert told.startswith(answer)
        assert ("HTTP/1.1 4" in told) is ('"kind": "bad-request"' in told)


async def test_an_offer_of_another_protocol_is_ignored() -> None:
    """The request is answered as if it had not been made."""
    async with serving(hello) as place:
        upgrade = "GET / HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"
        assert (await place.ask(upgrade)).endswith("hello")


PIECES = (
    *(HELLO, HELLO, "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "HEAD / HTTP/1.0\r\n"),
    *("Host: localhost\r\n", "Host: localhost\r\n", "Content-Length: 5\r\n"),
    *("Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "\r\n", "\r\n"),
    *("hello", "5\r\nhello\r\n", "0\r\n\r\n", "\x00\xff", "Expect: 100-continue\r\n"),
    (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    ),
    "CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


async def test_no_nonsense_is_taken_for_a_defect() -> None:
    """Whatever is sent, in whatever order, and however it is broken off."""
    many = trio.CapacityLimiter(30)
    errors: list[tuple[Exception, str]] = []
    application = guarded(hello, errors)
    async with serving(application, Limits(head=0.2)) as place:

        async def attack(chance: Random) -> None:
            async with many, place.connect() as client:
                with suppress(trio.BrokenResourceError):
                    for _ in range(chance.randint(1, 12)):
                        await client.say(chance.choice(PIECES))
                    if chance.random() < 1 / 3:
                        await client.stream.send_eof()
                    with trio.move_on_after(chance.random() / 20):
                        await client.rest()
                if chance.random() < 1 / 3:
                    linger = struct.pack("ii", 1, 0)  # its end is a reset
                    socket_option = (socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    client.stream.socket.setsockopt(*socket_option)

        async with trio.open_nursery() as nursery:
            for seed in range(300):
                nursery.start_soon(attack, Random(seed))  # noqa: S311 - no secret
        await soon(lambda: place.is_served("GET / HTTP/1.1"))
    assert [] == errors
