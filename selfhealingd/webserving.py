"""The daemon over HTTP while it lives: as the config has it, and never in its way.

Where it can't be served, such as at a port that is taken, status says so and it is
tried again; whatever goes wrong in it is told in the log, and ends it alone.
"""

import os
import shlex
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.commands import results
from selfhealingd.control.answering import Answering, perform
from selfhealingd.control.outbox import Outbox
from selfhealingd.control.peer import Peer, Rights
from selfhealingd.control.registry import Call, Registry
from selfhealingd.core.web import Token, Web, digest
from selfhealingd.diagnose.keys import read_private
from selfhealingd.feed import Follower
from selfhealingd.status import status
from selfhealingd.system import System
from selfhealingd.wire.documents import EventDocument, Status
from selfhealingd.wire.messages import Request, Response

if TYPE_CHECKING:
    from selfhealingd.web.backend import SendLine, Who

if TYPE_CHECKING:
    from selfhealingd.web.figures import Figures

log = logs.get("Web")

CREDENTIAL = "web-token"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
SHORTEST = 32
"""Characters of a token: 128 bits in hexadecimal digits, which nobody guesses."""

AGAIN_SECS = 5.0
READ_SECS = 10.0
ANSWER_SECS = 30.0
WAITING = 1024 * 1024
"""Bytes of notifications that may wait for a client."""
LAST = frozenset({"ended", "finished", "replayed"})
"""Notifications after which nothing more is told of what was asked for."""

CAUSE = "web"
TOKEN_CAUSE = "web-token"  # noqa: S105 - a name of a problem

_NOBODY = 2**32 - 1  # chown(2): it stands for no user at all
NONE = "[web] token_file is not set"


class CannotServe(Exception):
    """It can't be served now; the text says why. ``do``: what helps."""

    def __init__(self, words: str, do: str) -> None:
        super().__init__(words)
        self.do = do


class _Wanted(msgspec.Struct, frozen=True):
    """What is to be served. ``stamps``: of the certificate's files, as they are now."""

    web: Web
    token: Token
    stamps: tuple[object, ...] = ()


async def serve_web(system: System, registry: Registry) -> None:
    """Serve what the config in force says, for ever; raises nothing.

    A reload that changes nothing about it disturbs nobody.
    """
    backend = _Backend(system, registry)
    served: _Wanted | None = None
    serving: _Serving | None = None
    async with trio.open_nursery() as nursery:
        while True:
            changed = system.web_changed
            wanted = await _wanted(system)
            if wanted != served or CAUSE in system.problems:
                served = wanted
                if serving is not None:
                    await serving.end()  # or its port would be taken, by itself
                serving = None if wanted is None else _Serving(backend, wanted)
                if serving is not None:
                    nursery.start_soon(serving.run)
                system.problems.clear(CAUSE)
            await changed.wait()


class _Serving:
    """One listener, tried again and again where it is not to be had."""

    def __init__(self, backend: "_Backend", wanted: _Wanted) -> None:
        self._backend = backend
        self._wanted = wanted
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        self._told: str | None = None

    async def run(self) -> None:
        """Serve until ``end``; raises nothing."""
        try:
            with self._scope:
                while True:
                    words, do = await self._try()
                    self._tell(words, do)
                    await trio.sleep(AGAIN_SECS)
        finally:
            self._ended.set()

    async def end(self) -> None:
        """End it, and wait for that, which takes no client's consent."""
        self._scope.cancel()
        await self._ended.wait()

    async def _try(self) -> tuple[str, str]:
        """Serve; return why that is over, and what helps."""
        try:
            await _serve(self._backend, self._wanted)
        except CannotServe as error:
            return str(error), error.do
        except Exception as error:
            log.error("a defect of ours ended it", exc_info=error)
        return "it ended by itself", "see the daemon's log"

    def _tell(self, words: str, do: str) -> None:
        told = f"nothing is served at {self._wanted.web.url}: {words}"
        again = f"tried again every {AGAIN_SECS:g} s"
        self._backend.system.problems.set(CAUSE, f"{told}; {again}", do)
        if told != self._told:
            log.error(told)
            self._told = told


