"""Streams to where a service listens, and in words why there is none."""

import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_address
from typing import TypeAlias

import trio

from selfhealingd.core.ask import Answer, Tls, failed, unknown
from selfhealingd.core.readiness import Tcp, Unix
from selfhealingd.observe.probes.tls import Contexts

Place: TypeAlias = Tcp | Unix
Address: TypeAlias = tuple[int, tuple[str, int] | str]

_OUR_FAULT = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EADDRNOTAVAIL,
        errno.EACCES,
        errno.EPERM,
        errno.EAFNOSUPPORT,
    }
)
"""What says nothing of who is asked."""

_FULL_SECS = 0.1
"""A Unix socket whose queue is full can't be waited for: it is tried again."""


class CannotLookUp(Exception):
    """The host's name leads to no address, or not in time; says why."""


async def addresses(place: Place, seconds: float) -> list[Address]:
    """Return where to connect to; only a name is asked for. Raises CannotLookUp."""
    match place:
        case Unix(path=path):
            return [(socket.AF_UNIX, path)]
        case Tcp(host=host, port=port):
            known = _without_asking(host)
            if known is None:
                known = await _look_up(host, seconds)
            return [(family, (one, port)) for family, one in known]


def _without_asking(host: str) -> list[tuple[int, str]] | None:
    if host in {"", "localhost"}:
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    try:
        version = ip_address(host).version
    except ValueError:
        return None
    return [(socket.AF_INET if version == 4 else socket.AF_INET6, host)]  # noqa: PLR2004


async def _look_up(host: str, seconds: float) -> list[tuple[int, str]]:
    with trio.move_on_after(seconds):
        try:
            found = await trio.socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise CannotLookUp(f"cannot look up {host}: {error.args[-1]}") from error
        return [(info[0], str(info[4][0])) for info in found]
    raise CannotLookUp(f"cannot look up {host}: no answer within {seconds:g} s")


@asynccontextmanager
async def stream_to(
    place: Place, where: list[Address], tls: Tls | None, contexts: Contexts
) -> AsyncIterator[trio.abc.Stream]:
    """Give a stream for the block; with several addresses, to the first that answers.

    Raises OSError, ssl.SSLError, trio.BrokenResourceError, and CannotTrust.
    """
    async with AsyncExitStack() as closing:
        stream: trio.abc.Stream = await _first_of(where)
        closing.push_async_callback(trio.aclose_forcefully, stream)
        if tls is not None:
            host = place.host if isinstance(place, Tcp) else ""
            stream = trio.SSLStream(
                stream,
                await contexts.get(tls),
                server_hostname=tls.name or host or "localhost",
                https_compatible=True,
            )
            await stream.do_handshake()
        yield stream


async def _first_of(where: list[Address]) -> trio.SocketStream:
    problem: OSError | None = None
    for family, name in where:
        try:
            return trio.SocketStream(await _connected(family, name))
        except OSError as error:
            problem = problem or error
    raise problem or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


async def _connected(
    family: int, name: tuple[str, int] | str
) -> trio.socket.SocketType:
    while True:
        tried = trio.socket.socket(family, socket.SOCK_STREAM)
        try:
            await tried.connect(name)
            peer = tried.getpeername()
        except BaseException as error:
            tried.close()
            if not isinstance(error, OSError) or error.errno != errno.ENOTCONN:
                raise
        else:
            # A port of the range for clients may be given to our own end: then we
            # have met nobody but ourselves.
            if family == socket.AF_UNIX or tried.getsockname() != peer:
                return tried
            tried.close()
            raise ConnectionRefusedError(errno.ECONNREFUSED, "")
        await trio.sleep(_FULL_SECS)


def refused(place: Place, error: OSError) -> Answer:
    """Say what it means that there is no connection."""
    if error.errno in {errno.ECONNREFUSED, errno.ENOENT}:
        return failed(place.missing)
    reason = os.strerror(error.errno) if error.errno else str(error)
    words = f"cannot connect to {place}: {reason}"
    return unknown(words) if error.errno in _OUR_FAULT else failed(words)
