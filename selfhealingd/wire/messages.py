"""The envelopes of JSON-RPC 2.0, and the closed list of what can go wrong."""

from enum import Enum

import msgspec

MAX_MESSAGE = 1024 * 1024
"""Longest line a peer may send to the daemon, in bytes."""


class Kind(Enum):
    """Why a request was not done. Each kind has one exit status in selfhealctl."""

    PARSE_ERROR = "parse-error"
    INVALID_REQUEST = "invalid-request"
    BAD_REQUEST = "bad-request"
    UNKNOWN_METHOD = "unknown-method"
    NO_SUCH_NAME = "no-such-name"
    REFUSED = "refused"
    NOT_PERMITTED = "not-permitted"
    TIMED_OUT = "timed-out"
    BUSY = "busy"
    INTERNAL = "internal"

    @property
    def code(self) -> int:
        """JSON-RPC error code: the standard's where it has one, else -320xx."""
        return _CODES[self]


_CODES = {
    Kind.PARSE_ERROR: -32700,
    Kind.INVALID_REQUEST: -32600,
    Kind.BAD_REQUEST: -32602,
    Kind.UNKNOWN_METHOD: -32601,
    Kind.INTERNAL: -32603,
    Kind.NO_SUCH_NAME: -32001,
    Kind.REFUSED: -32002,
    Kind.NOT_PERMITTED: -32003,
    Kind.TIMED_OUT: -32004,
    Kind.BUSY: -32005,
}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Client to daemon. Without an id there is no answer."""

    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | str | None = None
    jsonrpc: str = "2.0"


class ErrorData(msgspec.Struct, frozen=True, kw_only=True):
    """What a program can act on; ``hint`` is the next command for a person."""

    kind: Kind
    hint: str | None = None


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, in words for a person."""

    code: int
    message: str
    data: ErrorData


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one request: a result or an error, never both."""

    jsonrpc: str
    id: int | str | None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: Error | msgspec.UnsetType = msgspec.UNSET


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Daemon to client, unasked: an event, or the progress of an operation."""

    jsonrpc: str
    method: str
    params: msgspec.Raw


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever the daemon sends: a response has no method, a notification no id.

    ``result`` is empty where there is none.
    """

    jsonrpc: str = "2.0"
    id: int | str | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")
    # Not Raw | None: msgspec decodes such a union to None or not at all.
    result: msgspec.Raw = msgspec.Raw()
    error: Error | None = None
