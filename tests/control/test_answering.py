"""One request to one response, whatever goes wrong."""

import msgspec
import pytest
import trio

from selfhealingd.control.answering import Answering, answer
from selfhealingd.control.outbox import Outbox
from selfhealingd.control.peer import Peer, Rights
from selfhealingd.control.registry import Call, Handler, Refusal, Registry
from selfhealingd.wire.documents import PidDocument
from selfhealingd.wire.messages import Error, Kind, Request, Response
from selfhealingd.wire.methods import METHODS, Names, Reset
from selfhealingd.wire.operation import Done
from selfhealingd.wire.verbs import doing

OPERATOR = Peer(uid=1000, gid=1000, pid=2)
OBSERVER = Peer(uid=2000, gid=2000, pid=3)
RIGHTS = Rights(daemon_uid=500, operator_uids=frozenset({1000}))


async def done(call: Call, params: object) -> Done:
    await trio.lowlevel.checkpoint()
    return Done(words=f"{call.method} was done with {type(params).__name__}")


async def ask(
    method: str,
    params: bytes = b"{}",
    *,
    peer: Peer = OPERATOR,
    handler: Handler = done,
    errors: list[tuple[Exception, str]] | None = None,
) -> Response:
    """Answer one request with ``handler``; without ``errors``, a bug is an error."""

    def on_error(error: Exception, name: str) -> None:
        if errors is None:
            raise error
        errors.append((error, name))

    answering = Answering(Registry(dict.fromkeys(METHODS, handler)), RIGHTS, on_error)
    request = Request(method=method, params=msgspec.Raw(params), id=7)
    response = await answer(answering, Call(peer, method, Outbox(1000)), request)
    assert (response.jsonrpc, response.id) == ("2.0", 7)
    assert (response.result is msgspec.UNSET) is not (response.error is msgspec.UNSET)
    return response


def error_of(response: Response) -> Error:
    assert isinstance(response.error, Error)
    assert response.error.code == response.error.data.kind.code
    return response.error


@pytest.mark.parametrize("method", METHODS)
async def test_an_operator_may_ask_for_everything(method: str) -> None:
    """Each method reaches its handler, with parameters of its own type."""
    values = {
        "names": ["web"],
        "signal": "HUP",
        "reason": "r",
        "name": "program:web",
        "id": "t",
        "kind": "kill",
        "runbook": "clear",
    }
    kind = METHODS[method].params
    fields = msgspec.structs.fields(kind)
    params = {f.name: values[f.name] for f in fields if f.required}
    response = await ask(method, msgspec.json.encode(params))
    words = f"{method} was done with {kind.__name__}"
    assert isinstance(response.result, msgspec.Raw)
    assert msgspec.json.decode(response.result, type=Done).words == words


async def test_params_are_what_the_client_said() -> None:
    """Values and defaults arrive."""
    seen = list[object]()

    async def keep(_call: Call, params: object) -> None:
        await trio.lowlevel.checkpoint()
        seen.append(params)

    await ask("reset", b'{"name": "llm", "reason": "fixed"}', handler=keep)
    await ask("start", b'{"names": ["a", "b"]}', handler=keep)
    assert seen == [
        Reset(name="llm", reason="fixed", force=False),
        Names(names=("a", "b"), reason=None),
    ]


async def test_a_list_of_documents_is_a_result() -> None:
    """Keys are written as scripts read them."""

    async def pids(_call: Call, _params: object) -> list[PidDocument]:
        await trio.lowlevel.checkpoint()
        return [PidDocument(name="web", pid=4)]

    response = await ask("pid", b'{"names": ["web"]}', handler=pids)
    assert response.result == msgspec.Raw(b'[{"name":"web","pid":4}]')


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("statsu", "cannot do 'statsu': there is no such method; did you mean status?"),
        ("__class__", "cannot do '__class__': there is no such method"),
        ("x" * 500_000, f"cannot do '{'x' * 64}': there is no such method"),
    ],
)
async def test_an_unknown_method_is_told_with_the_likely_one(
    method: str, words: str
) -> None:
    """However long its name is."""
    error = error_of(await ask(method))
    assert (error.data.kind, error.message) == (Kind.UNKNOWN_METHOD, words)


