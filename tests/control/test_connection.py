"""One client's conversation over a real socket, kind clients and hostile ones."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import msgspec
import pytest
import trio

from selfhealingd.control.answering import Answering
from selfhealingd.control.connection import Connection, Limits
from selfhealingd.control.peer import Rights, peer_of
from selfhealingd.control.registry import Call, Handler, Registry
from selfhealingd.wire.codec import Lines, decode_incoming
from selfhealingd.wire.messages import MAX_MESSAGE, Incoming, Kind
from selfhealingd.wire.methods import METHODS
from selfhealingd.wire.operation import Done, Started

STATUS = b'{"jsonrpc": "2.0", "id": 1, "method": "status"}\n'


async def done(call: Call, _params: object) -> Done:
    await trio.lowlevel.checkpoint()
    return Done(words=f"{call.method} done")


@dataclass
class Client:
    """The other end. ``ended`` is set once the daemon's side is over."""

    stream: trio.SocketStream
    errors: list[tuple[Exception, str]] = field(default_factory=list)
    ended: trio.Event = field(default_factory=trio.Event)
    lines: Lines = field(default_factory=lambda: Lines(1 << 30))
    came: list[bytes] = field(default_factory=list)

    async def send(self, data: bytes) -> None:
        with trio.fail_after(10):
            await self.stream.send_all(data)

    async def read(self) -> Incoming | None:
        """Return the next message, None at the end."""
        with trio.fail_after(10):
            while not self.came:
                try:
                    data = await self.stream.receive_some(65536)
                except trio.BrokenResourceError:
                    return None  # reset: the daemon left something of ours unread
                if not data:
                    return None
                self.came.extend(self.lines.feed(data))
        return decode_incoming(self.came.pop(0))

    async def words(self) -> str:
        """Return the words of the next message, which is a ``Done``."""
        message = await self.read()
        assert message is not None
        assert message.error is None
        return msgspec.json.decode(message.result or message.params, type=Done).words

    async def refusal(self) -> tuple[Kind, str]:
        """Return kind and words of the next message, an error without an id."""
        message = await self.read()
        assert message is not None
        assert message.error is not None
        assert message.id is None
        return message.error.data.kind, message.error.message

    async def end(self) -> None:
        with trio.fail_after(10):
            await self.ended.wait()


@asynccontextmanager
async def conversing(
    limits: Limits | None = None, **handlers: Handler
) -> AsyncIterator[Client]:
    """Connect a client; ``handlers`` take the place of those that are just done."""
    ours, theirs = trio.socket.socketpair()
    client = Client(trio.SocketStream(theirs))
    registry = Registry({**dict.fromkeys(METHODS, done), **handlers})

    def on_error(error: Exception, method: str) -> None:
        client.errors.append((error, method))

    async with client.stream, trio.open_nursery() as nursery:
        connection = Connection(
            trio.SocketStream(ours),
            peer_of(ours),
            answering=Answering(registry, Rights(daemon_uid=os.getuid()), on_error),
            limits=limits or Limits(),
            handlers=nursery,
        )

        async def run() -> None:
            with ours:
                await connection.run()
            client.ended.set()

        nursery.start_soon(run)
        yield client
        nursery.cancel_scope.cancel()


@dataclass
class Gate:
    """A handler that waits to be let go."""

    entered: trio.Event = field(default_factory=trio.Event)
    opened: trio.Event = field(default_factory=trio.Event)
    passed: trio.Event = field(default_factory=trio.Event)

    async def __call__(self, _call: Call, _params: object) -> Done:
        self.entered.set()
        with trio.fail_after(10):
            await self.opened.wait()
        self.passed.set()
        return Done(words="let go")


async def test_pipelined_requests_are_answered_in_order() -> None:
    """One after another, even where the first takes longest."""
    gate = Gate()
    async with conversing(status=gate) as client:
        await client.send(
            STATUS
            + b'{"id": "b", "method": "version"}\n{"id": 3, "method": "breakers"}\n'
        )
        await gate.entered.wait()
        gate.opened.set()
        answers = [await client.read() for _ in range(3)]
    assert [answer and answer.id for answer in answers] == [1, "b", 3]


