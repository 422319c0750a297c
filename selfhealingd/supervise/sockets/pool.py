"""The sockets that are open: each once, however many programs it is handed to."""

import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import trio

from selfhealingd.core.listening import Address, Listening, Unix
from selfhealingd.supervise.sockets.holders import holdings, inodes, take
from selfhealingd.supervise.sockets.opening import (
    Opened,
    matches,
    open_socket,
    take_over,
)

_Place = tuple[bool, Address]


class Sockets:
    """Opens sockets when they are first needed, and keeps them.

    ``tell`` is called with a socket that an earlier daemon's programs have and won't
    let us have, and why; with None once it is ours after all.
    """

    def __init__(
        self, tell: Callable[[Listening, str | None], None] = lambda _what, _why: None
    ) -> None:
        self._tell = tell
        self._open: dict[_Place, Opened] = {}
        self._turns: dict[_Place, trio.Lock] = {}

    async def lend(self, wanted: Iterable[Listening]) -> tuple[int, ...]:
        """Return a descriptor of each, opened if need be; they stay ours.

        So they are good only until the caller waits again: to have one for longer is
        to have a copy. Raises SpawnError.
        """
        opened = [await self._opened(one) for one in wanted]
        return tuple(one.sock.fileno() for one in opened)

    async def recover(self, wanted: Iterable[Listening], pids: Iterable[int]) -> None:
        """Take back what programs of an earlier daemon have open.

        ``pids``: the processes that may have it. What nobody has is opened when it is
        needed.
        """
        missing = {_place(one): one for one in wanted if _place(one) not in self._open}
        if not missing:
            return
        look = partial(_recovered, list(missing.values()), list(pids))
        for found in await trio.to_thread.run_sync(look, abandon_on_cancel=True):
            if found.opened is not None:
                self._open[_place(found.wanted)] = found.opened
            elif found.problem is not None:
                self._tell(found.wanted, found.problem)

    def hold(self) -> list[int]:
        """Return descriptors that keep them open; the caller's. Raises OSError."""
        return [os.dup(opened.sock.fileno()) for opened in self._open.values()]

    def keep(self, wanted: Iterable[Listening]) -> None:
        """Close all but these, and those that a start sees to just now."""
        kept = {_place(one) for one in wanted}
        kept |= {place for place, turn in self._turns.items() if turn.locked()}
        for place in self._open.keys() - kept:
            opened = self._open.pop(place)
            opened.close()
            self._tell(opened.wanted, None)

    def close(self) -> None:
        """Close all, and remove the files of unix sockets."""
        self.keep(())

    async def _opened(self, wanted: Listening) -> Opened:
        place = _place(wanted)
        # A path may be on a dead network disk, so threads wait, and in line.
        async with self._turns.setdefault(place, trio.Lock()):
            found = self._open.get(place)
            if found is not None and found.wanted == wanted and not _has_file(wanted):
                return found
            get = partial(open_socket, wanted)
            if found is not None:
                get = partial(found.fit, wanted)
            opened = await trio.to_thread.run_sync(get, abandon_on_cancel=True)
            self._open[place] = opened
        if found is None:
            self._tell(wanted, None)
        return opened


def _place(wanted: Listening) -> _Place:
    return wanted.datagram, wanted.address


def _has_file(wanted: Listening) -> bool:
    return isinstance(wanted.address, Unix)


@dataclass(frozen=True, slots=True)
class _Recovered:
    """What became of a socket: neither is set if none of the processes has it."""

    wanted: Listening
    opened: Opened | None = None
    problem: str | None = None


def _recovered(wanted: list[Listening], pids: list[int]) -> list[_Recovered]:
    return [_recover(one, pids) for one in wanted]


def _recover(wanted: Listening, pids: list[int]) -> _Recovered:
    there = inodes(wanted)
    problem = None
    for pid in pids if there else ():
        try:
            for holding in holdings(pid, there):
                sock = socket.socket(fileno=take(holding))
                if matches(sock, wanted):
                    return _Recovered(wanted, take_over(sock, wanted))
                sock.close()
        except OSError as error:
            problem = f"pid {pid}: {error}"
    return _Recovered(wanted, None, problem)
