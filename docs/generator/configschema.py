"""The config as a JSON Schema, so that editors complete it and check it at once.

It is made of the structs that the daemon reads the config by. What ``--check`` takes,
the schema takes; what one key alone shows to be wrong, it mostly finds: unknown keys,
wrong kinds of values, units and words. What takes several keys, files or the machine is
left to ``--check``.
"""

import enum
import json
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from generator.keys import Keys
from generator.keys import meaning as meaning_of
from selfhealingd.config import schema, values
from selfhealingd.config.copies import MOST
from selfhealingd.config.hooks import ANY
from selfhealingd.config.rules import HostRuleTable, RuleTable
from selfhealingd.config.table import Nested, Reader
from selfhealingd.core.graph import Condition
from selfhealingd.core.kinds import KINDS as EVENTS
from selfhealingd.core.kinds import LEVELS
from selfhealingd.core.remedy import PLAIN

Shape: TypeAlias = dict[str, Any]
Field: TypeAlias = msgspec.structs.FieldInfo

SETTINGS: dict[str, type[msgspec.Struct]] = {
    "daemon": schema.DaemonTable,
    "control": schema.ControlTable,
    "healing": schema.HealingTable,
    "host": schema.HostTable,
    "llm": schema.LlmTable,
    "web": schema.WebTable,
}
"""Tables of the main file."""

NAMED: dict[str, type[msgspec.Struct]] = {
    "program": schema.ProgramTable,
    "watch": schema.WatchTable,
    "group": schema.GroupTable,
    "socket": schema.SocketTable,
    "tasks": schema.TaskTable,
    "runbook": schema.RunbookTable,
    "check": schema.CheckTable,
}
"""Tables of which there are several, each under a name."""

ONE_OF: dict[type[msgspec.Struct], tuple[str, ...]] = {
    schema.StartupTable: ("notify", "log", "http", "tcp", "unix", "exec"),
    schema.ReadinessTable: ("notify", "log", "http", "tcp", "unix", "exec"),
    schema.LivenessTable: (
        *("http", "tcp", "unix", "exec"),
        *("heartbeat", "log", "silence"),
    ),
    schema.WatchTable: ("systemd", "pidfile", "match"),
    schema.CheckTable: ("file", "folder", "certificate"),
    schema.HookTable: ("command", "webhook", "notify"),
}
"""At least one of these keys says what a table is about."""

ALONE = frozenset({schema.LivenessTable, schema.WatchTable, schema.CheckTable})
"""Tables of which not more than one may be written of them."""

_LATER = r"\$\{|%\("
"""A variable, or a number of ``numprocs``: what it becomes is known to the daemon."""

_NAME = "^(?!all$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"
_NUMBER = r"[0-9]{1,12}(\.[0-9]{1,9})?"
_DURATION = "".join(f"({_NUMBER}{unit})?" for unit in ("d", "h", "m", "s", "ms"))
_SOME = f"(?=.*[1-9])({_NUMBER}|{_DURATION})"
"""A number or a duration that is not 0."""

_CLOCK = "(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)"
_FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "description": "Its path."}},
    "required": ["file"],
    "additionalProperties": False,
}


def _text(pattern: str = "", **more: Any) -> Shape:
    """A string that is like that, or has a variable in it."""
    if not pattern:
        return {"type": "string", **more}
    return {"type": "string", "pattern": f"^({pattern})$|{_LATER}", **more}


def _number(kind: str, pattern: str, **more: Any) -> Shape:
    """A number, also as a string: that is what a variable expands to."""
    return {
        "type": [kind, "string"],
        "pattern": f"^({pattern})$|{_LATER}",
        **more,
    }


def _whole(least: int, most: int = 1_000_000) -> Shape:
    return _number("integer", "[+-]?[0-9]{1,19}", minimum=least, maximum=most)


def _any_case(words: Iterable[str]) -> str:
    """A pattern of these words: patterns of JSON Schema can't ignore case."""
    return "|".join(
        "".join(
            f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter
            for letter in re.escape(word)
        )
        for word in words
    )


def _words(*words: str) -> Shape:
    """One of some words; the list is for the editor to offer them."""
    return {"anyOf": [{"enum": list(words)}, _text(_any_case(words))]}


def _listed(item: Shape) -> Shape:
    """Several, or one alone."""
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _table_of(item: Shape, names: str = "") -> Shape:
    named = {"propertyNames": {"pattern": names}} if names else {}
    return {"type": "object", **named, "additionalProperties": item}