@pytest.mark.parametrize(
    ("method", "params", "problem", "expected"),
    [
        (
            "reset",
            b'{"name": "llm"}',
            "Object missing required field `reason`",
            "name (string), reason (string), force (boolean, optional)",
        ),
        (
            "start",
            b'{"names": "web"}',
            "Expected `array`, got `str` - at `$.names`",
            "names (array of string), reason (string or null, optional)",
        ),
        (
            "resume",
            b'{"reason": "%s"}' % (b"x" * 501),
            "Expected `str` of length <= 500 - at `$.reason`",
            "reason (string)",
        ),
        (
            "incidents",
            b'{"limit": -1}',
            "Expected `int` >= 0 - at `$.limit`",
            (
                "limit (integer, optional), names (array of string, optional), open"
                " (boolean, optional), since_secs (number or null, optional)"
            ),
        ),
        (
            "status",
            b'{"verbose": true}',
            "Object contains unknown field `verbose`",
            "no params",
        ),
        (
            "status",
            b"[]",
            "Expected `object`, got `array`",
            "no params",
        ),
    ],
)
async def test_bad_params_are_told_with_what_is_expected(
    method: str, params: bytes, problem: str, expected: str
) -> None:
    """Which one, and all that the method takes."""
    words = f"cannot {doing(method)}: bad params: {problem}; expected {expected}"
    error = error_of(await ask(method, params))
    assert (error.data.kind, error.message) == (Kind.BAD_REQUEST, words)


@pytest.mark.parametrize("method", METHODS)
async def test_an_observer_may_only_observe(method: str) -> None:
    """What changes something is refused before anything else is looked at."""
    response = await ask(method, b'{"unknown": 1}', peer=OBSERVER)
    error = error_of(response)
    if METHODS[method].access.value == "observe":
        assert error.data.kind is Kind.BAD_REQUEST
        return
    assert error.data.kind is Kind.NOT_PERMITTED
    assert error.message == (
        f"cannot {doing(method)}: uid 2000 is not an operator; that takes root, the "
        "daemon's own user (uid 500), or a user or @group that [control] operators"
        " names"
    )
    assert error.data.hint == "run it with sudo, or add the user to [control] operators"


async def test_a_refusal_is_told_as_it_stands() -> None:
    """Kind, words and hint are the handler's."""

    async def refuse(_call: Call, _params: object) -> None:
        await trio.lowlevel.checkpoint()
        raise Refusal(Kind.REFUSED, "cannot reset llm: it needs force", "add --force")

    error = error_of(await ask("status", handler=refuse))
    assert error.message == "cannot reset llm: it needs force"
    assert (error.data.kind, error.data.hint) == (Kind.REFUSED, "add --force")


async def test_a_bug_is_an_internal_error_and_is_reported() -> None:
    """The client learns that it happened, the log what; secrets stay in the log."""

    async def fail(_call: Call, _params: object) -> None:
        await trio.lowlevel.checkpoint()
        raise ZeroDivisionError("secret")

    errors = list[tuple[Exception, str]]()
    error = error_of(await ask("status", handler=fail, errors=errors))
    assert error.data.kind is Kind.INTERNAL
    assert (
        error.message
        == "cannot show the status: an internal error; see the daemon's log"
    )
    [(reported, method)] = errors
    assert (type(reported), method) == (ZeroDivisionError, "status")
    assert reported.__traceback__ is not None


async def test_a_result_that_cannot_be_written_is_a_bug() -> None:
    """It is answered and reported as any other."""

    async def odd(_call: Call, _params: object) -> object:
        await trio.lowlevel.checkpoint()
        return object()

    errors = list[tuple[Exception, str]]()
    error = error_of(await ask("status", handler=odd, errors=errors))
    assert error.data.kind is Kind.INTERNAL
    assert [method for _, method in errors] == ["status"]
