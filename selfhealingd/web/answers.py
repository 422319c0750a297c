"""Answers that are no page: documents, and errors that say what to do."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.responses import Response

from selfhealingd.web.server import Message, Receive, Send
from selfhealingd.wire.documents import Document
from selfhealingd.wire.messages import Kind

JSON = "application/json"

STATUS = {
    Kind.PARSE_ERROR: 400,
    Kind.INVALID_REQUEST: 400,
    Kind.BAD_REQUEST: 400,
    Kind.UNKNOWN_METHOD: 404,
    Kind.NO_SUCH_NAME: 404,
    Kind.REFUSED: 409,
    Kind.NOT_PERMITTED: 403,
    Kind.TIMED_OUT: 504,
    Kind.BUSY: 503,
    Kind.INTERNAL: 500,
}


class Problem(Document, frozen=True):
    """What went wrong, and in ``hint`` the next command or step for a person."""

    kind: Kind
    message: str
    hint: str | None = None


class ErrorDocument(Document, frozen=True):
    """The body of every answer that is an error."""

    error: Problem


class Refused(Exception):
    """A request that is not done. ``status``: other than that of its kind."""

    def __init__(
        self,
        kind: Kind,
        message: str,
        hint: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] = {},
    ) -> None:
        super().__init__(message)
        self.problem = Problem(kind=kind, message=message, hint=hint)
        self.status = STATUS[kind] if status is None else status
        self.headers = headers


class Answering(Response):
    """An answer that somebody else gives, as it comes about."""

    def __init__(
        self, give: Callable[[Message, Receive, Send], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._give = give

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Have it given."""
        await self._give(scope, receive, send)


def document(raw: bytes, status: int = 200) -> Response:
    """Answer with a document as ``selfhealctl`` prints it."""
    return Response(pretty(raw), status, media_type=JSON)


def refusal(refused: Refused) -> Response:
    """Answer with an error."""
    raw = msgspec.json.encode(ErrorDocument(error=refused.problem))
    headers = dict(refused.headers)
    return Response(pretty(raw), refused.status, headers, media_type=JSON)


def pretty(raw: bytes) -> bytes:
    """Write JSON for people, to the byte as ``selfhealctl`` does."""
    return msgspec.json.format(raw, indent=2) + b"\n"