_SIGNAL = _any_case(
    word for name in sorted(values.SIGNALS) for word in (name, f"SIG{name}")
)
_COMMAND = {
    "type": ["string", "array"],
    "minLength": 1,
    "minItems": 1,
    "items": {"type": "string"},
}
_REMEDY = _text(rf"\s*({'|'.join(PLAIN)}|signal\s+({_SIGNAL}|[0-9]+)|run\s+\S+)\s*")
_PORT = (
    "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"
    "|6553[0-5])"
)
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_SIX = r"\[[0-9A-Fa-f:.]+\]"
_IP = rf"(({_OCTET}\.){{3}}{_OCTET}|{_SIX})"
_HOST = f"({_SIX}|[A-Za-z0-9_.-]+)"
_REST = r'([/?][!"$-~]*)?'
_RULES = {"type": "array", "items": {}}
_STATUS = _number("integer", "[1-5][0-9]{2}(-[1-5][0-9]{2})?", minimum=100, maximum=599)
_URL = f"https?://{_HOST}(:{_PORT})?{_REST}"
_SIZE = _number(
    "integer",
    r"\s*[0-9]{1,19}(\.[0-9]{1,9})? ?(([kKmMgGtTpP][iI]?)?[bB])?\s*",
    minimum=0,
)

SHAPES: dict[str, Shape] = {
    "Text": _text(),
    "Strings": _listed(_text(minLength=1)),
    "Members": _listed(_text(minLength=1)),
    "Boolean": {
        "type": ["boolean", "string"],
        "pattern": f"^({_any_case(sorted(values.TRUE | values.FALSE))})$|{_LATER}",
    },
    "StartWhen": {
        "anyOf": [
            {"type": "boolean"},
            {"const": "on-connection"},
            _text(_any_case(sorted(values.TRUE | values.FALSE))),
        ]
    },
    "When": {
        "anyOf": [
            {"enum": ["always", "unexpected", "never"]},
            {"type": "boolean"},
            _text(_any_case(["always", "unexpected", "never", "true", "false"])),
        ]
    },
    "Share": _number("number", _NUMBER, minimum=0, maximum=1),
    "Amount": _number("number", _NUMBER, minimum=0),
    "Duration": _number("number", f"{_NUMBER}|(?=.){_DURATION}", minimum=0),
    "Positive": _number("number", _SOME, exclusiveMinimum=0),
    "Every": _number("number", _SOME, exclusiveMinimum=0),
    "Count": _whole(1),
    "Tokens": _whole(1, 1_000_000_000),
    "Retries": _whole(0),
    "Backups": _whole(0),
    "Priority": _whole(-99_999, 99_999),
    "Size": _SIZE,
    "Octal": _number("integer", "(0o)?[0-7]{1,4}", minimum=0, maximum=0o777),
    "PathText": _text("[^~].*"),
    "Signal": _number("integer", f"{_SIGNAL}|[0-9]+", minimum=1, maximum=64),
    "Exitcodes": _listed(_whole(0, 255)),
    "Command": _COMMAND,
    "OwnCommand": _COMMAND,
    "Reload": {
        "type": ["integer", "string", "array"],
        "minimum": 1,
        "maximum": 64,
        "minLength": 1,
        "minItems": 1,
        "items": {"type": "string"},
    },
    "UnitName": _text(
        r"(?!.*\.(socket|target|timer|path|mount|slice|scope)$)"
        r"[A-Za-z0-9:_\\@][A-Za-z0-9:_.\\@-]{0,240}"
    ),
    "Endpoint": _text(
        rf"https://{_HOST}(:{_PORT})?{_REST}"
        rf"|http://(127\.0\.0\.1|localhost|\[::1\])(:{_PORT})?{_REST}"
    ),
    "WebAddress": _text(_URL),
    "Method": _text("[A-Z]{1,20}"),
    "Listen": _text(),
    "Pattern": _text(minLength=1, format="regex"),
    "Address": _text(f"{_HOST}?:{_PORT}"),
    "Certificate": _text("[^~].*"),
    "Checksum": _text("unchanged|sha256:[0-9A-Fa-f]{64}"),
    "Statuses": _listed(_STATUS),
    "Headers": _table_of(
        {"anyOf": [_text(r"([!-~]([ \t!-~]*[!-~])?)?[\r\n]*"), _FILE]},
        "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$",
    ),
    "Environment": _table_of({"anyOf": [_text(), _FILE]}, "^[^=]+$"),
    "TextOrFile": {"anyOf": [_text(), _FILE]},
    "Addresses": _listed({"anyOf": [_text(), _FILE]}),
    "Loudness": _words(*LEVELS),
    "Ladder": _listed(_REMEDY),
    "Remedies": _listed(_REMEDY),
    "LlmActions": _listed(
        _text(r"\s*(no_action|hold|delay_restart|restart_once|run\s+\S+)\s*")
    ),
    "Windows": _listed(_text(rf"\s*{_CLOCK}\s*-\s*{_CLOCK}\s*")),
    "Words": _text(),
    "OptionalWords": _text(),
    "Needs": _table_of(_words(*(condition.value for condition in Condition))),
    "Rules": _RULES | {"items": {"anyOf": [_text(), {"$ref": "#/$defs/RuleTable"}]}},
    "HostRules": _RULES
    | {"items": {"anyOf": [_text(), {"$ref": "#/$defs/HostRuleTable"}]}},
    "startup": {"$ref": "#/$defs/StartupTable"},
    "readiness": {"$ref": "#/$defs/ReadinessTable"},
    "liveness": {"$ref": "#/$defs/LivenessTable"},
    "Rlimits": _table_of(
        {
            "type": ["integer", "string", "array"],
            "minimum": 0,
            "pattern": f"{_SIZE['pattern']}|^({_any_case(['unlimited', 'infinity'])})$",
            "minItems": 2,
            "maxItems": 2,
        }
    )
    | {"propertyNames": {"enum": sorted(values.RLIMITS)}},
    "healing": {"$ref": "#/$defs/OwnHealingTable"},
}
"""How a value is written, by the alias of its reader; some by their only key.

What is one of some words by its type needs no entry here.
"""

