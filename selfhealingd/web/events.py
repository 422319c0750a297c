"""``/api/events``: the status when it changes, and all that happens, to who listens.

Server-sent events. ``status`` is the whole document, at most twice a second when
something changed, and every few seconds as numbers move; who reads slowly is shown the
latest and none before it. ``announce`` is one event of the journal, the ``last`` past
ones first; of those a slow reader loses some, and is told so by ``lagged``. Who doesn't
read at all is dropped.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeAlias

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response

from selfhealingd.web.answers import Answering, Refused
from selfhealingd.web.backend import Backend, Following, Who
from selfhealingd.web.intake import WHO
from selfhealingd.web.methods import UNBUFFERED, from_query
from selfhealingd.web.server import Message, Receive, Send, gone
from selfhealingd.web.truth import Truth
from selfhealingd.wire.documents import Document, EventDocument
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.methods import Subscribe

MOST = 32
"""Who may listen at a time: the rest of the connections is for those who ask."""
RESERVED = 8
"""So many more with the token, whoever else listens."""

GAP_SECS = 0.5
BEAT_SECS = 5.0
"""A status at least so often: a proxy, and the page, know by it that there is life."""
RETRY_MS = 1000

Tell: TypeAlias = Callable[[bytes], Awaitable[None]]

_TYPE = "text/event-stream"
_HEADERS = ((b"content-type", _TYPE.encode()), UNBUFFERED)


class Lagged(Document, frozen=True):
    """So many announcements were dropped at this place."""

    count: int


class Bulletin:
    """The latest status, made once for all who listen."""

    def __init__(self, backend: Backend, truth: Truth) -> None:
        self._backend = backend
        self._truth = truth
        self._listeners = 0
        self._wanted = trio.Event()
        self._latest = b""
        self._number = 0
        self._news = trio.Event()

    async def run(self) -> None:
        """Keep it up to date while somebody listens."""
        while True:
            await self._wanted.wait()
            change = self._backend.change()
            began = trio.current_time()
            status = await self._truth.status()
            self._latest = event("status", msgspec.json.encode(status))
            self._number += 1
            self._news.set()
            self._news = trio.Event()
            with trio.move_on_at(began + BEAT_SECS):
                await change.wait()
            # What is made before then may not know of the change.
            await trio.sleep_until(max(began + GAP_SECS, self._truth.due))

    async def after(self, number: int) -> tuple[int, bytes]:
        """Return the latest that comes after this number, with its own."""
        if self._number <= number:
            await self._news.wait()
        return self._number, self._latest

    @property
    def number(self) -> int:
        """That of the latest so far."""
        return self._number

    def join(self, who: Who) -> bool:
        """Let one more listen; return whether there is a place."""
        if self._listeners >= MOST + (RESERVED if who.operator else 0):
            return False
        self._listeners += 1
        self._wanted.set()
        return True

    def leave(self) -> None:
        """Let one go."""
        self._listeners -= 1
        if not self._listeners:
            self._wanted = trio.Event()


def event(name: str, raw: bytes) -> bytes:
    """Write one server-sent event; JSON that msgspec writes has no line breaks."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), raw)


class Stream:
    """The endpoint."""

    def __init__(self, backend: Backend, truth: Truth, bulletin: Bulletin) -> None:
        self._backend = backend
        self._truth = truth
        self._bulletin = bulletin

    async def listen(self, request: Request) -> Response:
        """Tell all that happens, from now on, after the last of what has."""
        if request.method == "HEAD":
            return Response(headers={"content-type": _TYPE})
        asked = from_query("subscribe", Subscribe, request.query_params)
        return Answering(partial(self._tell, asked.last))

    async def _tell(
        self, last: int, scope: Message, receive: Receive, send: Send
    ) -> None:
        if not self._bulletin.join(scope["state"][WHO]):
            words = f"cannot tell anybody more: {MOST} at a time may listen"
            hint = f"ask for /api/status; with the token there is room for {RESERVED}"
            raise Refused(Kind.BUSY, words, f"{hint} more")
        try:
            with self._backend.follow() as following:
                past = self._backend.last(last)
                await self._converse(past, following, receive, send)
        finally:
            self._bulletin.leave()

    async def _converse(
        self,
        past: Iterable[EventDocument],
        following: Following,
        receive: Receive,
        send: Send,
    ) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [*_HEADERS]}
        await send(start)
        lock = trio.Lock()  # a status and an announcement must not become entangled

        async def tell(told: bytes) -> None:
            async with lock:
                body = {"type": "http.response.body", "body": told, "more_body": True}
                await send(body)

        number = self._bulletin.number
        first = event("status", msgspec.json.encode(await self._truth.status()))
        await tell(b"retry: %d\n\n%s" % (RETRY_MS, first))
        await tell(b"".join(map(_announcement, past)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gone, receive, nursery.cancel_scope)
            nursery.start_soon(self._statuses, number, tell)
            nursery.start_soon(_announcements, following, tell)

    async def _statuses(self, number: int, tell: Tell) -> None:
        while True:
            number, latest = await self._bulletin.after(number)
            await tell(latest)


async def _announcements(following: Following, tell: Tell) -> None:
    told = 0
    async for document in following.events:
        if following.missed > told:
            lagged = Lagged(count=following.missed - told)
            told = following.missed
            await tell(event("lagged", msgspec.json.encode(lagged)))
        await tell(_announcement(document))


def _announcement(document: EventDocument) -> bytes:
    return event("announce", msgspec.json.encode(document))
