"""What has changed since a status was told: of a thousand programs mostly little."""

from collections.abc import Callable
from operator import eq
from typing import TypeVar

from msgspec.structs import replace

from selfhealingd.wire.documents import BreakerDocument, ProgramDocument, Status

T = TypeVar("T", ProgramDocument, BreakerDocument)


def difference(before: Status, after: Status) -> Status | None:
    """Return what is to be told to who knows the one before; None: all of it.

    It is the status of after with, of programs, watches and breakers, those alone that
    are not as they were. That a program's ``uptime`` is longer is no change.
    """
    programs = _changed(before.programs, after.programs, _alike)
    watches = _changed(before.watches, after.watches, _alike)
    breakers = _changed(before.circuit_breakers, after.circuit_breakers, eq)
    if programs is None or watches is None or breakers is None:
        return None
    return replace(after, programs=programs, watches=watches, circuit_breakers=breakers)


def _changed(
    before: tuple[T, ...], after: tuple[T, ...], alike: Callable[[T, T], bool]
) -> tuple[T, ...] | None:
    """Return those that differ; None if others are there, or in another order."""
    if [one.name for one in before] != [one.name for one in after]:
        return None
    pairs = zip(before, after, strict=True)
    return tuple(now for was, now in pairs if not alike(was, now))


def _alike(was: ProgramDocument, now: ProgramDocument) -> bool:
    return replace(was, uptime=now.uptime) == now