CLOSER: dict[tuple[type[msgspec.Struct], str], Shape] = {
    (schema.SocketTable, "listen"): _text(
        rf"unix:[^~].*|(?!unix:|~).*/.*|{_IP}:{_PORT}"
    ),
    (schema.WebTable, "listen"): _text(f"({_any_case(['localhost'])}|{_IP}):{_PORT}"),
    (schema.WebTable, "hosts"): _listed(_text(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")),
    (schema.HookTable, "webhook"): {"anyOf": [_text(rf"\s*{_URL}\s*"), _FILE]},
    (schema.HookTable, "notify"): _listed(
        {
            "anyOf": [
                _text(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,40}://[!-~]+|#.*)?\s*"),
                _FILE,
            ]
        }
    ),
    (HostRuleTable, "remedy"): _listed(_text(r"\s*(hold|run\s+\S+)\s*")),
}
"""Keys of which more is asked than their readers do."""

_LINK = re.compile(r"\[([^]]+)\]\([^)]*\)")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?) s")
_COMMENTED = re.compile(r"^#(?=[^\s:]|  )", re.MULTILINE)


def shape(alias: str, info: Field) -> Shape:
    """Return how a key's value is written."""
    for name in (alias, info.name):
        if name in SHAPES:
            return SHAPES[name]
    words = list(_literals(info.type))
    if not words:
        here = "docs/generator/configschema.py"
        message = f"{info.name}: say in SHAPES of {here} how it is written"
        raise KeyError(message)
    return _words(*words)


def _literals(kind: Any) -> Iterator[str]:
    """Give the words of a Literal or an enum, wherever they are in a type."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        yield from (one.value for one in kind)
    elif typing.get_origin(kind) is typing.Literal:
        yield from typing.get_args(kind)
    elif typing.get_origin(kind) is typing.Annotated:
        yield from _literals(typing.get_args(kind)[0])
    elif typing.get_origin(kind) in {types.UnionType, typing.Union}:
        for part in typing.get_args(kind):
            yield from _literals(part)


def reader_of(info: Field) -> Reader | Nested:
    """Return how a key is read, by its annotation."""
    for part in (info.type, *typing.get_args(info.type)):
        for note in getattr(part, "__metadata__", ()):
            if isinstance(note, Reader | Nested):
                return note
    raise AssertionError(info)


def required(info: Field) -> bool:
    """Whether a table must have this key."""
    reader = reader_of(info)
    return isinstance(reader, Reader) and reader.required


class Words(typing.NamedTuple):
    """What is said of keys elsewhere.

    ``alias`` of a key's reader, ``default`` of a key in Markdown, ``example`` as a
    value or None, and for each table what is told of its keys.
    """

    alias: Callable[[Field], str]
    default: Callable[[type[msgspec.Struct], Field], str]
    example: Callable[[type[msgspec.Struct], str], Any]
    keys: Mapping[type[msgspec.Struct], Keys]


def document(words: Words) -> str:
    """Return the whole schema as JSON."""
    root = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "selfhealingd.toml",
        "description": "The config of selfhealingd, or a file that it includes.",
        "type": "object",
        "properties": {
            **{name: _ref(kind) for name, kind in SETTINGS.items()},
            **{name: _table_of(_ref(kind), _NAME) for name, kind in NAMED.items()},
            "on": _hooks(),
        },
        "additionalProperties": False,
        "$defs": {kind.__name__: _table(kind, words) for kind in words.keys},
    }
    return json.dumps(root, indent=1, ensure_ascii=False) + "\n"


def tables() -> set[type[msgspec.Struct]]:
    """Return all kinds of tables that have keys of their own."""
    return {*PLACES}


def _ref(kind: type[msgspec.Struct]) -> Shape:
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _hooks() -> Shape:
    hook = _ref(schema.HookTable)
    one = {"anyOf": [hook, {"type": "array", "items": hook}]}
    events = {kind.replace(".", "-"): meaning for kind, meaning in EVENTS.items()}
    return {
        "type": "object",
        "properties": {
            name: {"description": f"{meaning[0].upper()}{meaning[1:]}.", **one}
            for name, meaning in {**events, ANY: "any event"}.items()
        },
        "additionalProperties": False,
    }


def _table(kind: type[msgspec.Struct], words: Words) -> Shape:
    keys = msgspec.structs.fields(kind)
    properties = {info.name: _key(kind, info, words) for info in keys}
    if kind is schema.ProgramTable:
        properties["numprocs"] = {
            "description": "So many processes of this table, NAME_00 and on.",
            "type": "integer",
            "minimum": 1,
            "maximum": MOST,
        }
    table: Shape = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    needed = [info.name for info in keys if required(info)]
    if needed:
        table["required"] = needed
    if kind in ONE_OF:
        several = "oneOf" if kind in ALONE else "anyOf"
        table[several] = [{"required": [key]} for key in ONE_OF[kind]]
    return table


def _key(kind: type[msgspec.Struct], info: Field, words: Words) -> Shape:
    meaning = meaning_of(words.keys[kind][info.name]).replace(" **Required.**", "")
    default = words.default(kind, info)
    if default:
        meaning = f"{meaning} Default: {default}."
    found: Shape = {"description": _LINK.sub(r"\1", meaning)}
    value = _value(default)
    if value is not None:
        found["default"] = value
    example = words.example(kind, info.name)
    if example is not None:
        found["examples"] = [example]
    return {
        **found,
        **(CLOSER.get((kind, info.name)) or shape(words.alias(info), info)),
    }


def _value(default: str) -> Any:
    """Return a default as a value where it is one; None where words describe it."""
    if seconds := _SECONDS.fullmatch(default):
        number = float(seconds[1])
        return int(number) if number.is_integer() else number
    try:
        return tomllib.loads(f"value = {default.strip('`')}")["value"]
    except tomllib.TOMLDecodeError:
        return None


def uncommented(text: str) -> str:
    """Return a config with every line in force that was commented out."""
    return _COMMENTED.sub("", text)


class Examples:
    """What a config has, of which each line may be commented out.

    Values are told by table and key, whatever the names of programs and the like.
    """

    def __init__(self, file: Path) -> None:
        self._found: dict[tuple[str, ...], Any] = {}
        content = tomllib.loads(uncommented(file.read_text()))
        for table, keys in content.items():
            tables = keys.values() if table in {*NAMED, "on"} else (keys,)
            for one in tables:
                self._keep(one, table)

    def _keep(self, table: dict[str, Any], *path: str) -> None:
        for key, value in table.items():
            self._found.setdefault((*path, key), value)
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    self._keep(one, *path, key)

    def of(self, kind: type[msgspec.Struct], key: str) -> Any:
        """Return an example of a key, or None; of a list of tables, its first."""
        for path in PLACES.get(kind, ()):
            value = self._found.get((*path, key))
            if isinstance(value, list) and isinstance(value[0], dict):
                return value[:1]
            if value is not None:
                return value
        return None


_ASKS = tuple(("program", key) for key in ("startup", "readiness", "liveness"))
PLACES: dict[type[msgspec.Struct], tuple[tuple[str, ...], ...]] = {
    **{kind: ((name,),) for name, kind in {**SETTINGS, **NAMED}.items()},
    schema.WatchTable: (("watch",), ("program",)),
    schema.HookTable: (("on",),),
    schema.StartupTable: _ASKS,
    schema.ReadinessTable: (_ASKS[1], _ASKS[2], _ASKS[0]),
    schema.LivenessTable: (_ASKS[2], _ASKS[1], _ASKS[0]),
    schema.OwnHealingTable: (("program", "healing"), ("healing",)),
    RuleTable: (("program", "rules"),),
    HostRuleTable: (("host", "rules"), ("program", "rules")),
}
"""Where each kind of table stands in the example."""


def as_toml(value: Any) -> str:
    """Return a value on one line of TOML."""
    match value:
        case dict():
            pairs = ", ".join(f"{key} = {as_toml(one)}" for key, one in value.items())
            return f"{{ {pairs} }}"
        case list():
            return f"[{', '.join(map(as_toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)
