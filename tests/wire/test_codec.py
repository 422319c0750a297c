"""Bytes to messages and back."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.wire.codec import (
    BadMessage,
    Lines,
    RemoteProtocolError,
    decode_incoming,
    decode_params,
    decode_request,
    encode,
)
from selfhealingd.wire.messages import (
    Error,
    ErrorData,
    Kind,
    Notification,
    Request,
    Response,
)
from selfhealingd.wire.methods import METHODS, Names, Reset

LIMIT = 16


def cut(pieces: list[bytes]) -> tuple[list[bytes], bool]:
    """Feed pieces; return the lines, and whether the stream was refused."""
    lines, found = Lines(LIMIT), list[bytes]()
    try:
        for piece in pieces:
            for line in lines.feed(piece):
                found.append(line)
    except RemoteProtocolError:
        return found, True
    return found, False


@given(st.lists(st.sampled_from([b"\n", b" ", b"a", b"bcd" * 3, b"\r\n"])))
def test_bytes_fed_one_by_one_give_the_same_lines_as_fed_whole(
    pieces: list[bytes],
) -> None:
    """How the socket cuts the stream changes neither lines nor refusal."""
    whole = b"".join(pieces)
    single = [whole[i : i + 1] for i in range(len(whole))]
    assert cut([whole]) == cut(single)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\n", [b"a\r"]),
        (b"\n \n\na\n", [b"a"]),
        (b"x" * LIMIT + b"\n", [b"x" * LIMIT]),
        (b"", []),
    ],
)
def test_lines_are_cut_at_their_ends(data: bytes, expected: list[bytes]) -> None:
    """Blank lines are nothing; a line may be as long as the limit."""
    lines = Lines(LIMIT)
    assert list(lines.feed(data)) == expected
    assert not lines.partial


def test_a_begun_line_is_partial_until_it_ends() -> None:
    """``partial`` says whether a line was begun and not ended."""
    lines = Lines(LIMIT)
    assert list(lines.feed(b"a\nb")) == [b"a"]
    assert lines.partial
    assert list(lines.feed(b"c\n")) == [b"bc"]
    assert not lines.partial


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_an_over_long_line_is_refused_after_those_before_it(end: bytes) -> None:
    """What came before the over-long line is not lost with it."""
    lines = Lines(LIMIT).feed(b"a\n" + b"x" * (LIMIT + 1) + end)
    assert next(lines) == b"a"
    with pytest.raises(RemoteProtocolError, match=f"longer than {LIMIT} bytes"):
        next(lines)


@given(st.binary())
def test_arbitrary_bytes_raise_only_what_is_documented(data: bytes) -> None:
    """No line, however broken, raises anything but BadMessage."""
    for line in Lines().feed(data + b"\n"):
        for decode in (decode_request, decode_incoming):
            with contextlib.suppress(BadMessage):
                decode(line)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.dictionaries(
        st.sampled_from(["method", "params", "id", "jsonrpc", "result", "error"]),
        json_values,
    ),
    st.sampled_from(sorted(METHODS)),
)
def test_any_json_raises_only_what_is_documented(
    message: dict[str, object], method: str
) -> None:
    """Well-formed JSON of a wrong shape is a BadMessage as well."""
    line = msgspec.json.encode(message)
    with contextlib.suppress(BadMessage):
        decode_params(decode_request(line).params, METHODS[method].params)


@pytest.mark.parametrize(
    "params",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"names": ["\xff"]}',
        b'{"names": ["\\ud800"]}',
        b'{"names": "web"}',
        b'{"names": [], "name": 1}',
        b"null",
    ],
    ids=["open", "deep", "utf-8", "surrogate", "type", "unknown", "null"],
)
def test_hostile_params_are_bad_messages(params: bytes) -> None:
    """Deep nesting, broken text and wrong types end in BadMessage."""
    line = b'{"method": "start", "params": ' + params + b"}"
    with pytest.raises(BadMessage):
        decode_params(decode_request(line).params, Names)
    with pytest.raises(BadMessage):
        decode_params(decode_incoming(line).params, Names)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[]", "one request a line"),
        (b' [{"method": "status"}]', "one request a line"),
        (b'{"jsonrpc": "1.0", "method": "status"}', '"jsonrpc": "2.0"'),
        (b'{"id": 1}', "missing required field `method`"),
        (b"status", "malformed"),
    ],
)
def test_a_bad_request_says_what_is_wrong(line: bytes, words: str) -> None:
    """The reason stands in the error's text."""
    with pytest.raises(BadMessage) as caught:
        decode_request(line)
    assert words in str(caught.value)


@given(
    st.text(),
    st.none() | st.integers() | st.text(),
    st.tuples(st.text(), st.text()),
)
def test_a_request_survives_the_wire(
    method: str, request_id: int | str | None, values: tuple[str, str]
) -> None:
    """What is encoded is one line, and is decoded as it was."""
    params = Reset(name=values[0], reason=values[1], force=True)
    raw = msgspec.Raw(msgspec.json.encode(params))
    sent = encode(Request(method=method, params=raw, id=request_id))
    [line] = Lines().feed(sent)
    got = decode_request(line)
    assert (got.method, got.id) == (method, request_id)
    assert decode_params(got.params, Reset) == params


@pytest.mark.parametrize("kind", Kind)
def test_an_error_survives_the_wire(kind: Kind) -> None:
    """Every kind of error is read back as it was written."""
    error = Error(code=kind.code, message="cannot", data=ErrorData(kind=kind, hint="x"))
    line = encode(Response(jsonrpc="2.0", id=7, error=error))
    got = decode_incoming(line)
    assert (got.id, got.method, got.result, got.error) == (
        7,
        None,
        msgspec.Raw(),
        error,
    )


def test_a_notification_has_a_method_and_no_id() -> None:
    """A client tells notifications from responses by these."""
    raw = msgspec.Raw(b'{"count":1}')
    line = encode(Notification(jsonrpc="2.0", method="lagged", params=raw))
    got = decode_incoming(line)
    assert (got.id, got.method, bytes(got.params)) == (None, "lagged", bytes(raw))


@pytest.mark.parametrize("request_id", [None, 1, "a"])
def test_a_response_always_has_an_id(request_id: int | str | None) -> None:
    """JSON-RPC wants the id of a response written, null included."""
    written = msgspec.json.decode(
        encode(Response(jsonrpc="2.0", id=request_id, result=msgspec.Raw(b"[]")))
    )
    assert written == {"jsonrpc": "2.0", "id": request_id, "result": []}


@pytest.mark.parametrize("result", [b"null", b'"x"', b"[]", b'{"a":1}', b"0"])
def test_a_result_of_any_shape_survives_the_wire(result: bytes) -> None:
    """A client reads it as it was written; only an error has none."""
    line = encode(Response(jsonrpc="2.0", id=1, result=msgspec.Raw(result)))
    got = decode_incoming(line)
    assert (got.id, got.error, bytes(got.result)) == (1, None, result)
    assert got.result


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{not json", -32700),
        (b'{"method": "\xff"}', -32700),
        (b"{}", -32600),
        (b'{"method": 1}', -32600),
        (b'{"method": "status", "jsonrpc": "1.0"}', -32600),
        (b'[{"method": "status"}]', -32600),
    ],
)
def test_what_is_no_request_has_the_standards_code(line: bytes, code: int) -> None:
    """No JSON, and JSON that is no request, are told apart as JSON-RPC has it."""
    with pytest.raises(BadMessage) as raised:
        decode_request(line)
    assert code == raised.value.kind.code
