"""One HTTP request, and whether its answer is as it should be."""

from collections.abc import Iterable

import h11
import trio

from selfhealingd.core.ask import Answer, Http, failed, ok, unknown
from selfhealingd.search import TooSlow, found_in

LONGEST_BODY = 64 * 1024
"""Bytes of a body that are looked at."""

_CHUNK = 16 * 1024
_USUAL = {
    "Accept": "*/*",
    "Connection": "close",
    "User-Agent": "selfhealingd",
}


async def request(ask: Http, stream: trio.abc.Stream) -> Answer:
    """Send it, and judge what comes. Raises trio.BrokenResourceError."""
    connection = h11.Connection(h11.CLIENT)
    try:
        head = connection.send(
            h11.Request(method=ask.method, target=ask.target, headers=_headers(ask))
        )
        end = connection.send(h11.EndOfMessage())
    except h11.LocalProtocolError as error:
        return unknown(f"cannot ask so: {error}")
    await stream.send_all((head or b"") + (end or b""))
    reading = _Reading(connection, stream)
    try:
        return await _judged(ask, reading)
    except h11.RemoteProtocolError as error:
        if reading.silent:
            return failed("the connection was closed without an answer")
        return failed(f"what came is not HTTP: {error}")


async def _judged(ask: Http, reading: "_Reading") -> Answer:
    event = await reading.next()
    while isinstance(event, h11.InformationalResponse):
        event = await reading.next()
    if not isinstance(event, h11.Response):
        return failed("the connection was closed without an answer")
    reason = event.reason.decode("ascii", "replace")
    said = f"HTTP {event.status_code} {reason}".strip()
    if not _among(event.status_code, ask.statuses):
        return failed(said)
    if ask.body is None:
        return ok(said)
    body = await reading.body()
    try:
        if found_in(ask.body, body.decode("utf-8", "replace")):
            return ok(said)
    except TooSlow:
        return unknown(f"looking for /{ask.body}/ in what it says takes too long")
    return failed(f"{said}, but /{ask.body}/ is not in what it says")


class _Reading:
    """What comes on a stream, as h11 reads it; ``silent``: nothing has come yet."""

    def __init__(self, connection: h11.Connection, stream: trio.abc.Stream) -> None:
        self.silent = True
        self._connection = connection
        self._stream = stream

    async def next(self) -> object:
        while True:
            event = self._connection.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = await self._stream.receive_some(_CHUNK)
            self.silent = self.silent and not data
            self._connection.receive_data(bytes(data))

    async def body(self) -> bytes:
        body = b""
        while len(body) < LONGEST_BODY:
            event = await self.next()
            if not isinstance(event, h11.Data):
                break
            body += event.data
        return body[:LONGEST_BODY]


def _headers(ask: Http) -> list[tuple[str, str]]:
    own = {name.lower() for name, _ in ask.headers}
    usual = {"Host": ask.authority or "localhost", **_USUAL}
    mine = ((name, value) for name, value in usual.items() if name.lower() not in own)
    return [*mine, *ask.headers]


def _among(status: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(low <= status <= high for low, high in ranges)
