"""Reads a TOML table by a struct whose fields say how each key is read.

A field is annotated with a ``Reader`` for a value, or with a ``Nested`` for what has
keys of its own. Whatever is wrong is noted at its spot and reading goes on.
"""

import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec.structs import fields

from selfhealingd.config.expand import CannotExpand, expand
from selfhealingd.config.mistakes import Spot, likely, show
from selfhealingd.config.values import Expected

S = TypeVar("S", bound=msgspec.Struct)


def _as_it_is(value: object) -> object:
    return value


class Reader(msgspec.Struct, frozen=True):
    """Reads one value: ``prepare`` sees it as written, ``read`` after expansion.

    The default of a ``required`` field is a placeholder that no config ends up with.
    """

    read: Callable[[object], Any]
    prepare: Callable[[object], object] = _as_it_is
    required: bool = False


class Nested(msgspec.Struct, frozen=True):
    """Reads what has keys of its own, and notes by itself what is wrong in there."""

    read: Callable[[object, Spot], Any]


class Wrong(ValueError):
    """Something was wrong, and has been noted."""


def read_table(
    kind: type[S], raw: object, spot: Spot, elsewhere: Mapping[str, str] | None = None
) -> tuple[S | None, frozenset[str]]:
    """Return the struct for ``raw``, and the keys in it that were wrong.

    A key that is wrong has its default in the struct, so that what depends on several
    keys can still be checked; None when there is no table. ``elsewhere`` has what to
    suggest for keys that are unknown here but known in another place.
    """
    table = as_table(raw, spot)
    if table is None:
        return None, frozenset()
    readers = _readers(kind)
    values: dict[str, object] = {}
    wrong = set()
    for key, value in table.items():
        if key not in readers:
            hint = (elsewhere or {}).get(key) or likely(key, readers)
            spot.at(key).wrong("unknown key", hint)
            continue
        try:
            values[key] = read_value(readers[key], value, spot.at(key))
        except Wrong:
            wrong.add(key)
    for key in sorted(_required(readers) - table.keys()):
        spot.at(key).wrong("missing, and there is no default")
        wrong.add(key)
    return kind(**values), frozenset(wrong)


def _required(readers: Mapping[str, Reader | Nested]) -> set[str]:
    return {
        key
        for key, reader in readers.items()
        if isinstance(reader, Reader) and reader.required
    }


def _readers(kind: type[msgspec.Struct]) -> dict[str, Reader | Nested]:
    """Return the reader in each field's annotation, also of ``Annotated[…] | None``."""
    found: dict[str, Reader | Nested] = {}
    for info in fields(kind):
        for part in (info.type, *typing.get_args(info.type)):
            for note in getattr(part, "__metadata__", ()):
                if isinstance(note, Reader | Nested):
                    found[info.name] = note
    return found


def as_table(raw: object, spot: Spot) -> dict[str, object] | None:
    """Return ``raw`` if it is a table, else note that it should be one."""
    if isinstance(raw, dict):
        return raw
    spot.wrong(f"expected a table, got {show(raw)}")
    return None


def read_value(reader: Reader | Nested, raw: object, spot: Spot) -> Any:
    """Return the typed value; raises ``Wrong`` after noting what is wrong.

    Messages show what is written in the file, never what a variable holds: that may be
    a secret.
    """
    if isinstance(reader, Nested):
        return reader.read(raw, spot)
    try:
        return reader.read(expanded(reader.prepare(raw), spot))
    except Expected as error:
        spot.wrong(f"expected {error.what}, got {show(raw)}", error.suggestion)
        raise Wrong from None


def expanded(value: object, spot: Spot) -> object:
    """Return ``value`` with the variables in its strings replaced."""
    if isinstance(value, list):
        return [expanded(item, spot) for item in value]
    if not isinstance(value, str):
        return value
    try:
        result = expand(value, spot.environ)
    except CannotExpand as error:
        spot.wrong(error.problem, error.suggestion)
        raise Wrong from None
    if "\0" in result:
        spot.wrong("must not contain a NUL character")
        raise Wrong
    return result
