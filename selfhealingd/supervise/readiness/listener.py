"""Ready by listening: a port or a Unix socket is tried again and again."""

import errno
import os
import socket
from typing import TypeAlias

import trio

from selfhealingd.core.launch import Launch
from selfhealingd.core.readiness import Readiness, Tcp, Unix
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.readiness.holders import held_by, listeners
from selfhealingd.supervise.readiness.witness import Witness
from selfhealingd.supervise.tree import members

Place: TypeAlias = Tcp | Unix

_Address: TypeAlias = tuple[int, tuple[str, int] | str]

_FIRST_PAUSE = 0.02
"""Seconds after the first try; it doubles from one to the next, up to ``period``."""


class Trying:
    """The gate of one run; ``before``: who listened there before it was started."""

    def __init__(
        self,
        place: Place,
        readiness: Readiness,
        before: frozenset[int],
        launch: Launch,
        witness: Witness,
    ) -> None:
        self.launch = launch
        self._place = place
        self._readiness = readiness
        self._before = before
        self._witness = witness

    @classmethod
    async def prepare(
        cls, place: Place, readiness: Readiness, launch: Launch, witness: Witness
    ) -> "Trying":
        """Look who listens there now."""
        before = await trio.to_thread.run_sync(listeners, place)
        return cls(place, readiness, before, launch, witness)

    async def watch(self, child: Child) -> None:
        """Try until somebody listens who wasn't there before."""
        pause = _FIRST_PAUSE
        while (lack := await self._lack(child)) is not None:
            await self._witness.unready(lack)
            await trio.sleep(min(pause, self._readiness.period))
            pause *= 2
        await self._witness.ready()

    def close(self) -> None:
        """Nothing was made."""

    async def _lack(self, child: Child) -> str | None:
        lack = await lack_of(self._place, self._readiness.timeout)
        if lack is not None or not self._before:
            return lack
        try:
            pids = [identity.pid for identity in await members(child)]
            ours = await trio.to_thread.run_sync(self._is_ours, pids)
        except OSError as error:  # such as no descriptor left
            return f"cannot find out who listens on {self._place}: {_reason(error)}"
        return None if ours else f"another process already listens on {self._place}"

    def _is_ours(self, pids: list[int]) -> bool:
        now = listeners(self._place)
        # The program may have got it from us, or from who had it before.
        return not now or not now <= self._before or held_by(pids, now)


async def lack_of(place: Place, seconds: float) -> str | None:
    """Try to connect for so long; return what is wrong, None if somebody listens.

    With several addresses, one that answers is enough.
    """
    with trio.move_on_after(seconds):
        try:
            problems = [await _lack_at(place, one) for one in await _addresses(place)]
        except OSError as error:  # of the name's resolution
            return f"cannot look up {place}: {_reason(error)}"
        return None if None in problems else problems[0]
    return f"{place} does not answer within {seconds:g} s"


async def _addresses(place: Place) -> list[_Address]:
    match place:
        case Unix(path=path):
            return [(socket.AF_UNIX, path)]
        case Tcp(host="", port=port):
            return [
                (socket.AF_INET, ("127.0.0.1", port)),
                (socket.AF_INET6, ("::1", port)),
            ]
        case Tcp(host=host, port=port):
            found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return [(info[0], (str(info[4][0]), port)) for info in found]


async def _lack_at(place: Place, address: _Address) -> str | None:
    family, name = address
    try:
        with trio.socket.socket(family, socket.SOCK_STREAM) as tried:
            await tried.connect(name)
            # A port of the range for clients may be given to our own end: then we
            # have met nobody but ourselves.
            alone = family != socket.AF_UNIX and (
                tried.getsockname() == tried.getpeername()
            )
            return place.missing if alone else None
    except (ConnectionRefusedError, FileNotFoundError):
        return place.missing
    except OSError as error:
        if error.errno == errno.EPROTOTYPE:
            return None  # a socket for datagrams, which can't be connected to so
        return f"cannot connect to {place}: {_reason(error)}"


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return str(error.args[-1])
    return os.strerror(error.errno) if error.errno else str(error)
