"""One request to one response. Whatever goes wrong becomes a typed error."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import trio

from selfhealingd.control.peer import Peer, Rights, may_operate
from selfhealingd.control.registry import Call, Refusal, Registry
from selfhealingd.wire.codec import BadMessage, decode_params
from selfhealingd.wire.messages import Error, ErrorData, Kind, Request, Response
from selfhealingd.wire.methods import METHODS, Access, Method, Params
from selfhealingd.wire.verbs import doing

OnError: TypeAlias = Callable[[Exception, str], None]
"""Told of an exception nobody meant to raise, and the method; must not raise."""

_NAME_SHOWN = 64  # a method's name is the client's, and may be as long as a message


@dataclass(frozen=True, slots=True)
class Answering:
    """What every connection needs to answer."""

    registry: Registry
    rights: Rights
    on_error: OnError


@dataclass(slots=True)
class _Pending:
    """A handler's end, whoever still waits for it."""

    done: trio.Event = field(default_factory=trio.Event)
    response: Response | None = None


async def answer(answering: Answering, call: Call, request: Request) -> Response:
    """Do what is asked, and say how it went; raises nothing."""
    try:
        method = _known(request.method)
        _check_access(method, request.method, call.peer, answering.rights)
        params = _params(method, request)
        result = await answering.registry.handler(request.method)(call, params)
        raw = msgspec.Raw(msgspec.json.encode(result))
    except Refusal as refusal:
        return refused(request.id, refusal)
    except Exception as error:  # noqa: BLE001 - one bug must not end the daemon
        answering.on_error(error, request.method)
        words = (
            f"cannot {doing(request.method)}: an internal error; see the daemon's log"
        )
        return refused(request.id, Refusal(Kind.INTERNAL, words))
    return Response(jsonrpc="2.0", id=request.id, result=raw)


async def perform(
    answering: Answering,
    handlers: trio.Nursery,
    call: Call,
    request: Request,
    *,
    patience: float,
) -> Response:
    """Have it done in ``handlers``, and wait so many seconds for that.

    Whoever waits may be cancelled: what was begun goes on.
    """
    pending = _Pending()
    handlers.start_soon(_handle, answering, pending, call, request)
    with trio.move_on_after(patience):
        await pending.done.wait()
    if pending.response is not None:
        return pending.response
    words = (
        f"cannot say how {request.method} ended: it is still under way after "
        f"{patience:g} s, and goes on"
    )
    return refused(request.id, Refusal(Kind.TIMED_OUT, words))


async def _handle(
    answering: Answering, pending: _Pending, call: Call, request: Request
) -> None:
    pending.response = await answer(answering, call, request)
    pending.done.set()


def refused(request_id: int | str | None, refusal: Refusal) -> Response:
    """Write a refusal as the error of a response."""
    error = Error(
        code=refusal.kind.code,
        message=refusal.message,
        data=ErrorData(kind=refusal.kind, hint=refusal.hint),
    )
    return Response(jsonrpc="2.0", id=request_id, error=error)


def _known(name: str) -> Method:
    method = METHODS.get(name)
    if method is not None:
        return method
    shown = name[:_NAME_SHOWN]
    near = difflib.get_close_matches(shown, METHODS, n=1)
    likely = f"; did you mean {near[0]}?" if near else ""
    raise Refusal(
        Kind.UNKNOWN_METHOD, f"cannot do {shown!r}: there is no such method{likely}"
    )


def _check_access(method: Method, name: str, peer: Peer, rights: Rights) -> None:
    if method.access is Access.OBSERVE or may_operate(peer, rights):
        return
    raise Refusal(
        Kind.NOT_PERMITTED,
        f"cannot {doing(name)}: uid {peer.uid} is not an operator; that takes root, "
        f"the daemon's own user (uid {rights.daemon_uid}), or a user or @group that "
        "[control] operators names",
        hint="run it with sudo, or add the user to [control] operators",
    )


def _params(method: Method, request: Request) -> Params:
    try:
        return decode_params(request.params, method.params)
    except BadMessage as error:
        raise Refusal(
            Kind.BAD_REQUEST,
            f"cannot {doing(request.method)}: bad params: {error}; "
            f"expected {_expected(method.params)}",
        ) from error


def _expected(params: type[Params]) -> str:
    fields = msgspec.structs.fields(params)
    if not fields:
        return "no params"
    return ", ".join(
        f"{field.encode_name} ({_words(msgspec.json.schema(field.type))}"
        f"{'' if field.required else ', optional'})"
        for field in fields
    )


# Any: a JSON schema's values are of any kind.
def _words(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_words(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "items" in schema:
        return f"array of {_words(schema['items'])}"
    return str(schema["type"])
