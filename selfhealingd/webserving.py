"""The daemon over HTTP while it lives: as the config has it, and never in its way.

A reload puts a new one in the place of the old, at the same socket where the address is
the same. Where the new one can't be served, such as by a certificate that can't be
read, the old one goes on; status says so, and it is tried again. Whatever goes wrong in
it is told in the log, and ends it alone.
"""

import errno
import os
import shlex
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.control.registry import Registry
from selfhealingd.core.web import Token, Web
from selfhealingd.system import System
from selfhealingd.webbackend import FirstOf, WebBackend
from selfhealingd.webtls import Unusable, tls_context
from selfhealingd.webtoken import NONE, find_token, how_to_make

log = logs.get("Web")

AGAIN_SECS = 5.0
READ_SECS = 10.0
INSIST_SECS = 1.0
"""So long a port that was ours is tried again at once: a child of ours that is just
being started may hold it open until it is another program."""

CAUSE = "web"
TOKEN_CAUSE = "web-token"  # noqa: S105 - a name of a problem


class CannotServe(Exception):
    """It can't be served now; the text says why. ``do``: what helps."""

    def __init__(self, words: str, do: str) -> None:
        super().__init__(words)
        self.do = do


class _Wanted(msgspec.Struct, frozen=True):
    """What is to be served. ``stamps``: of the certificate's files, as they are now.

    ``wrong``: what is, with the token; ``do``: what gives one that can be used.
    """

    web: Web
    token: Token
    stamps: tuple[object, ...] = ()
    wrong: str | None = None
    do: str = "see whether its disk answers, then: selfhealctl reload"


async def serve_web(system: System, registry: Registry) -> None:
    """Serve what the config in force says, for ever; raises nothing.

    A reload that changes nothing about it disturbs nobody.
    """
    async with trio.open_nursery() as nursery:
        place = _Place(WebBackend(system, registry), nursery)
        while True:
            changed = system.web_changed
            taken, system.web_taken = system.web_taken, trio.Event()
            wanted = await _wanted(system, place.token)
            wrong = await place.become(wanted)
            told = (wrong, None if wanted is None else wanted.wrong)
            system.web_wrong = tuple(filter(None, told))
            taken.set()
            await place.until(changed)


class _Serving:
    """One listener, and all who came by it."""

    def __init__(
        self,
        backend: WebBackend,
        wanted: _Wanted,
        tls: ssl.SSLContext | None,
        listener: trio.SocketListener,
    ) -> None:
        from selfhealingd.web.application import Site  # noqa: PLC0415 - loaded before

        self.wanted = wanted
        self.tls = tls
        self.died = trio.Event()
        self._backend = backend
        self._listener = listener
        self.site = Site(backend, wanted.web, wanted.token)
        self._retired = trio.Event()

    async def run(self) -> None:
        """Serve until it is retired; raises nothing."""
        from selfhealingd.web.server import serve  # noqa: PLC0415 - loaded before

        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.site.run)
                await serve(
                    self.site.application,
                    self._listener,
                    tls=self.tls,
                    on_error=self._backend.on_error,
                    retired=self._retired,
                )
                nursery.cancel_scope.cancel()
        except Exception as error:
            log.error("a defect of ours ended it", exc_info=error)
            self.died.set()

    def share(self) -> trio.SocketListener:
        """Return another listener at the same socket, which nobody else can take."""
        return trio.SocketListener(self._listener.socket.dup())

    def retire(self, heir: "_Serving | None" = None) -> None:
        """Let nobody new in; what is under way has a moment left.

        By the token and the rules of ``heir`` from now on.
        """
        if heir is not None:
            self.site.application.gate = heir.site.application.gate
        self._retired.set()


