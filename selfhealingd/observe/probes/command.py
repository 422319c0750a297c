"""A command as a probe: exit status 0 is well."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from selfhealingd.core.ask import Answer, failed, ok, unknown
from selfhealingd.core.launch import Launch
from selfhealingd.core.signals import signal_name

_SHOWN = 200


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended, with the last of what it said.

    ``problem``: why it never began. ``left``: so many processes that nothing could end.
    """

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    tail: str = ""
    problem: str | None = None
    left: int = 0


Runner: TypeAlias = Callable[[Launch, float], Awaitable[Ended]]
"""Runs a command for so many seconds at most, and leaves nothing of it behind."""


def meaning(ended: Ended, seconds: float) -> Answer:
    """Return what the end of a command says."""
    if ended.problem is not None:
        return unknown(ended.problem)
    more = f"; {ended.left} processes of it can't be ended" if ended.left else ""
    if ended.timed_out:
        return failed(f"it has not ended within {round(seconds, 1):g} s{more}")
    if ended.code == 0:
        return ok("exit status 0")
    if ended.signal is not None:
        gist = f"killed by {signal_name(ended.signal)}"
    elif ended.code is not None:
        gist = f"exit status {ended.code}"
    else:
        return unknown("how it ended is not known")
    said = " ".join(ended.tail.split())[-_SHOWN:]
    return failed(f"{gist}: {said}" if said else gist, gist)
