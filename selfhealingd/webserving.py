"""The daemon over HTTP while it lives: as the config has it, and never in its way.

Where it can't be served, such as at a port that is taken, status says so and it is
tried again; whatever goes wrong in it is told in the log, and ends it alone.
"""

import os
import shlex
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.control.registry import Registry
from selfhealingd.core.web import Token, Web
from selfhealingd.system import System
from selfhealingd.webbackend import WebBackend
from selfhealingd.webtoken import NONE, find_token, how_to_make

log = logs.get("Web")

AGAIN_SECS = 5.0
READ_SECS = 10.0

CAUSE = "web"
TOKEN_CAUSE = "web-token"  # noqa: S105 - a name of a problem


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
    backend = WebBackend(system, registry)
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

    def __init__(self, backend: WebBackend, wanted: _Wanted) -> None:
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


async def _serve(backend: WebBackend, wanted: _Wanted) -> None:
    # Not before, and not in the loop: it is a lot, which without [web] nobody loads.
    await trio.to_thread.run_sync(import_module, "selfhealingd.web.application")
    from selfhealingd.web.application import Site  # noqa: PLC0415
    from selfhealingd.web.server import listen, serve  # noqa: PLC0415

    web, token = wanted.web, wanted.token
    if token.digest is None and web.reading:
        words = f"whoever looks needs a token, and there is none: {token.problem}"
        raise CannotServe(words, how_to_make(web))
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
        system.problems.set(TOKEN_CAUSE, words, how_to_make(web))
    return wanted


def _read(web: Web, environ: Mapping[str, str], uid: int) -> _Wanted:
    stamps: list[object] = []
    for file in filter(None, (web.certfile, web.keyfile)):
        with suppress(OSError):  # who uses it finds out
            found = file.stat()
            stamps.append((found.st_ino, found.st_mtime_ns))
    return _Wanted(web, find_token(environ, web.token_file, uid), tuple(stamps))


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
