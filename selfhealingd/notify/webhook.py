"""An event by HTTP: one request, tried again a few times where that may help."""

import hashlib
import hmac
import os
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import h11
import msgspec
import trio

from selfhealingd.core.confidential import of_address, of_headers
from selfhealingd.core.hook import Post
from selfhealingd.core.redaction import Redactor

WAITS = (1.0, 4.0, 16.0)
"""Seconds between the first try and one more, and so on."""

LONGEST_WAIT = 60.0
"""Seconds that a server may ask for at most."""

_CHUNK = 16 * 1024
_SHOWN = 200
_AGAIN = frozenset({408, 425, 429})
_OK = range(200, 300)
_MOVED = range(300, 400)
_SERVER_ERROR = 500


class CannotTrust(Exception):
    """There is nothing to check certificates by; says why."""


class Failed(msgspec.Struct, frozen=True):
    """One try that failed. ``again``: after how many seconds at least; None: never.

    ``said``: by the server, which may repeat what only it should know.
    """

    words: str
    again: float | None = 0.0
    said: str = ""


class Webhook:
    """Sends. Settings of TLS are kept, so that files are read once."""

    def __init__(self) -> None:
        self._contexts: dict[str | None, ssl.SSLContext] = {}

    async def send(
        self, post: Post, body: bytes, headers: Mapping[str, str]
    ) -> str | None:
        """Send ``body`` until it is taken; returns why it was not, if so.

        A connection that fails or hangs, and answers 408, 425, 429 and 5xx, are tried
        again; any other answer but 2xx is final.
        """
        headers = {**headers, **_signature(post, body), **dict(post.headers)}
        for wait in WAITS:
            failed = await self._try(post, body, headers)
            if failed is None or failed.again is None:
                return None if failed is None else _told(post, failed)
            await trio.sleep(max(wait, failed.again))
        failed = await self._try(post, body, headers)
        if failed is None:
            return None
        return f"{_told(post, failed)} ({len(WAITS) + 1} tries)"

    async def _try(
        self, post: Post, body: bytes, headers: Mapping[str, str]
    ) -> Failed | None:
        try:
            with trio.fail_after(post.timeout):
                return await self._exchange(post, body, headers)
        except trio.TooSlowError:
            return Failed(f"{post}: no answer within {post.timeout:g} s")
        except trio.BrokenResourceError as error:
            return Failed(f"{post}: {self._broken(post, error)}")
        except CannotTrust as error:
            return Failed(f"{post}: {error}", again=None)
        except OSError as error:
            return Failed(f"{post}: cannot connect: {_reason(error)}")
        except h11.RemoteProtocolError as error:
            return Failed(f"{post}: its answer is not HTTP: {error}")

    async def _exchange(
        self, post: Post, body: bytes, headers: Mapping[str, str]
    ) -> Failed | None:
        stream: trio.abc.Stream = await trio.open_tcp_stream(post.host, post.port)
        try:
            if post.secure:
                context = await self._context(post.authorities)
                stream = trio.SSLStream(
                    stream, context, server_hostname=post.host, https_compatible=True
                )
                await stream.do_handshake()
            return await _ask(stream, post, body, headers)
        finally:
            await trio.aclose_forcefully(stream)

    async def _context(self, authorities: str | None) -> ssl.SSLContext:
        if authorities not in self._contexts:
            make = partial(ssl.create_default_context, cafile=authorities)
            try:
                self._contexts[authorities] = await trio.to_thread.run_sync(
                    make, abandon_on_cancel=True
                )
            except OSError as error:
                words = f"cannot read {authorities}: {_reason(error)}"
                raise CannotTrust(words) from error
        return self._contexts[authorities]

    def _broken(self, post: Post, error: trio.BrokenResourceError) -> str:
        cause = error.__cause__
        if not isinstance(cause, ssl.SSLError):
            return "the connection broke off"
        # Whom to trust may have been renewed meanwhile: it is read again.
        self._contexts.pop(post.authorities, None)
        return f"TLS: {getattr(cause, 'verify_message', None) or cause.reason}"


async def _ask(
    stream: trio.abc.Stream, post: Post, body: bytes, headers: Mapping[str, str]
) -> Failed | None:
    connection = h11.Connection(h11.CLIENT)
    head = h11.Request(
        method="POST",
        target=post.target,
        headers=[
            ("Host", post.authority),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            *headers.items(),
        ],
    )
    parts = (head, h11.Data(data=body), h11.EndOfMessage())
    sent = b"".join(connection.send(part) or b"" for part in parts)
    # A server that refuses may answer, and close, before it has read all.
    with suppress(trio.BrokenResourceError):
        await stream.send_all(sent)
    answer = await _next(connection, stream)
    while isinstance(answer, h11.InformationalResponse):
        answer = await _next(connection, stream)
    return await _judged(answer, post, connection, stream)


async def _judged(
    answer: object, post: Post, connection: h11.Connection, stream: trio.abc.Stream
) -> Failed | None:
    if not isinstance(answer, h11.Response):
        return Failed(f"{post}: closed the connection without an answer")
    status = answer.status_code
    if status in _OK:
        return None
    words = f"{post}: HTTP {status}"
    said = answer.reason.decode("ascii", "replace")
    if status in _MOVED:
        return Failed(words, again=None, said=f"{said}: write its new address")
    if line := await _first_line(connection, stream):
        said = f"{said}: {line}" if said else line
    final = status < _SERVER_ERROR and status not in _AGAIN
    return Failed(words, again=None if final else _retry_after(answer), said=said)


async def _first_line(connection: h11.Connection, stream: trio.abc.Stream) -> str:
    try:
        event = await _next(connection, stream)
    except (trio.BrokenResourceError, h11.RemoteProtocolError):
        return ""
    if not isinstance(event, h11.Data):
        return ""
    line = event.data.decode("utf-8", "replace").strip().partition("\n")[0]
    return "".join(c for c in line if c.isprintable())


def _told(post: Post, failed: Failed) -> str:
    """Put it in words, without what lets whoever has it write there, too."""
    if not failed.said:
        return failed.words
    secrets = [*of_address(f"://{post.target}"), post.target]
    secrets += [*of_headers(post.headers), post.secret or ""]
    # Cut afterwards: of half a secret nobody knows that it is one.
    return f"{failed.words} {Redactor(secrets).line(failed.said)[:_SHOWN]}"


def _retry_after(answer: h11.Response) -> float:
    for name, value in answer.headers:
        if name == b"retry-after" and value.isdigit():
            return min(float(value), LONGEST_WAIT)
    return 0.0


async def _next(connection: h11.Connection, stream: trio.abc.Stream) -> object:
    """Return what comes next; None if the connection ends before an answer."""
    while (event := connection.next_event()) is h11.NEED_DATA:
        data = bytes(await stream.receive_some(_CHUNK))
        if not data and connection.their_state is h11.SEND_RESPONSE:
            return None
        connection.receive_data(data)
    return event


def _reason(error: OSError) -> str:
    """Say what is wrong with the first address, where several were tried."""
    cause: BaseException | None = error.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    found = cause if isinstance(cause, OSError) else error
    if found.errno is not None and found.errno > 0:
        return os.strerror(found.errno)
    return found.strerror or str(found)


def _signature(post: Post, body: bytes) -> dict[str, str]:
    """Sign as GitHub does, so that what checks its webhooks checks ours."""
    if post.secret is None:
        return {}
    digest = hmac.new(post.secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}
