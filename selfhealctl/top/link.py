"""One conversation with the daemon that holds up nobody."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import trio

from selfhealctl.client import CHUNK, LONGEST_ANSWER, Notice
from selfhealctl.errors import Garbage, Refused, TimedOut, Unreachable
from selfhealctl.reach import unreachable
from selfhealingd.wire.codec import (
    BadMessage,
    Lines,
    RemoteProtocolError,
    decode_incoming,
    encode,
)
from selfhealingd.wire.messages import Incoming, Request
from selfhealingd.wire.methods import Nothing, Params


class Link:
    """An open connection. What goes wrong is raised as ``client`` does."""

    def __init__(self, stream: trio.SocketStream, timeout: float) -> None:
        self._stream = stream
        self._timeout = timeout
        self._lines = Lines(LONGEST_ANSWER)
        self._came: deque[bytes] = deque()
        self._notices: deque[Notice] = deque()
        self._number = 0

    async def call(self, method: str, params: Params | None = None) -> bytes:
        """Ask one thing, and return the result as the daemon wrote it."""
        self._number += 1
        raw = msgspec.Raw(msgspec.json.encode(params or Nothing()))
        request = encode(Request(method=method, params=raw, id=self._number))
        try:
            with trio.fail_after(self._timeout):
                await self._stream.send_all(request)
                return await self._answer(method)
        except trio.TooSlowError:
            words = f"it didn't answer in {self._timeout:g} s"
            raise TimedOut(words) from None
        except trio.BrokenResourceError:
            raise Unreachable("it closed the connection") from None

    async def notice(self) -> Notice:
        """Return the next notification; wait as long as the daemon lives."""
        if self._notices:
            return self._notices.popleft()
        while True:
            message = await self._next()
            if message.method is not None:
                return Notice(message.method, bytes(message.params))
            if message.error is not None:
                raise Refused("go on", message.error)

    async def _answer(self, method: str) -> bytes:
        while True:
            message = await self._next()
            if message.method is not None:
                self._notices.append(Notice(message.method, bytes(message.params)))
            elif message.error is not None:
                raise Refused(method, message.error)
            elif message.result and message.id == self._number:
                return bytes(message.result)
            else:
                raise Garbage("it answers nothing that was asked")

    async def _next(self) -> Incoming:
        try:
            while not self._came:
                data = await self._stream.receive_some(CHUNK)
                if not data:
                    raise Unreachable("it closed the connection")
                self._came.extend(self._lines.feed(data))
            return decode_incoming(self._came.popleft())
        except trio.BrokenResourceError:
            raise Unreachable("it closed the connection") from None
        except (RemoteProtocolError, BadMessage) as error:
            raise Garbage(f"its answer can't be understood: {error}") from error


@asynccontextmanager
async def connect(path: Path, patience: float) -> AsyncIterator[Link]:
    """Open a connection, and close it at the end.

    ``patience``: seconds for an answer.
    """
    try:
        with trio.fail_after(patience):
            stream = await trio.open_unix_socket(str(path))
    except trio.TooSlowError:
        raise TimedOut(f"it accepted no connection in {patience:g} s") from None
    except OSError as error:
        raise unreachable(path, error) from error
    async with stream:
        yield Link(stream, patience)