async def test_a_request_may_come_in_any_pieces() -> None:
    """The socket's cuts mean nothing."""
    async with conversing() as client:
        for byte in STATUS:
            await client.send(bytes([byte]))
        assert await client.words() == "status done"


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello",
        b"\x00\xff\xfe",
        b"{",
        b'{"id": 1}',
        b'{"id": 1, "method": 5}',
        b'{"jsonrpc": "1.0", "id": 1, "method": "status"}',
        b'[{"id": 1, "method": "status"}]',
        b'{"id": 1, "method": "status", "params": ' + b"[" * 500_000,
    ],
    ids=["text", "binary", "open", "methodless", "number", "old", "batch", "deep"],
)
async def test_garbage_is_refused_and_the_connection_lives(garbage: bytes) -> None:
    """One bad line costs one error with no id; the next request is answered."""
    async with conversing() as client:
        await client.send(garbage + b"\n" + STATUS)
        kind, words = await client.refusal()
        assert kind in {Kind.PARSE_ERROR, Kind.INVALID_REQUEST}
        assert words.startswith("cannot read the request: ")
        assert await client.words() == "status done"


async def test_an_over_long_line_is_refused_and_ends_the_connection() -> None:
    """Two MiB are refused with words, and not read to their end."""
    async with conversing() as client, trio.open_nursery() as nursery:

        async def send() -> None:
            with suppress(trio.BrokenResourceError):  # hung up on, as it should be
                await client.send(b"x" * (2 * MAX_MESSAGE) + b"\n")

        nursery.start_soon(send)
        kind, words = await client.refusal()
        assert kind is Kind.INVALID_REQUEST
        assert (
            words
            == f"cannot read the message: a message is longer than {MAX_MESSAGE} bytes"
        )
        assert await client.read() is None
        await client.end()


async def test_a_line_may_be_as_long_as_the_limit() -> None:
    """The limit itself is allowed."""
    line = STATUS.rstrip().ljust(MAX_MESSAGE)
    async with conversing() as client:
        await client.send(line + b"\n")
        assert await client.words() == "status done"


async def test_a_half_sent_line_has_its_time() -> None:
    """It is told, and the connection ends; one that sends nothing may stay."""
    limits = Limits(half_line=0.05)
    async with conversing(limits) as idle, conversing(limits) as client:
        await client.send(STATUS + STATUS[:10])
        assert await client.words() == "status done"
        kind, words = await client.refusal()
        assert kind is Kind.TIMED_OUT
        assert words.endswith("a line that was begun didn't end in 0.05 s")
        assert await client.read() is None
        await idle.send(STATUS)
        assert await idle.words() == "status done"


async def test_dripping_bytes_win_no_time() -> None:
    """A line's time counts from where it was begun, not from its last byte."""
    async with conversing(Limits(half_line=0.05)) as client:
        with trio.fail_after(10), suppress(trio.BrokenResourceError):
            while not client.ended.is_set():
                await client.stream.send_all(b"x")
        kind, _ = await client.refusal()
        assert kind is Kind.TIMED_OUT


async def test_a_request_without_an_id_is_done_and_not_answered() -> None:
    """That is what JSON-RPC calls a notification."""
    gate = Gate()
    gate.opened.set()
    async with conversing(start=gate) as client:
        await client.send(b'{"method": "start", "params": {"names": []}}\n' + STATUS)
        assert await client.words() == "status done"
        assert gate.passed.is_set()


async def test_progress_follows_the_response() -> None:
    """Even where an operation tells of itself before it is answered."""
    calls = list[Call]()

    async def start(call: Call, _params: object) -> Started:
        call.notify("progress", Done(words="early"))
        calls.append(call)
        await trio.lowlevel.checkpoint()
        return Started(operation=1, names=(), deadline=1.0)

    async with conversing(start=start) as client:
        await client.send(b'{"id": 1, "method": "start", "params": {"names": []}}\n')
        response = await client.read()
        assert response is not None
        assert msgspec.json.decode(response.result, type=Started).operation == 1
        assert await client.words() == "early"
        calls[0].notify("progress", Done(words="late"))
        assert await client.words() == "late"