async def _serve(backend: "_Backend", wanted: _Wanted) -> None:
    # Not before, and not in the loop: it is a lot, which without [web] nobody loads.
    await trio.to_thread.run_sync(import_module, "selfhealingd.web.application")
    from selfhealingd.web.application import Site  # noqa: PLC0415
    from selfhealingd.web.server import listen, serve  # noqa: PLC0415

    web, token = wanted.web, wanted.token
    if token.digest is None and web.reading:
        words = f"whoever looks needs a token, and there is none: {token.problem}"
        raise CannotServe(words, _make(web))
    tls = await _tls(web)
    try:
        listener = listen(web.host, web.port)
    except OSError as error:
        do = f"see who is there: ss -ltnp 'sport = :{web.port}'"
        raise CannotServe((error.strerror or str(error)).lower(), do) from error
    log.info(f"served at {web.url}")
    backend.system.problems.clear(CAUSE)
    site = Site(backend, web, token)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.run)
        await serve(site.application, listener, tls=tls, on_error=backend.on_error)


async def _wanted(system: System) -> _Wanted | None:
    """What the config in force says, with the files that it names as they are now."""
    web = system.config.web
    if web is None:
        system.problems.clear(TOKEN_CAUSE)
        return None
    read = partial(_read, web, os.environ, os.geteuid())
    try:
        with trio.fail_after(READ_SECS):
            wanted = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except trio.TooSlowError:
        token = Token(problem=f"reading it took over {READ_SECS:g} s")
        wanted = _Wanted(web, token)
    except Exception as error:
        log.error("a defect of ours in reading the token", exc_info=error)
        wanted = _Wanted(web, Token(problem="it can't be read, see the daemon's log"))
    if wanted.token.digest is not None or wanted.token.problem == NONE:
        system.problems.clear(TOKEN_CAUSE)
    else:
        words = f"nothing can be changed over HTTP: {wanted.token.problem}"
        system.problems.set(TOKEN_CAUSE, words, _make(web))
    return wanted


def _read(web: Web, environ: Mapping[str, str], uid: int) -> _Wanted:
    stamps: list[object] = []
    for file in filter(None, (web.certfile, web.keyfile)):
        with suppress(OSError):  # who uses it finds out
            found = file.stat()
            stamps.append((found.st_ino, found.st_mtime_ns))
    return _Wanted(web, find_token(environ, web.token_file, uid), tuple(stamps))


def find_token(environ: Mapping[str, str], file: Path | None, uid: int) -> Token:
    """Read the token from its file, or else from systemd's credential; blocks."""
    folder = environ.get(CREDENTIALS)
    credential = None if folder is None else Path(folder, CREDENTIAL)
    source = file or credential
    if source is None or (file is None and not source.exists()):
        return Token(problem=NONE)
    try:
        # systemd sees to it that nobody else can read a credential.
        text = source.read_text() if file is None else read_private(source, uid)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Token(problem=f"{source}: {reason[0].lower()}{reason[1:]}")
    token = text.strip()
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable():
        words = f"a token is one line of at least {SHORTEST} characters"
        return Token(problem=f"{source}: {words}")
    return Token(digest=digest(token))


def _make(web: Web) -> str:
    if web.token_file is None:
        return "set [web] token_file, then: selfhealctl reload"
    file = shlex.quote(str(web.token_file))
    return (
        f"make one: (umask 077; openssl rand -hex 32 >{file}); then: selfhealctl reload"
    )


async def _tls(web: Web) -> ssl.SSLContext | None:
    if web.certfile is None or web.keyfile is None:
        return None
    read = partial(tls_context, web.certfile, web.keyfile)
    do = f"see what they are: openssl x509 -noout -in {shlex.quote(str(web.certfile))}"
    try:
        with trio.fail_after(READ_SECS):
            return await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except trio.TooSlowError:
        words = f"reading certfile and keyfile took over {READ_SECS:g} s"
        raise CannotServe(words, do) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotServe(
            f"certfile and keyfile can't be used: {reason}", do
        ) from error


