"""One conversation with the daemon, over a plain socket; every wait has an end."""

import itertools
import os
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from selfhealctl.errors import Garbage, Refused, TimedOut, Unreachable, UsageError
from selfhealingd.wire.codec import (
    BadMessage,
    Lines,
    RemoteProtocolError,
    decode_incoming,
    encode,
)
from selfhealingd.wire.messages import Incoming, Request
from selfhealingd.wire.methods import Nothing, Params
from selfhealingd.wire.verbs import doing

LONGEST_ANSWER = 64 * 1024 * 1024
"""A status of thousands of programs fits; a peer that never ends its line does not."""

CHUNK = 64 * 1024
_UCRED = "3i"  # struct ucred of unix(7): pid, uid, gid


class Notice(msgspec.Struct, frozen=True):
    """One notification: its method, and its params as they were sent."""

    method: str
    params: bytes


class Connection:
    """An open socket, the answers awaited on it, and notifications not yet read."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._lines = Lines(LONGEST_ANSWER)
        self._came: deque[bytes] = deque()
        self._notices: deque[Notice] = deque()
        self._ids = itertools.count(1)

    def call(self, method: str, params: Params, timeout: float) -> bytes:
        """Ask, and return the result as JSON, just as the daemon wrote it.

        ``timeout`` is seconds for the whole answer. Raises Refused, TimedOut,
        Unreachable when the daemon goes away, and Garbage.
        """
        until = time.monotonic() + timeout
        number = next(self._ids)
        self._send(method, params, number, until, timeout)
        while True:
            message = self._next(until, timeout)
            if message.method is not None:
                self._notices.append(Notice(message.method, bytes(message.params)))
            elif message.error is not None and message.id in (number, None):
                raise Refused(method, message.error)
            elif message.result and message.id == number:
                return bytes(message.result)
            else:
                raise Garbage("cannot understand the answer: it answers nothing asked")

    @property
    def peer(self) -> int:
        """The pid of who opened the daemon's socket, 0 if it is none of ours."""
        size = struct.calcsize(_UCRED)
        raw = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack(_UCRED, raw)[0])

    def notice(self, timeout: float | None) -> Notice:
        """Return the next notification.

        ``timeout`` is seconds, None to wait as long as the daemon lives. Raises as
        ``call`` does.
        """
        if self._notices:
            return self._notices.popleft()
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            message = self._next(until, timeout or 0.0)
            if message.method is not None:
                return Notice(message.method, bytes(message.params))
            if message.error is not None:
                raise Refused("go on", message.error)

    def _send(
        self, method: str, params: Params, number: int, until: float, timeout: float
    ) -> None:
        request = _request(method, params, number)
        self._wait_until(until, timeout)
        try:
            # The process dies quietly of SIGPIPE on stdout; not on this socket.
            self._socket.sendall(request, socket.MSG_NOSIGNAL)
        except TimeoutError:
            raise _silent(timeout, self.peer) from None
        except (BrokenPipeError, ConnectionResetError):
            # A daemon that turns us away says why first; that is read next.
            return

    def _next(self, until: float | None, timeout: float) -> Incoming:
        while not self._came:
            self._wait_until(until, timeout)
            try:
                data = self._socket.recv(CHUNK)
            except TimeoutError:
                raise _silent(timeout, self.peer) from None
            except ConnectionResetError:
                data = b""
            if not data:
                raise Unreachable(
                    "cannot get an answer: the daemon closed the connection",
                    "see whether it still runs: selfhealctl status",
                )
            try:
                self._came.extend(self._lines.feed(data))
            except RemoteProtocolError as error:
                raise Garbage(f"cannot understand the answer: {error}") from error
        try:
            return decode_incoming(self._came.popleft())
        except BadMessage as error:
            raise Garbage(
                f"cannot understand the answer: {error}",
                "is this the socket of selfhealingd? see --socket",
            ) from error

    def _wait_until(self, until: float | None, timeout: float) -> None:
        if until is None:
            self._socket.settimeout(None)
            return
        left = until - time.monotonic()
        if left <= 0:
            raise _silent(timeout, self.peer)
        self._socket.settimeout(left)


def _request(method: str, params: Params, number: int) -> bytes:
    try:
        raw = msgspec.Raw(msgspec.json.encode(params))
    except UnicodeEncodeError:
        raise UsageError(
            f"cannot {doing(method)}: what was typed is not valid UTF-8"
        ) from None
    return encode(Request(method=method, params=raw, id=number))


def _silent(timeout: float, peer: int) -> TimedOut:
    return TimedOut(
        "cannot get an answer: the daemon accepted the connection"
        f" but didn't answer in {timeout:g} s; what was asked may still be done",
        _stuck(peer),
    )


def _stuck(pid: int) -> str:
    """Return what to do about a daemon that is there and says nothing.

    ``pid``: who opened its socket, which systemd may have done for it.
    """
    which = str(pid) if _is_daemon(pid) else "its pid, which this names: fuser SOCKET"
    return (
        "busy? look again: selfhealctl health; if that fails, too, it hangs: kill -9"
        f" {which}; its programs run on. Start it again, if systemd does not:"
        " selfhealingd --config FILE"
    )


def _is_daemon(pid: int) -> bool:
    try:
        return b"selfhealingd" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@contextmanager
def connect(path: Path, timeout: float) -> Iterator[Connection]:
    """Open a connection to the daemon's socket, and close it at the end.

    ``timeout`` is seconds. Raises Unreachable with the likely reason, and TimedOut
    when the daemon accepts nobody for so long.
    """
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as sock:
        # A full backlog makes a non-blocking connect fail at once; the kernel's
        # own timer waits for a place in it.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(timeout))
        try:
            sock.connect(os.fspath(path))
        except BlockingIOError:
            raise TimedOut(
                f"cannot reach the daemon at {path}:"
                f" it accepted no connection in {timeout:g} s",
                _stuck(0),
            ) from None
        except OSError as error:
            from selfhealctl.reach import unreachable  # noqa: PLC0415  a refusal's own

            raise unreachable(path, error) from error
        yield Connection(sock)


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("ll", whole, max(1, int((seconds - whole) * 1_000_000)))


def ask(path: Path, method: str, params: Params | None, timeout: float) -> bytes:
    """Connect, ask one thing, and return its result as the daemon wrote it."""
    with connect(path, timeout) as connection:
        return connection.call(method, params or Nothing(), timeout)
