"""``/api/events``: the status when it changes, and all that happens, to who listens.

Server-sent events. ``status`` is the whole document, at most twice a second when
something changed, and every few seconds as numbers move; who reads slowly is shown the
latest and none before it. Who asks for ``changes`` is told, after the first, only what
is not as it was told before. ``announce`` is one event of the journal, the ``last``
past ones first; of those a slow reader loses some, and is told so by ``lagged``. Who
doesn't read at all is dropped.
"""

from collections.abc import Awaitable, Callable
from functools import cached_property, partial
from typing import TypeAlias

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response

from selfhealingd.web.answers import Answering, Refused
from selfhealingd.web.backend import Backend, Following, Who
from selfhealingd.web.difference import difference
from selfhealingd.web.intake import WHO
from selfhealingd.web.methods import UNBUFFERED, from_query
from selfhealingd.web.server import Message, Receive, Send, gone
from selfhealingd.web.truth import Truth
from selfhealingd.wire.documents import Document, EventDocument, Status
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


class Listen(Subscribe, frozen=True):
    """``changes``: of a status, after the first, only what has changed."""

    changes: bool = False


class Edition:
    """A status, as it is told to who knows nothing, or the one before."""

    def __init__(self, status: Status, before: Status | None) -> None:
        self.status = status
        self._before = before

    @cached_property
    def whole(self) -> bytes:
        """As event ``status``."""
        return event("status", msgspec.json.encode(self.status))

    @cached_property
    def changes(self) -> bytes:
        """What is new in it."""
        return self.since(self._before)

    def since(self, before: Status | None) -> bytes:
        """Return what is new to who was told that one, as event ``changes``."""
        found = before and difference(before, self.status)
        if found is None:
            return self.whole
        return event("changes", msgspec.json.encode(found))


class Bulletin:
    """The latest status, made once for all who listen."""

    def __init__(self, backend: Backend, truth: Truth) -> None:
        self._backend = backend
        self._truth = truth
        self._listeners = 0
        self._wanted = trio.Event()
        self._latest: Edition | None = None
        self._number = 0
        self._news = trio.Event()

    async def run(self) -> None:
        """Keep it up to date while somebody listens."""
        while True:
            await self._wanted.wait()
            change = self._backend.change()
            began = trio.current_time()
            status = await self._truth.status()
            before = None if self._latest is None else self._latest.status
            self._latest = Edition(status, before)
            self._number += 1
            self._news.set()
            self._news = trio.Event()
            with trio.move_on_at(began + BEAT_SECS):
                await change.wait()
            # What is made before then may not know of the change.
            await trio.sleep_until(max(began + GAP_SECS, self._truth.due))

    async def after(self, number: int) -> tuple[int, Edition]:
        """Return the latest that comes after this number, with its own."""
        while self._latest is None or self._number <= number:
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
            self._latest = None  # nobody has it any more


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
        asked = from_query("subscribe", Listen, request.query_params)
        return Answering(partial(self._tell, asked))

    async def _tell(
        self, asked: Listen, scope: Message, receive: Receive, send: Send
    ) -> None:
        if not self._bulletin.join(scope["state"][WHO]):
            words = f"cannot tell anybody more: {MOST} at a time may listen"
            hint = f"ask for /api/status; with the token there is room for {RESERVED}"
            raise Refused(Kind.BUSY, words, f"{hint} more")
        try:
            with self._backend.follow() as following:
                await self._converse(asked, following, receive, send)
        finally:
            self._bulletin.leave()

    async def _converse(
        self,
        asked: Listen,
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

        past = self._backend.last(asked.last)
        number = self._bulletin.number
        first = Edition(await self._truth.status(), None)
        await tell(b"retry: %d\n\n%s" % (RETRY_MS, first.whole))
        await tell(b"".join(map(_announcement, past)))
        statuses = self._changes if asked.changes else self._statuses
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gone, receive, nursery.cancel_scope)
            nursery.start_soon(statuses, number, first.status, tell)
            nursery.start_soon(_announcements, following, tell)

    async def _statuses(self, number: int, _first: Status, tell: Tell) -> None:
        while True:
            number, latest = await self._bulletin.after(number)
            await tell(latest.whole)

    async def _changes(self, number: int, first: Status, tell: Tell) -> None:
        number, latest = await self._bulletin.after(number)
        await tell(latest.since(first))
        while True:
            told = number
            number, latest = await self._bulletin.after(told)
            # Who has missed one can't be told what is new since then.
            await tell(latest.changes if number == told + 1 else latest.whole)


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