def tls_context(certfile: Path, keyfile: Path) -> ssl.SSLContext:
    """What TLS is spoken with; raises OSError, of which SSLError is one. Blocks."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    # Without a password: nobody is there to be asked for one.
    context.load_cert_chain(certfile, keyfile, password="")
    return context


class _Backend:
    """The daemon as the web asks it."""

    def __init__(self, system: System, registry: Registry) -> None:
        self.system = system
        self.results = results()
        rights = Rights(os.geteuid())
        self._answering = Answering(registry, rights, self.on_error)

    def status(self) -> Status:
        """Return the whole truth as of now."""
        return status(self.system)

    async def settled(self) -> None:
        """Wait until what has been decided so far is on disk."""
        await self.system.loop.settled()

    def change(self) -> "_Change":
        """Return the next change of the status, from now on."""
        return _Change(self.system.loop.moved, self.system.problems.changed)

    def last(self, number: int) -> list[EventDocument]:
        """Return the latest events, the oldest first."""
        return self.system.feed.last(number)

    def follow(self) -> AbstractContextManager[Follower]:
        """Follow events from now on."""
        return self.system.feed.follow()

    @asynccontextmanager
    async def ask(
        self, method: str, params: bytes, who: "Who"
    ) -> AsyncIterator["_Asking"]:
        """Have a method done; it goes on where who asked goes away."""
        uid = os.geteuid() if who.operator else _NOBODY
        outbox = Outbox(WAITING)
        call = Call(
            Peer(uid, os.getegid(), os.getpid()),
            method,
            outbox,
            operator=who.operator,
            via=who.via,
        )
        request = Request(method=method, params=msgspec.Raw(params))
        try:
            response = await perform(
                self._answering,
                self.system.nursery,
                call,
                request,
                patience=ANSWER_SECS,
            )
            yield _Asking(response, call, outbox)
        finally:
            outbox.close()

    async def figures(self, status: Status) -> "Figures":
        """Return what metrics are made of, beside a status."""
        from selfhealingd.figuring import figures  # noqa: PLC0415 - as all of the web

        return await figures(self.system, status)

    def on_error(self, error: Exception, where: str) -> None:
        """Tell in the log what nobody meant to raise."""
        log.error(f"a defect of ours in {where}", exc_info=error)

    def on_wrong_token(self, address: str) -> None:
        """Tell in the log that somebody tried a wrong token."""
        log.warning(f"a wrong token from {address}")


class _Change:
    """The first of several events."""

    def __init__(self, *events: trio.Event) -> None:
        self._events = events

    async def wait(self) -> None:
        """Wait until it has happened."""
        async with trio.open_nursery() as nursery:

            async def wait(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            for event in self._events:
                nursery.start_soon(wait, event)


class _Told(msgspec.Struct, frozen=True):
    """What of a notification says whether it is the last one."""

    method: str


class _Asking:
    """A request that was answered, and what is told about it later."""

    def __init__(self, response: Response, call: Call, outbox: Outbox) -> None:
        self.response = response
        self._call = call
        self._outbox = outbox

    async def pump(self, send: "SendLine") -> None:
        """Hand on each later line as it comes; return after the last one."""
        raw = self.response.result
        tailed = msgspec.json.decode(raw, type=_Logs) if raw else _Logs()
        self._call.release()
        with trio.CancelScope() as scope:
            await self._outbox.pump(_Lines(send, len(tailed.logs), scope))


class _Logs(msgspec.Struct, frozen=True):
    """How many logs a result says are shown: each has an end of its own."""

    logs: tuple[msgspec.Raw, ...] = ()


class _Lines:
    """Takes lines to a client, until the last."""

    def __init__(self, send: "SendLine", logs: int, scope: trio.CancelScope) -> None:
        self._send = send
        self._left = max(logs, 1)
        self._scope = scope

    async def send(self, data: memoryview) -> int:
        """Hand on a line, of which each comes as a whole."""
        line = bytes(data)
        await self._send(line)
        if msgspec.json.decode(line, type=_Told).method in LAST:
            self._left -= 1
        if not self._left:
            self._scope.cancel()
        return len(line)