class _Place:
    """Who is served by now, if anybody."""

    def __init__(self, backend: WebBackend, nursery: trio.Nursery) -> None:
        self._backend = backend
        self._problems = backend.system.problems
        self._nursery = nursery
        self._serving: _Serving | None = None
        self._wrong: str | None = None

    @property
    def token(self) -> Token | None:
        """The token that counts."""
        return None if self._serving is None else self._serving.wanted.token

    async def become(self, wanted: _Wanted | None) -> str | None:
        """Serve that, or go on as before; returns what is wrong."""
        old = self._serving
        if wanted is None:
            self._serving = None
            if old is not None:
                old.retire()
        elif old is None or not _same(old.wanted, wanted):
            try:
                await self._replace(old, wanted)
            except CannotServe as error:
                self._tell(wanted.web, str(error), error.do)
                return self._wrong
        self._wrong = None
        self._problems.clear(CAUSE)
        return None

    async def until(self, changed: trio.Event) -> None:
        """Wait for a change, or until it is time to try again."""
        serving = self._serving
        if serving is not None and self._wrong is None:
            await FirstOf(changed, serving.died).wait()
        if serving is not None and serving.died.is_set():
            self._serving = None
            self._tell(serving.wanted.web, "it ended by itself", "see the daemon's log")
        if self._wrong is not None:
            with trio.move_on_after(AGAIN_SECS):
                await changed.wait()
        elif serving is None:
            await changed.wait()

    async def _replace(self, old: _Serving | None, wanted: _Wanted) -> None:
        # Not before, and not in the loop: it is a lot, which nobody else loads.
        await trio.to_thread.run_sync(import_module, "selfhealingd.web.application")
        web, token = wanted.web, wanted.token
        if token.digest is None and web.reading:
            raise CannotServe(_unserved(token), wanted.do)
        tls = await _tls(web)
        try:
            listener = await self._listen(old, web)
        except OSError as error:
            do = f"see who is there: ss -ltnp 'sport = :{web.port}'"
            raise CannotServe((error.strerror or str(error)).lower(), do) from error
        self._start(wanted, tls, listener)
        if old is not None:
            old.retire(self._serving)

    async def _listen(self, old: _Serving | None, web: Web) -> trio.SocketListener:
        from selfhealingd.web.server import listen  # noqa: PLC0415 - loaded before

        if old is not None and _address(old.wanted.web) == _address(web):
            return old.share()
        try:
            return listen(web.host, web.port)
        except OSError as error:
            ours = old is not None and old.wanted.web.port == web.port
            if old is None or not ours or error.errno != errno.EADDRINUSE:
                raise
        old.retire()  # it may be what is in the way
        self._serving = None
        try:
            return await _insist(web)
        except OSError:
            listener = await _insist(old.wanted.web)
            self._start(old.wanted, old.tls, listener)
            raise

    def _start(
        self,
        wanted: _Wanted,
        tls: ssl.SSLContext | None,
        listener: trio.SocketListener,
    ) -> None:
        self._serving = _Serving(self._backend, wanted, tls, listener)
        self._nursery.start_soon(self._serving.run)
        log.info(f"served at {wanted.web.url}")

    def _tell(self, web: Web, words: str, do: str) -> None:
        told = f"nothing is served at {web.url}: {words}"
        if self._serving is not None:
            before = self._serving.wanted.web.url
            told = f"[web] stays as it was, at {before}: {words}"
        again = f"tried again every {AGAIN_SECS:g} s"
        self._problems.set(CAUSE, f"{told}; {again}", do)
        if told != self._wrong:
            log.error(told)
            self._wrong = told


def _same(one: _Wanted, other: _Wanted) -> bool:
    return (one.web, one.token, one.stamps) == (other.web, other.token, other.stamps)


def _address(web: Web) -> tuple[str, int]:
    return web.host, web.port


async def _insist(web: Web) -> trio.SocketListener:
    """Listen where another listener of ours was until now; raises OSError."""
    from selfhealingd.web.server import listen  # noqa: PLC0415 - loaded before

    until = trio.current_time() + INSIST_SECS
    while True:
        try:
            return listen(web.host, web.port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or trio.current_time() >= until:
                raise
        await trio.sleep(0.02)


async def _wanted(system: System, before: Token | None) -> _Wanted | None:
    """What the config in force says, with the files that it names as they are now.

    Where the token can't be used, the one of ``before`` stays.
    """
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
        return wanted
    words = f"nothing can be changed over HTTP: {wanted.token.problem}"
    if before is not None and before.digest is not None:
        words = f"the token of before stays in force: {wanted.token.problem}"
        wanted = msgspec.structs.replace(wanted, token=before)
    if TOKEN_CAUSE not in system.problems:
        log.error(words)
    system.problems.set(TOKEN_CAUSE, words, wanted.do)
    return msgspec.structs.replace(wanted, wrong=words)


def _read(web: Web, environ: Mapping[str, str], uid: int) -> _Wanted:
    stamps: list[object] = []
    for file in filter(None, (web.certfile, web.keyfile)):
        with suppress(OSError):  # who uses it finds out
            found = file.stat()
            stamps.append((found.st_ino, found.st_mtime_ns))
    token = find_token(environ, web.token_file, uid)
    return _Wanted(web, token, tuple(stamps), do=how_to_make(web))


def check_files(web: Web, environ: Mapping[str, str], uid: int) -> Iterator[str]:
    """Tell what of the files that ``[web]`` names could not be used; blocks."""
    token = find_token(environ, web.token_file, uid)
    if token.digest is None and (web.token_file is not None or web.reading):
        words = _unserved(token) if web.reading else token.problem
        yield f"web.token_file: {words}; {how_to_make(web)}"
    if web.certfile is not None and web.keyfile is not None:
        try:
            tls_context(web.certfile, web.keyfile)
        except Unusable as error:
            yield f"web.certfile: {error}"


def _unserved(token: Token) -> str:
    return f"whoever looks needs a token, and there is none: {token.problem}"


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
    except Unusable as error:
        raise CannotServe(str(error), do) from error
