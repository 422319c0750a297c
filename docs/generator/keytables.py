"""The config's keys as tables, one for each kind of table in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec

from generator import configschema, keys
from generator.markdown import heads, row
from selfhealingd.config import Places, defaults, readers
from selfhealingd.config import rules as rules_schema
from selfhealingd.config.table import Nested, Reader
from selfhealingd.core.listening import SocketAs
from selfhealingd.core.policy import Autorestart, Healing

ETC = Path(__file__).parents[2] / "etc"
EXAMPLES = configschema.Examples(ETC / "selfhealingd.toml")
"""Of each key: what the example has."""


Field: TypeAlias = msgspec.structs.FieldInfo
Table: TypeAlias = type[msgspec.Struct]


def keytable(kind: Table) -> Iterator[str]:
    """Give a row for each key of a kind of table."""
    yield from heads("Key", "Value", "Default", "Example", "Meaning")
    for info in msgspec.structs.fields(kind):
        yield row(
            f"`{info.name}`",
            keys.VALUES.get(alias(info), "table"),
            default(kind, info),
            _example(kind, info.name),
            keys.meaning(keys.DESCRIBED[kind][info.name]),
        )


def default(kind: Table, info: Field) -> str:
    """Say in Markdown what a key of a table is where nobody writes it."""
    told = keys.default(keys.DESCRIBED[kind][info.name])
    return _shown(info.name, info.default) if told is None else told


def alias(info: Field) -> str:
    """Name a key's kind of value as the schema's alias for its reader is named."""
    return _ALIASES.get(configschema.reader_of(info), "")


def _example(kind: Table, key: str) -> str:
    value = EXAMPLES.of(kind, key)
    return "" if value is None else f"`{configschema.as_toml(value)}`"


_ALIASES = {
    note: name
    for module in (rules_schema, readers)
    for name, alias in vars(module).items()
    for note in getattr(alias, "__metadata__", ())
    if isinstance(note, Reader | Nested)
}


def _shown(key: str, value: object) -> str:
    if value is None:
        value = _elsewhere(key)
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case Autorestart() | SocketAs():
            return f'`"{value.value}"`'
        case str() if value.startswith("`"):
            return value
        case str():
            return f'`"{value}"`'
        case float() if key not in _SHARES:
            return f"{value:g} s"
        case _:
            return f"`{value}`"


_SHARES = {
    "jitter",
    "max_concurrent_remedies",
    "max_drill_pressure",
    "systemic_share",
}
"""Numbers that are no seconds."""


def _elsewhere(key: str) -> object:
    """The default of a key that the schema leaves to other modules."""
    healing = Healing()
    for source in (healing, healing.breaker):
        if key in source.__struct_fields__:
            return getattr(source, key)
    if key in Places.__struct_fields__:
        return f"`{getattr(defaults(0, {}), key)}`"
    raise KeyError(key)
