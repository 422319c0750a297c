"""A fixed table of handlers, and what a handler can tell its client."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from selfhealingd.control.outbox import Outbox
from selfhealingd.control.peer import Peer
from selfhealingd.control.registry import Call, Registry
from selfhealingd.wire.codec import Lines, decode_incoming
from selfhealingd.wire.messages import Response
from selfhealingd.wire.methods import METHODS
from selfhealingd.wire.operation import Done

ROOT = Peer(uid=0, gid=0, pid=1)


async def handle(call: Call, params: object) -> Done:
    await trio.lowlevel.checkpoint()
    return Done(words=f"{call.method} {params}")


def test_every_method_finds_its_handler() -> None:
    """A table with all methods is taken."""
    registry = Registry(dict.fromkeys(METHODS, handle))
    assert {registry.handler(name) for name in METHODS} == {handle}


def test_a_method_without_a_handler_is_refused() -> None:
    """What is missing is named when the daemon starts, not when it is asked for."""
    handlers = dict.fromkeys(METHODS.keys() - {"status", "reset"}, handle)
    with pytest.raises(ValueError, match=r"missing \['reset', 'status'\]"):
        Registry(handlers)


def test_a_handler_without_a_method_is_refused() -> None:
    """Nothing can be done over the socket that the wire doesn't name."""
    handlers = dict.fromkeys([*METHODS, "eval"], handle)
    with pytest.raises(ValueError, match=r"unknown \['eval'\]"):
        Registry(handlers)


async def test_notifications_follow_the_response() -> None:
    """What a handler tells before its response was queued waits for it."""
    outbox = Outbox(1000)
    call = Call(ROOT, "start", outbox)
    assert not call.operator
    call.notify("progress", Done(words="early"))
    outbox.respond(Response(jsonrpc="2.0", id=1))
    call.release()
    call.notify("progress", Done(words="late"))

    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        await outbox.flush(ours)
        lines = list(Lines().feed(await theirs.recv(65536)))
    assert [decode_incoming(line).id for line in lines] == [1, None, None]
    assert b"early" in lines[1]
    assert b"late" in lines[2]


def test_a_call_learns_of_the_connections_end() -> None:
    """A subscription ends itself by it."""
    outbox = Outbox(1000)
    called = list[str]()
    Call(ROOT, "subscribe", outbox).on_close(lambda: called.append("closed"))
    outbox.close()
    assert called == ["closed"]


async def test_there_is_no_room_before_the_response() -> None:
    """So what a handler's task tells is not held in any number."""
    outbox = Outbox(1000)
    call = Call(ROOT, "tail", outbox)
    told = trio.Event()

    async def tell() -> None:
        await call.room()
        told.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        await wait_all_tasks_blocked()
        assert not told.is_set()
        call.release()
        with trio.fail_after(20):
            await told.wait()
