"""What rotating a log takes: the names, the steps in their order, and the periods.

Older ones are ``web.log.1`` (the newest) to ``web.log.N``, compressed ones with
``.gz`` behind. The steps may end anywhere, by a crash or an error: planning again
finishes them, and nothing that is to be kept is lost or shifted twice.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, assert_never

GZ = ".gz"


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a file, named within the log's folder."""

    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a file a name that is free."""

    name: str
    to: str


Step: TypeAlias = Remove | Rename
Shelf: TypeAlias = Mapping[int, Collection[str]]


def plan(name: str, shelf: Shelf, backups: int) -> tuple[Step, ...]:
    """Return the steps that make room for a new file called ``name``.

    ``shelf``: the older ones that are there, by number, plain and compressed.
    """
    doubled = [name_of(name, n, GZ) for n, found in shelf.items() if len(found) > 1]
    # The plain one is whole for certain; it will be compressed again.
    steps: list[Step] = [Remove(double) for double in doubled]
    kept = {
        number: next(one for one in found if one not in doubled)
        for number, found in shelf.items()
    }
    steps += [Remove(kept.pop(n)) for n in sorted(kept, reverse=True) if n > backups]
    if backups == 0:
        return (*steps, Remove(name))
    free = next((n for n in range(1, backups) if n not in kept), backups)
    if free in kept:
        steps.append(Remove(kept[free]))
    for number in range(free - 1, 0, -1):
        ending = GZ if kept[number].endswith(GZ) else ""
        steps.append(Rename(kept[number], name_of(name, number + 1, ending)))
    return (*steps, Rename(name, name_of(name, 1)))


def period(now: float, max_age: float, east: float) -> int:
    """Return the number of the period of ``max_age`` seconds that ``now`` is in.

    ``now``: seconds since 1970; ``east``: seconds that local time is ahead of UTC.
    """
    return int((now + east) // max_age)


def period_end(now: float, max_age: float, east: float) -> float:
    """Return when the period of ``now`` ends, in the same seconds as ``now``."""
    return (period(now, max_age, east) + 1) * max_age - east


def name_of(name: str, number: int, ending: str = "") -> str:
    """Return the name of the older one with this number."""
    return f"{name}.{number}{ending}"


def older(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Find the older ones of a log, the newest first: number, and names there.

    A crash may have left one number free in the row; where two are, it has ended.
    """
    missing = number = 0
    while missing <= 1:
        number += 1
        both = (name_of(path.name, number), name_of(path.name, number, GZ))
        found = tuple(one for one in both if os.path.lexists(path.with_name(one)))
        if found:
            missing = 0
            yield number, found
        else:
            missing += 1


def rotate(path: Path, backups: int) -> None:
    """Make room for a new log of this path; blocking. Raises OSError."""
    for step in plan(path.name, dict(older(path)), backups):
        match step:
            case Remove(name):
                path.with_name(name).unlink(missing_ok=True)
            case Rename(name, to):
                path.with_name(name).rename(path.with_name(to))
            case _:
                assert_never(step)
