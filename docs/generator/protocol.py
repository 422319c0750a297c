"""The control protocol's methods and errors."""

import builtins
import types
import typing
from collections.abc import Iterator

import msgspec

from generator.markdown import heads, row
from selfhealctl.exits import MEANINGS, OF_KIND
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.methods import METHODS, Params


def methods() -> Iterator[str]:
    """Give a table of methods."""
    yield from heads("Method", "Access", "Params")
    for name, method in METHODS.items():
        yield row(f"`{name}`", method.access.value, _params(method.params))


def _params(kind: type[Params]) -> str:
    words = []
    for field in msgspec.structs.fields(kind):
        optional = "" if field.required else " (optional)"
        words.append(f"`{field.encode_name}`: {_type(field.type)}{optional}")
    return ", ".join(words) or "none"


def _type(kind: object) -> str:
    if kind is str:
        return "string"
    if kind is int:
        return "integer"
    if kind is float:
        return "number"
    if kind is bool:
        return "boolean"
    match typing.get_origin(kind):
        case types.UnionType | typing.Union:
            return _type(typing.get_args(kind)[0])  # the other is None
        case typing.Annotated:
            return _type(typing.get_args(kind)[0])
        case typing.Literal:
            return " or ".join(f"`{value}`" for value in typing.get_args(kind))
        case builtins.tuple:
            return "array of strings"
    return "string"


def errors() -> Iterator[str]:
    """Give a table of errors, with what selfhealctl makes of each."""
    yield from heads("`kind`", "`code`", "Exit status of selfhealctl")
    for kind in Kind:
        status = OF_KIND[kind]
        yield row(f"`{kind.value}`", str(kind.code), f"{status}: {MEANINGS[status]}")
