"""What a client has yet to read: in order, bounded, never cut in half."""

from collections.abc import AsyncIterator

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from selfhealingd.control.outbox import LAGGED, Outbox
from selfhealingd.wire.codec import Lines, decode_incoming
from selfhealingd.wire.messages import Response

Pair = tuple[trio.socket.SocketType, trio.socket.SocketType]

BIG = 4 * 1024 * 1024  # more than any socket's buffer


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def response(text: str = "") -> Response:
    raw = msgspec.Raw(msgspec.json.encode(text))
    return Response(jsonrpc="2.0", id=1, result=raw)


async def read_lines(sock: trio.socket.SocketType, count: int) -> list[bytes]:
    lines, found = Lines(2 * BIG), list[bytes]()
    with trio.fail_after(10):
        while len(found) < count:
            found.extend(lines.feed(await sock.recv(65536)))
    assert not lines.partial
    return found


async def test_lines_are_sent_in_order(pair: Pair, nursery: trio.Nursery) -> None:
    """Responses and notifications leave in the order in which they were put."""
    outbox = Outbox(1000)
    nursery.start_soon(outbox.pump, pair[0])
    outbox.notify(b'{"n":1}\n')
    sent = outbox.respond(response("2"))
    outbox.notify(b'{"n":3}\n')
    first, second, third = await read_lines(pair[1], 3)
    assert (first, third) == (b'{"n":1}', b'{"n":3}')
    assert b'"result":"2"' in second
    assert sent.is_set()
    nursery.cancel_scope.cancel()


async def test_a_cancelled_flush_goes_on_at_the_very_byte(pair: Pair) -> None:
    """Nothing is lost or said twice when sending is interrupted half-way."""
    outbox = Outbox(1000)
    text = "".join(map(str, range(BIG // 7)))
    sent = outbox.respond(response(text))
    with trio.move_on_after(0.05):  # it fills the socket's buffer, and waits
        await outbox.flush(pair[0])
    assert not sent.is_set()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.flush, pair[0])
        [line] = await read_lines(pair[1], 1)
    assert decode_incoming(line).result == msgspec.Raw(msgspec.json.encode(text))


async def test_dropped_notifications_are_counted_in_their_place(pair: Pair) -> None:
    """The reader learns how many are missing, exactly where they are missing."""
    outbox = Outbox(limit=30)
    for n in range(10):
        outbox.notify(b'{"n":%d}\n' % n)  # 8 bytes: three fit
    outbox.respond(response())
    await outbox.flush(pair[0])
    outbox.notify(b'{"n":10}\n')
    await outbox.flush(pair[0])
    lines = await read_lines(pair[1], 6)
    assert lines[:3] == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert b"result" in lines[3]
    lagged = decode_incoming(lines[4])
    assert (lagged.method, bytes(lagged.params)) == (LAGGED, b'{"count":7}')
    assert lines[5] == b'{"n":10}'


async def test_sending_makes_room_again(pair: Pair) -> None:
    """The limit is for what waits, not for what was ever said."""
    outbox = Outbox(limit=8)
    for n in range(10):
        outbox.notify(b'{"n":%d}\n' % n)
        await outbox.flush(pair[0])
    assert len(await read_lines(pair[1], 10)) == 10


async def test_a_closed_outbox_takes_nothing(pair: Pair) -> None:
    """Late notifications of an operation whose client left go nowhere."""
    outbox = Outbox(1000)
    outbox.notify(b'{"n":1}\n')
    outbox.close()
    outbox.notify(b'{"n":2}\n')
    sent = outbox.respond(response())
    await outbox.flush(pair[0])
    assert not sent.is_set()
    pair[0].shutdown(trio.socket.SHUT_WR)
    assert await pair[1].recv(1) == b""


def test_closing_calls_back_once_each() -> None:
    """Who asks after the end is called at once."""
    outbox = Outbox(1000)
    called = list[int]()
    outbox.on_close(lambda: called.append(1))
    outbox.on_close(lambda: called.append(2))
    assert called == []
    outbox.close()
    outbox.close()
    assert sorted(called) == [1, 2]
    outbox.on_close(lambda: called.append(3))
    assert called[-1] == 3


async def test_room_is_for_who_waits_for_it(pair: Pair, nursery: trio.Nursery) -> None:
    """Several who wait for room lose nothing, however slowly it is read."""
    outbox = Outbox(limit=40)
    nursery.start_soon(outbox.pump, pair[0])
    pair[0].setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, 1)

    async def say(letter: bytes) -> None:
        for n in range(500):
            await outbox.room()
            outbox.notify(b'{"%s":%d}\n' % (letter, n))

    for letter in (b"a", b"b", b"c"):
        nursery.start_soon(say, letter)
    lines = await read_lines(pair[1], 1500)
    assert [b'{"b":%d}' % n for n in range(500)] == [
        one for one in lines if b"b" in one
    ]
    assert not any(b"lagged" in line for line in lines)
    nursery.cancel_scope.cancel()


async def test_there_is_no_room_after_a_gap_until_it_was_told(pair: Pair) -> None:
    """Nor is there while more than half of the limit waits."""
    outbox = Outbox(limit=20)
    async with trio.open_nursery() as nursery:
        for n in range(3):
            outbox.notify(b'{"n":%d}\n' % n)  # 8 bytes: two fit
        waiting = trio.Event()

        async def wait() -> None:
            await outbox.room()
            waiting.set()

        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        assert not waiting.is_set()
        with trio.fail_after(20):
            await outbox.flush(pair[0])
            await waiting.wait()
    assert 3 == len(await read_lines(pair[1], 3))


async def test_closing_lets_go_of_who_waits_for_room() -> None:
    """What comes then is forgotten."""
    outbox = Outbox(limit=8)
    outbox.notify(b'{"n":1}\n')
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outbox.room)
        await wait_all_tasks_blocked()
        outbox.close()
