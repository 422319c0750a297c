"""Who may come in: by Host, token and origin, and how often."""

import pytest
from starlette.datastructures import Headers

from selfhealingd.core.web import Token, Web, digest
from selfhealingd.web.answers import Refused
from selfhealingd.web.backend import Who
from selfhealingd.web.gate import REQUESTS, WRONG, Gate

SECRET = "x" * 64
TOKEN = Token(digest=digest(SECRET))
HERE = "127.0.0.1"


def ask(
    gate: Gate,
    method: str = "GET",
    *,
    token: str | None = None,
    free: bool = False,
    now: float = 0.0,
    headers: dict[str, str] | None = None,
) -> Who | int:
    """Ask to be let in; return who that is, or the status of the refusal."""
    said = {"host": "localhost:3001", **(headers or {})}
    if token is not None:
        said["authorization"] = f"Bearer {token}"
    try:
        return gate.admit(method, Headers(said), HERE, free=free, now=now)
    except Refused as refused:
        return refused.status


def test_looking_is_free_and_acting_is_not() -> None:
    """On loopback."""
    gate = Gate(Web(), TOKEN)
    assert Who(operator=False, via="web from 127.0.0.1") == ask(gate)
    assert 401 == ask(gate, "POST")
    operator = Who(operator=True, via="web token from 127.0.0.1")
    assert operator == ask(gate, "POST", token=SECRET)
    assert operator == ask(gate, token=SECRET)


def test_elsewhere_looking_takes_the_token() -> None:
    """Except for what strangers may see."""
    gate = Gate(Web(host="::", reading=True), TOKEN)
    assert 401 == ask(gate)
    assert isinstance(ask(gate, free=True), Who)
    assert isinstance(ask(gate, token=SECRET), Who)


@pytest.mark.parametrize("said", ["", SECRET[:-1], SECRET + "x", "é" * 64])
def test_a_wrong_token_is_refused(said: str) -> None:
    """Even for what is free: whoever sends one wants to know."""
    assert 401 == ask(Gate(Web(), TOKEN), token=said)
    assert not TOKEN.is_this(said)


def test_without_a_token_nobody_acts() -> None:
    """It says why, and does not ask for one."""
    gate = Gate(Web(), Token(problem="/t: others may use it"))
    assert 403 == ask(gate, "POST", token=SECRET)
    with pytest.raises(Refused, match="there is none: /t: others may use it"):
        gate.admit("POST", Headers({"host": "localhost"}), HERE, free=False, now=0)


def test_wrong_tokens_are_heard_of_now_and_then() -> None:
    """So that they can't be tried fast; the right one is always heard."""
    gate = Gate(Web(), TOKEN)
    tries = [ask(gate, token="0" * 64) for _ in range(int(WRONG.burst) + 2)]
    assert [401] * int(WRONG.burst) + [429, 429] == tries
    assert isinstance(ask(gate, "POST", token=SECRET), Who)
    assert 401 == ask(gate, token="0" * 64, now=1 / WRONG.a_second)


def test_requests_have_a_rate() -> None:
    """Refused ones count as well; it says when to come again."""
    gate = Gate(Web(), TOKEN)
    for _ in range(int(REQUESTS.burst)):
        ask(gate, headers={"host": "evil.example"})
    assert 429 == ask(gate)
    assert isinstance(ask(gate, token=SECRET), Who)  # no stranger keeps him out
    with pytest.raises(Refused) as refused:
        gate.admit("GET", Headers({}), HERE, free=False, now=0)
    assert {"retry-after": "1"} == refused.value.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", None),
        ("LOCALHOST:3001", None),
        ("127.0.0.1:80", None),
        ("[::1]:3001", None),
        ("192.0.2.7", None),
        ("ops.example", None),
        ("ops.example.", None),
        ("evil.example:3001", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("[", 421),
        ("localhost@evil.example", 421),
    ],
)
def test_names_are_checked(host: str, status: int | None) -> None:
    """Another site's name can be made to lead here, an address can't."""
    gate = Gate(Web(hosts=("ops.example",)), TOKEN)
    found = ask(gate, headers={"host": host})
    assert status == (None if isinstance(found, Who) else found)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost:3001"}, None),
        ({"sec-fetch-site": "none"}, None),
        ({}, None),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost:8080"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_another_sites_page_does_nothing(
    headers: dict[str, str], expected: int | None
) -> None:
    """Not even with the token; looking it can't read, and so may."""
    gate = Gate(Web(), TOKEN)
    found = ask(gate, "POST", token=SECRET, headers=headers)
    assert expected == (None if isinstance(found, Who) else found)
    assert isinstance(ask(gate, headers=headers), Who)
