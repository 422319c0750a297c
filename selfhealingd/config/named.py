"""Who is written in all the files of a config: ``[program.NAME]`` and the like.

A name is there once. Who is written a second time is told, and still read, so that
whatever else is wrong there is told as well.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from selfhealingd.config.mistakes import Spot
from selfhealingd.config.table import as_table

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def check_name(name: str, spot: Spot) -> None:
    """Note a name that could not be told from others on a command line or in a path."""
    if not _NAME.fullmatch(name):
        spot.wrong(
            "not a usable name",
            "use at most 64 of A-Z a-z 0-9 _ . -, not beginning with . or -",
        )
    elif name == "all":
        spot.wrong('the name "all" means all programs', "choose another one")


class Named(msgspec.Struct, frozen=True):
    """One ``[table.NAME]``. ``again``: its name is taken; it is only to be checked."""

    name: str
    raw: object
    spot: Spot
    again: bool


def named(tables: Iterable[tuple[object, Spot]]) -> Iterator[Named]:
    """Yield who is in these tables, one of each file; notes names that can't be.

    Names that differ only in case count as the same: on the phone at 3 a.m. they are,
    and so are their logs on a disk that doesn't care.
    """
    taken: dict[str, Named] = {}
    for table, spot in tables:
        for name, raw in (as_table(table, spot) or {}).items():
            here = spot.at(name)
            check_name(name, here)
            first = taken.get(name.lower())
            one = Named(name, raw, here, again=first is not None)
            if first is None:
                taken[name.lower()] = one
            elif first.name == name:
                here.wrong(f"{first.spot.file} has one of this name already")
            else:
                here.wrong(
                    f'differs only in case from "{first.name}" in {first.spot.file}',
                    "choose another name",
                )
            yield one
