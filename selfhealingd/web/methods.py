"""Methods of the control protocol over HTTP: ``/api/METHOD``, for all of them.

GET for those that look, with their parameters in the query; POST for those that
operate, with a JSON object as the body. The answer is the method's result. What a
method tells later is streamed, a line each, to whoever accepts that.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TypeAlias, TypeVar, get_origin

import msgspec
import trio
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from selfhealingd.web.answers import Answering, Refused, document, refusal
from selfhealingd.web.backend import Asking, Backend, Who
from selfhealingd.web.intake import WHO
from selfhealingd.web.server import Message, Receive, Send, gone
from selfhealingd.web.truth import Truth
from selfhealingd.wire.codec import encode
from selfhealingd.wire.messages import Error, Kind
from selfhealingd.wire.methods import METHODS, Access, Method, Params
from selfhealingd.wire.operation import Started
from selfhealingd.wire.verbs import doing

RESUME = "/api/system/heal/resume"
"""What operators were promised; it is ``/api/resume`` by another name."""

LINES = "application/x-ndjson"
UNBUFFERED = (b"x-accel-buffering", b"no")
"""A header of what is streamed: nginx would keep it back."""
STREAMED = frozenset({"replay", "tail"})
"""What they are asked for comes later."""
ELSEWHERE = frozenset({"status", "subscribe"})
"""Methods with an address, or a form, of their own."""

_DESCRIBED = "see /api/openapi.json"

P = TypeVar("P", bound=Params)

Ask: TypeAlias = Callable[[], AbstractAsyncContextManager[Asking]]


def routes(backend: Backend, truth: Truth) -> list[Route]:
    """All methods, each at its address."""
    at = {f"/api/{name}": name for name in METHODS if name not in ELSEWHERE}
    at[RESUME] = "resume"
    return [
        Route(
            path,
            _Endpoint(backend, truth, name).carry_out,
            methods=[verb(METHODS[name])],
            name=path,
        )
        for path, name in at.items()
    ]


def verb(method: Method) -> str:
    """Return by which verb of HTTP a method is asked for."""
    return "GET" if method.access is Access.OBSERVE else "POST"


class _Endpoint:
    """One method."""

    def __init__(self, backend: Backend, truth: Truth, name: str) -> None:
        self._backend = backend
        self._truth = truth
        self._name = name
        self._method = METHODS[name]

    async def carry_out(self, request: Request) -> Response:
        """Understand what is asked for; it is done by what is returned."""
        looking = self._method.access is Access.OBSERVE
        if looking:
            asked = from_query(self._name, self._method.params, request.query_params)
            params = msgspec.json.encode(asked)
        else:
            params = await request.body() or b"{}"
        who: Who = getattr(request.state, WHO)
        ask = partial(self._backend.ask, self._name, params, who)
        lines = LINES in request.headers.get("accept", "")
        return Answering(partial(self._answer, ask, lines=lines))

    async def _answer(
        self, ask: Ask, scope: Message, receive: Receive, send: Send, *, lines: bool
    ) -> None:
        """Have it done; answer with what comes of it, or with each line of that."""
        async with ask() as asking:
            if self._method.access is Access.OPERATE:
                self._truth.forget()
            response = asking.response
            if isinstance(response.error, Error):
                await refusal(_refused(response.error))(scope, receive, send)
                return
            raw = msgspec.json.encode(response.result)
            began = _began(raw)
            if self._name in STREAMED or (lines and began):
                await _stream(asking, receive, send)
            else:
                await document(raw, 202 if began else 200)(scope, receive, send)


def from_query(name: str, params: type[P], query: QueryParams) -> P:
    """Read a query as params; a name may stand several times where a list is meant.

    Raises Refused.
    """
    lists = {
        field.encode_name
        for field in msgspec.structs.fields(params)
        if get_origin(field.type) is tuple
    }
    for key in query.keys() - lists:
        if len(query.getlist(key)) > 1:
            words = f"cannot {doing(name)}: bad params: {key[:100]} is there twice"
            raise Refused(Kind.BAD_REQUEST, words, _DESCRIBED)
    values: dict[str, object] = {
        key: query.getlist(key) if key in lists else query[key] for key in query
    }
    try:
        return msgspec.convert(values, params, strict=False)
    except msgspec.ValidationError as error:
        words = f"cannot {doing(name)}: bad params: {error}"
        raise Refused(Kind.BAD_REQUEST, words, _DESCRIBED) from error


def _refused(error: Error) -> Refused:
    return Refused(error.data.kind, error.message, error.data.hint)


def _began(raw: bytes) -> bool:
    """Whether a result says that something was begun that goes on."""
    try:
        msgspec.json.decode(raw, type=Started)
    except msgspec.ValidationError:
        return False
    return True


async def _stream(asking: Asking, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", LINES.encode()), UNBUFFERED]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send_line(line: bytes) -> None:
        body = {"type": "http.response.body", "body": line, "more_body": True}
        await send(body)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gone, receive, nursery.cancel_scope)
        await send_line(encode(asking.response))
        await asking.pump(send_line)
        nursery.cancel_scope.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})