async def test_a_slow_reader_loses_notifications_and_learns_how_many() -> None:
    """None waits for it; the count stands where they are missing."""
    total = 50_000
    calls = list[Call]()

    async def subscribe(call: Call, _params: object) -> Done:
        calls.append(call)
        await trio.lowlevel.checkpoint()
        return Done(words="subscribed")

    async with conversing(Limits(notifications=10_000), subscribe=subscribe) as client:
        await client.send(b'{"id": 1, "method": "subscribe"}\n')
        assert await client.words() == "subscribed"
        for number in range(total):
            calls[0].notify("event", Done(words=str(number)))
        seen = 0
        while (message := await client.read()) and message.method == "event":
            words = msgspec.json.decode(message.params, type=Done).words
            assert words == str(seen)
            seen += 1
        assert message is not None
        assert message.method == "lagged"
        assert 0 < seen < total
        assert msgspec.json.decode(message.params) == {"count": total - seen}
        calls[0].notify("event", Done(words="again"))
        assert await client.words() == "again"


async def test_a_client_that_reads_no_response_is_dropped() -> None:
    """Its time for reading is limited; nothing of the daemon waits for it."""

    async def status(_call: Call, _params: object) -> Done:
        await trio.lowlevel.checkpoint()
        return Done(words="x" * (1 << 24))

    async with conversing(Limits(reading=0.05), status=status) as client:
        await client.send(STATUS * 3)
        await client.end()
        assert await client.read() is None


async def test_what_a_client_began_ends_without_it() -> None:
    """A client that goes away half-way leaves nothing half-done."""
    gate = Gate()
    async with conversing(reload=gate) as client:
        await client.send(b'{"id": 1, "method": "reload"}\n' + STATUS)
        with trio.fail_after(10):
            await gate.entered.wait()
            await client.stream.aclose()
            gate.opened.set()
            await gate.passed.wait()
        await client.end()
        assert client.errors == []


async def test_a_client_that_leaves_without_reading_is_no_error() -> None:
    """The kernel then says that the connection was reset: an end like any other."""
    async with conversing() as client:
        await client.send(STATUS)
        with trio.fail_after(10):
            assert await client.stream.socket.recv(1, trio.socket.MSG_PEEK) == b"{"
        await client.stream.aclose()
        await client.end()
        assert client.errors == []


async def test_a_late_notification_to_a_gone_client_goes_nowhere() -> None:
    """An operation needn't know whether anybody still listens."""
    calls = list[Call]()

    async def start(call: Call, _params: object) -> Done:
        calls.append(call)
        await trio.lowlevel.checkpoint()
        return Done(words="started")

    async with conversing(start=start) as client:
        await client.send(b'{"id": 1, "method": "start", "params": {"names": []}}\n')
        assert await client.words() == "started"
        await client.stream.aclose()
        await client.end()
        calls[0].notify("finished", Done(words="nobody hears it"))
        assert client.errors == []


async def test_a_subscription_ends_with_its_connection() -> None:
    """Whoever asked for it is called back."""
    closed = trio.Event()

    async def subscribe(call: Call, _params: object) -> Done:
        call.on_close(closed.set)
        await trio.lowlevel.checkpoint()
        return Done(words="subscribed")

    async with conversing(subscribe=subscribe) as client:
        await client.send(b'{"id": 1, "method": "subscribe"}\n')
        assert await client.words() == "subscribed"
        assert not closed.is_set()
        await client.stream.aclose()
        await client.end()
        assert closed.is_set()


async def test_a_handler_that_takes_long_is_told_and_goes_on() -> None:
    """The client gets an answer in time, the connection lives, nothing is cut off."""
    gate = Gate()
    async with conversing(Limits(answering=0.05), reload=gate) as client:
        await client.send(b'{"id": 1, "method": "reload"}\n' + STATUS)
        answer = await client.read()
        assert answer is not None
        assert answer.error is not None
        assert answer.error.data.kind is Kind.TIMED_OUT
        assert answer.error.message == (
            "cannot say how reload ended: it is still under way after 0.05 s, "
            "and goes on"
        )
        assert await client.words() == "status done"
        gate.opened.set()
        with trio.fail_after(10):
            await gate.passed.wait()


async def test_a_bug_in_a_handler_leaves_the_connection_alive() -> None:
    """It is an error for that request alone."""

    async def status(_call: Call, _params: object) -> None:
        await trio.lowlevel.checkpoint()
        raise LookupError

    async with conversing(status=status) as client:
        await client.send(STATUS + b'{"id": 2, "method": "version"}\n')
        answer = await client.read()
        assert answer is not None
        assert answer.error is not None
        assert answer.error.data.kind is Kind.INTERNAL
        assert await client.words() == "version done"
        [(error, method)] = client.errors
        assert (type(error), method) == (LookupError, "status")
