"""The first client is told of, once, and left for the program."""

import socket
from collections.abc import Iterator

import pytest
import trio
from supervise.sockets.test_opening import at_port
from trio.testing import wait_all_tasks_blocked

from selfhealingd.core.events import Event, Knocked
from selfhealingd.supervise.sockets.knocks import Knocks
from selfhealingd.supervise.sockets.pool import Sockets


class Doors:
    """Knocks, and what they report."""

    def __init__(self) -> None:
        self.pool = Sockets(lambda _socket, _problem: None)
        self.knocks = Knocks(self.pool, self._report)
        self._send, self._events = trio.open_memory_channel[Event](9)

    async def next(self) -> Knocked:
        with trio.fail_after(20):
            event = await self._events.receive()
        assert isinstance(event, Knocked)
        return event

    def silent(self) -> bool:
        return self._events.statistics().current_buffer_used == 0

    async def _report(self, event: Event) -> None:
        await self._send.send(event)


@pytest.fixture
def doors() -> Iterator[Doors]:
    made = Doors()
    yield made
    made.pool.close()


def call(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


async def test_the_first_client(doors: Doors, nursery: trio.Nursery, port: int) -> None:
    """Is told, for each of two who wait at one door, and nobody accepts him."""
    for name in ("a", "b"):
        nursery.start_soon(doors.knocks.wait, name, [at_port(port)], 0.0)
    await wait_all_tasks_blocked(0.05)
    assert doors.silent()
    # The door is open by then, or is opened here: it is the same one.
    await doors.pool.lend([at_port(port)])
    with call(port):
        told = [await doors.next(), await doors.next()]
        assert {("a", True), ("b", True)} == {(k.service, k.opened) for k in told}
        # Whoever comes later is told of him as well.
        nursery.start_soon(doors.knocks.wait, "a", [at_port(port)], 0.0)
        assert "a" == (await doors.next()).service


async def test_any_of_several_doors(
    doors: Doors, nursery: trio.Nursery, port: int
) -> None:
    """One is enough."""
    both = [at_port(port), at_port(port, "127.0.0.2")]
    await doors.pool.lend(both)
    with socket.create_connection(("127.0.0.2", port)):
        nursery.start_soon(doors.knocks.wait, "a", both, 0.0)
        assert (await doors.next()).opened


async def test_not_before_its_time(
    doors: Doors, nursery: trio.Nursery, port: int
) -> None:
    """A client waits that long."""
    wanted = [at_port(port)]
    await doors.pool.lend(wanted)
    at = trio.current_time() + 0.3
    with call(port):
        nursery.start_soon(doors.knocks.wait, "a", wanted, at)
        assert (await doors.next()).at >= at


async def test_forgotten(doors: Doors, nursery: trio.Nursery, port: int) -> None:
    """Then nobody is told of anybody; a newer wait takes the place of an older."""
    wanted = [at_port(port)]
    await doors.pool.lend(wanted)
    nursery.start_soon(doors.knocks.wait, "a", wanted, 0.0)
    await wait_all_tasks_blocked()
    doors.knocks.forget("a")
    doors.knocks.forget("unknown")
    await wait_all_tasks_blocked()
    with call(port):
        for _ in range(2):
            nursery.start_soon(doors.knocks.wait, "b", wanted, trio.current_time() + 9)
            await wait_all_tasks_blocked()
        nursery.start_soon(doors.knocks.wait, "b", wanted, 0.0)
        assert "b" == (await doors.next()).service
        await wait_all_tasks_blocked()
        assert doors.silent()


async def test_a_door_that_can_not_be_opened(doors: Doors, port: int) -> None:
    """Is told at once."""
    with socket.create_server(("127.0.0.1", port)):
        await doors.knocks.wait("a", [at_port(port)], 0.0)
    assert not (await doors.next()).opened
