"""The outermost layer: every request ends, in time, with an answer and its headers.

Bodies have a limit and a deadline. What is left of a body is taken in before the
answer goes out, so that a client that still sends reads it; where too much is left,
the connection ends with the answer.
"""

from collections.abc import Callable
from http.client import METHOD_NOT_ALLOWED

import trio
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from selfhealingd.web.answers import Refused, refusal
from selfhealingd.web.backend import Who
from selfhealingd.web.gate import HEADERS, Gate, WrongToken
from selfhealingd.web.server import (
    CROWDED,
    HANG_UP,
    Application,
    Message,
    Receive,
    Send,
)
from selfhealingd.wire.messages import Kind

MOST = 1024 * 1024
BODY_SECS = 10.0
DRAIN_SECS = 1.0
FREE = frozenset({"/", "/healthz"})
"""What strangers may see, besides the page's own files."""
STATIC = "/static/"
CHECKS = frozenset({"/healthz", "/metrics"})
"""What monitors ask for, and costs next to nothing: a flood of all else, by whoever is
at the same address, must not look as if the daemon were ill."""

WHO = "who"
"""In a request's ``state``: who asks."""


class Intake:
    """Wraps the application. ``on_error``, ``on_wrong``: see ``Backend``.

    ``gate`` may be replaced while it is served.
    """

    def __init__(
        self,
        application: Application,
        gate: Gate,
        *,
        on_error: Callable[[Exception, str], None],
        on_wrong: Callable[[str], None],
    ) -> None:
        self._application = application
        self.gate = gate
        self._on_error = on_error
        self._on_wrong = on_wrong

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; raises nothing but what cancels it."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        exchange = _Exchange(scope, receive, send)
        try:
            who = self._admit(scope)
            if scope["state"].get(CROWDED) and not who.operator:
                _refuse_in_a_crowd(scope["path"])
            exchange.look_ahead()
            # Of this request alone: hypercorn gives each a copy.
            scope["state"][WHO] = who
            scope["app"] = self  # then starlette raises what it has no route for
            await self._application(scope, exchange.receive, exchange.send)
        except Refused as refused:
            await exchange.answer(refusal(refused))
        except HTTPException as error:
            await exchange.answer(refusal(_nothing_there(scope, error)))
        except ClientDisconnect:
            return  # before it had said all: nothing was done
        except trio.TooSlowError:
            words = f"the request was not sent within {BODY_SECS:g} s"
            await exchange.answer(refusal(Refused(Kind.TIMED_OUT, words, status=408)))
        except Exception as error:  # noqa: BLE001 - one bug must not end the daemon
            self._on_error(error, f"{scope['method']} {scope['path']}")
            words = "an internal error; see the daemon's log"
            await exchange.answer(refusal(Refused(Kind.INTERNAL, words)))

    def _admit(self, scope: Message) -> Who:
        path = scope["path"]
        client = scope["client"]
        try:
            return self.gate.admit(
                scope["method"],
                Headers(scope=scope),
                client[0] if client else "",
                free=path in FREE or path.startswith(STATIC),
                now=trio.current_time(),
                rated=path not in CHECKS,
            )
        except WrongToken as wrong:
            self._on_wrong(wrong.address)
            raise


def _refuse_in_a_crowd(path: str) -> None:
    if path not in CHECKS:
        raise Refused(
            Kind.BUSY,
            "there are too many connections",
            "ask again in 5 s, or with the token",
            headers={"retry-after": "5"},
        )


def _refuse_if_too_long(size: int) -> None:
    if size > MOST:
        raise Refused(
            Kind.BAD_REQUEST,
            f"the request is too long: {MOST >> 20} MiB are allowed",
            status=413,
        )


def _nothing_there(scope: Message, error: HTTPException) -> Refused:
    path, method = scope["path"][:100], scope["method"][:20]
    words = f"there is nothing at {path}"
    if error.status_code == METHOD_NOT_ALLOWED:
        words = f"{method} does not go with {path}"
    elsewhere = "/api/events" if path == "/api/subscribe" else "/api/openapi.json"
    return Refused(
        Kind.UNKNOWN_METHOD,
        words,
        f"see {elsewhere}",
        status=error.status_code,
        headers=error.headers or {},
    )


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._deadline = trio.current_time() + BODY_SECS
        self._taken = 0
        self._whole = False
        self._started = False

    def look_ahead(self) -> None:
        """Refuse at once what says itself that it will be too long; raises Refused."""
        # h11 lets nothing through but digits, of which it takes 20.
        _refuse_if_too_long(int(Headers(scope=self._scope).get("content-length", "0")))

    async def receive(self) -> Message:
        """Give some of the body; raises Refused and TooSlowError."""
        if self._whole:
            return await self._receive()
        with trio.fail_at(self._deadline):
            message = await self._receive()
        self._taken += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        _refuse_if_too_long(self._taken)
        return message

    async def send(self, message: Message) -> None:
        """Send some of the answer, with what each has to have."""
        if message["type"] == "http.response.start":
            self._started = True
            await self._drain()
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if not self._whole or self._scope["state"].get(CROWDED):
                headers["connection"] = "close"
        last = message["type"] == "http.response.body" and not message.get("more_body")
        if not last or self._whole:
            await self._send(message)
            return
        # hypercorn waits for room for what nobody will take in.
        with trio.move_on_after(DRAIN_SECS):
            await self._send(message)
        self._hang_up()

    async def answer(self, response: Response) -> None:
        """Answer, or hang up where another answer was begun."""
        if self._started:
            self._hang_up()
            return
        await response(self._scope, self._receive, self.send)

    async def _drain(self) -> None:
        with trio.move_on_after(DRAIN_SECS):
            while not self._whole and self._taken <= MOST:
                message = await self._receive()
                self._taken += len(message.get("body", b""))
                self._whole = not message.get("more_body", False)

    def _hang_up(self) -> None:
        self._scope["state"][HANG_UP]()
