"""The socket at which a program says how it is: the one in its ``NOTIFY_SOCKET``.

Each program has one of its own, so that one that floods it is in nobody's way. Any
user may write to it, as a program may change its user; who wrote is what the kernel
says, and only what the program's own tree writes counts.
"""

import os
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import trio
from msgspec import UNSET
from msgspec.structs import replace

from selfhealingd.core.launch import Launch
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.identity import Identity, read_stat
from selfhealingd.supervise.readiness.notice import Notice, parse
from selfhealingd.supervise.readiness.witness import Witness
from selfhealingd.supervise.tree import belongs

VARIABLE = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"
"""As sd_watchdog_enabled(3) reads it. Without ``WATCHDOG_PID`` beside it, any process
of the program may be the one that beats."""

LONGEST = 4096
"""Bytes of a message; systemd takes as many. A longer one is not read."""

_UCRED = struct.Struct("iII")  # pid, uid and gid, as in unix(7)
# Room for who sent it, and for nothing else: descriptors that come with it, such as
# that of BARRIER=1, the kernel then closes by itself, and never gives to us. As each
# message is heeded before the next is taken, that is what a barrier asks for.
_ROOM = socket.CMSG_SPACE(_UCRED.size)
_REMEMBERED = 128
_AGAIN_SECS = 0.5
_PLACES = threading.Lock()
"""Who makes a socket where another is being removed does so before or after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beats:
    """Who is told of a run's heartbeats: each, and that it says it has failed."""

    beat: Callable[[], None]
    fail: Callable[[], None]


class Hearing:
    """The gate of one run that says by itself how it is: ready, or just alive."""

    def __init__(
        self, bound: "NotifySocket", launch: Launch, witness: Witness, beats: Beats
    ) -> None:
        environment = {**launch.environment, VARIABLE: str(bound.path)}
        if launch.watchdog is not UNSET:
            environment[WATCHDOG] = f"{launch.watchdog * 1e6:.0f}"
        self.launch = replace(launch, environment=environment)
        self._bound = bound
        self._witness = witness
        self._beats = beats

    @classmethod
    async def prepare(
        cls, path: Path, launch: Launch, witness: Witness, beats: Beats
    ) -> "Hearing":
        """Bind its socket. Raises SpawnError."""
        try:
            bound = await trio.to_thread.run_sync(NotifySocket, path)
        except OSError as error:
            raise SpawnError(
                f"cannot make its notify socket {str(path)!r}: {error.strerror}"
            ) from error
        return cls(bound, launch, witness, beats)

    async def watch(self, child: Child) -> None:
        """Hear what it says, until cancelled."""
        await self._bound.hear(child, self._heed, self._witness.ignore)

    def close(self) -> None:
        """Remove the socket, and forget what was said."""
        self._witness.over()
        self._bound.close()

    async def _heed(self, notice: Notice) -> None:
        if notice.failed:
            self._beats.fail()
        elif notice.alive:
            self._beats.beat()
        await self._witness.heed(notice)


class NotifySocket:
    """One program's socket, from its making to ``close``."""

    def __init__(self, path: Path) -> None:
        """Bind it, in place of what a killed daemon left; blocks. Raises OSError."""
        self.path = path
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o711)  # to be passed through, not to be looked into
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with _PLACES:
                path.unlink(missing_ok=True)
                self._socket.bind(os.fspath(path))
                self._file = path.stat().st_ino
            path.chmod(0o666)
        except OSError:
            self._socket.close()
            raise

    def close(self) -> None:
        """Remove it; nobody may be hearing."""
        with _PLACES, suppress(FileNotFoundError):
            # The program's next run may have made its own there already.
            if self.path.stat().st_ino == self._file:
                self.path.unlink()
        self._socket.close()

    async def hear(
        self,
        child: Child,
        heed: Callable[[Notice], Awaitable[None]],
        ignore: Callable[[int], None],
    ) -> None:
        """Have heeded what the tree of ``child`` says, until cancelled.

        ``ignore`` gets the pid of each sender that is not of it, or that has ended
        before we looked, which can't be told apart; 0 if we can't even see it.
        """
        tree = _Tree(child)
        heard = trio.socket.from_stdlib_socket(self._socket)
        while True:
            # Each takes a turn of the loop, so that a flood leaves it to others, too.
            message, extra, flags, _ = await heard.recvmsg(LONGEST, _ROOM)
            if flags & socket.MSG_TRUNC:
                continue
            pid = _sender(extra)
            if await _patiently(tree, pid):
                await heed(parse(message))
            else:
                ignore(pid)


def _sender(extra: Iterable[tuple[int, int, bytes]]) -> int:
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            pid: int = _UCRED.unpack(data)[0]
            return pid
    return 0


async def _patiently(tree: "_Tree", pid: int) -> bool:
    """Look a sender up as soon as there are descriptors to do it with."""
    while True:
        try:
            return await tree.has(pid)
        except OSError:  # status tells of too few of them
            await trio.sleep(_AGAIN_SECS)


class _Tree:
    """Who belongs to a program: looked up once for each who asks."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._known: dict[Identity, bool] = {}

    async def has(self, pid: int) -> bool:
        stat = read_stat(pid) if pid > 0 else None
        if stat is None:
            return False
        known = self._known.get(stat.identity)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = await belongs(self._child, stat)
            self._known[stat.identity] = known
        return known
