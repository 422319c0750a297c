"""Bytes to messages and back. Feeds on whatever pieces the socket gives."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from selfhealingd.wire.messages import MAX_MESSAGE, Incoming, Kind, Request


class RemoteProtocolError(Exception):
    """The peer broke the protocol; the connection cannot go on."""


class BadMessage(Exception):
    """One line was no valid message; the next one may be. ``kind``: in which way."""

    def __init__(self, words: str, kind: Kind = Kind.PARSE_ERROR) -> None:
        super().__init__(words)
        self.kind = kind


class Lines:
    """Cut a stream into lines, never holding more than ``limit`` bytes of one."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0

    @property
    def partial(self) -> bool:
        """Whether a line was begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what came; yield each whole line without its end.

        Raises RemoteProtocolError when a line grows over the limit.
        """
        self._buffer += data
        # Search what is new only: a line that drips in must not cost its square.
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            if end > self._limit:
                break
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._searched = 0
            if line.strip():
                yield line
        self._searched = len(self._buffer)
        if len(self._buffer) > self._limit:
            msg = f"a message is longer than {self._limit} bytes"
            raise RemoteProtocolError(msg)


_requests = msgspec.json.Decoder(Request)
_incoming = msgspec.json.Decoder(Incoming)

# RecursionError: some thousand brackets are enough, and anybody may send them.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

P = TypeVar("P", bound=msgspec.Struct)


def decode_request(line: bytes) -> Request:
    """Read one line from a client; raises BadMessage with the reason."""
    if line.lstrip().startswith(b"["):
        words = "batches are not taken: send one request a line"
        raise BadMessage(words, Kind.INVALID_REQUEST)
    try:
        request = _requests.decode(line)
    except msgspec.ValidationError as error:
        raise BadMessage(str(error), Kind.INVALID_REQUEST) from error
    except _UNREADABLE as error:
        raise BadMessage(str(error)) from error
    if request.jsonrpc != "2.0":
        raise BadMessage('expected "jsonrpc": "2.0"', Kind.INVALID_REQUEST)
    return request


def decode_incoming(line: bytes) -> Incoming:
    """Read one line from the daemon; raises BadMessage with the reason."""
    try:
        return _incoming.decode(line)
    except _UNREADABLE as error:
        raise BadMessage(str(error)) from error


def decode_params(params: msgspec.Raw, kind: type[P]) -> P:
    """Read a request's parameters; raises BadMessage with the reason."""
    try:
        return msgspec.json.decode(params, type=kind)
    except _UNREADABLE as error:
        raise BadMessage(str(error)) from error


def encode(message: msgspec.Struct) -> bytes:
    """Write one message as one line."""
    return msgspec.json.encode(message) + b"\n"
