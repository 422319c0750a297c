"""All clients of the control socket. None of them slows or ends another."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import trio

from selfhealingd.control.answering import Answering, OnError
from selfhealingd.control.connection import Connection, Limits
from selfhealingd.control.peer import Peer, Rights, may_operate, peer_of
from selfhealingd.control.registry import Registry

CONNECTION = "connection"
"""What ``on_error`` is told instead of a method when a connection itself failed."""

_DEFAULT_LIMITS = Limits()


async def serve(
    listener: trio.SocketListener,
    registry: Registry,
    *,
    rights: Rights,
    on_error: OnError,
    limits: Limits = _DEFAULT_LIMITS,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer clients until cancelled; the listener is closed then.

    ``on_error`` is told of each exception that nobody meant to raise, with its
    method; the daemon goes on. Raises OSError when accepting fails for another
    reason than a lack of descriptors or memory, which is waited out.
    """
    async with trio.open_nursery() as nursery:
        clients = _Clients(Answering(registry, rights, on_error), limits, nursery)
        accepting = partial(
            trio.serve_listeners,
            clients.welcome,
            [listener],
            handler_nursery=nursery,
        )
        await nursery.start(accepting)
        task_status.started()


class _Clients:
    """Those who are connected; ``handlers`` is where their requests are done."""

    def __init__(
        self, answering: Answering, limits: Limits, handlers: trio.Nursery
    ) -> None:
        self._answering = answering
        self._limits = limits
        self._handlers = handlers
        self._count = 0

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Converse with one client, or turn it away."""
        try:
            peer = peer_of(stream.socket)
            connection = Connection(
                stream,
                peer,
                answering=self._answering,
                limits=self._limits,
                handlers=self._handlers,
            )
            with self._place(peer) as granted:
                await (connection.run() if granted else connection.turn_away())
        except Exception as error:  # noqa: BLE001 - one client must not end the others
            self._answering.on_error(error, CONNECTION)

    @contextmanager
    def _place(self, peer: Peer) -> Iterator[bool]:
        operator = may_operate(peer, self._answering.rights)
        kept = 0 if operator else self._limits.reserved
        if self._count >= self._limits.connections - kept:
            yield False
            return
        self._count += 1
        try:
            yield True
        finally:
            self._count -= 1
