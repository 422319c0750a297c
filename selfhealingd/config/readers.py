"""What a key can hold, and how that is read: the types of the tables' fields."""

from typing import Annotated, Literal, TypeAlias

from selfhealingd.config import urls, values
from selfhealingd.config.environment import (
    environment,
    text_or_file,
    texts_or_files,
)
from selfhealingd.config.ladder import read_actions, read_ladder, read_quiet
from selfhealingd.config.mistakes import Spot, likely
from selfhealingd.config.table import Nested, Reader, Wrong, as_table, read_value
from selfhealingd.core import quiet
from selfhealingd.core.diagnosis import Action
from selfhealingd.core.graph import Condition
from selfhealingd.core.kinds import LEVELS
from selfhealingd.core.listening import SocketAs
from selfhealingd.core.policy import Autorestart, Preventive
from selfhealingd.core.remedy import Ladder as Remedies

Text: TypeAlias = Annotated[str, Reader(values.text)]
Strings: TypeAlias = Annotated[tuple[str, ...], Reader(values.strings)]
Members: TypeAlias = Annotated[tuple[str, ...], Reader(values.strings, required=True)]
Boolean: TypeAlias = Annotated[bool, Reader(values.boolean)]
Share: TypeAlias = Annotated[float, Reader(values.share)]
Amount: TypeAlias = Annotated[float, Reader(values.amount)]
Duration: TypeAlias = Annotated[float, Reader(values.duration)]
Positive: TypeAlias = Annotated[float, Reader(values.positive_duration)]
Every: TypeAlias = Annotated[float, Reader(values.positive_duration, required=True)]
Count: TypeAlias = Annotated[int, Reader(values.integer(1, 1_000_000))]
Tokens: TypeAlias = Annotated[int, Reader(values.integer(1, 1_000_000_000))]
Retries: TypeAlias = Annotated[int, Reader(values.integer(0, 1_000_000))]
Backups: TypeAlias = Annotated[int, Reader(values.integer(0, 1_000_000))]
Size: TypeAlias = Annotated[int, Reader(values.size)]
Priority: TypeAlias = Annotated[int, Reader(values.integer(-99_999, 99_999))]
Octal: TypeAlias = Annotated[int, Reader(values.octal)]
PathText: TypeAlias = Annotated[str, Reader(values.path)]
Signal: TypeAlias = Annotated[int, Reader(values.signal_number)]
Exitcodes: TypeAlias = Annotated[frozenset[int], Reader(values.exitcodes)]
When: TypeAlias = Annotated[Autorestart, Reader(values.autorestart)]
StartWhen: TypeAlias = Annotated[
    bool | Literal["on-connection"], Reader(values.autostart)
]
HandedAs: TypeAlias = Annotated[SocketAs, Reader(values.socket_as)]
Listen: TypeAlias = Annotated[str, Reader(values.text, required=True)]
SocketType: TypeAlias = Annotated[
    Literal["stream", "datagram"], Reader(values.one_of("stream", "datagram"))
]
Command: TypeAlias = Annotated[
    tuple[str, ...], Reader(values.command, prepare=values.split, required=True)
]
OwnCommand: TypeAlias = Annotated[
    tuple[str, ...], Reader(values.command, prepare=values.split)
]
UnitName: TypeAlias = Annotated[str, Reader(values.unit)]
LogLevel: TypeAlias = Annotated[
    Literal["debug", "info", "warning", "error"],
    Reader(values.one_of("debug", "info", "warning", "error")),
]
LlmMode: TypeAlias = Annotated[
    Literal["off", "advise", "act"], Reader(values.one_of("off", "advise", "act"))
]
Endpoint: TypeAlias = Annotated[str, Reader(urls.endpoint)]
LogFormat: TypeAlias = Annotated[
    Literal["console", "json"], Reader(values.one_of("console", "json"))
]
Pattern: TypeAlias = Annotated[str, Reader(values.pattern)]
WebAddress: TypeAlias = Annotated[urls.Url, Reader(urls.url)]
Method: TypeAlias = Annotated[str, Reader(urls.method)]
Headers: TypeAlias = Annotated[tuple[tuple[str, str], ...], Nested(urls.headers)]
Statuses: TypeAlias = Annotated[tuple[tuple[int, int], ...], Reader(urls.statuses)]
Address: TypeAlias = Annotated[tuple[str, int], Reader(values.address)]
Orphans: TypeAlias = Annotated[
    Literal["keep", "stop"], Reader(values.one_of("keep", "stop"))
]
Environment: TypeAlias = Annotated[dict[str, str], Nested(environment)]
TextOrFile: TypeAlias = Annotated[str, Nested(text_or_file)]
Addresses: TypeAlias = Annotated[tuple[str, ...], Nested(texts_or_files)]
Loudness: TypeAlias = Annotated[str, Reader(values.one_of(*LEVELS))]
Style: TypeAlias = Annotated[
    Literal["event", "chat"], Reader(values.one_of("event", "chat"))
]
Certificate: TypeAlias = Annotated[str | tuple[str, int], Reader(values.certificate)]
Checksum: TypeAlias = Annotated[str, Reader(values.checksum)]
Ladder: TypeAlias = Annotated[Remedies, Nested(read_ladder)]
LlmActions: TypeAlias = Annotated[tuple[Action, ...], Nested(read_actions)]
Windows: TypeAlias = Annotated[quiet.Quiet, Nested(read_quiet)]
Prevent: TypeAlias = Annotated[Preventive, Reader(values.preventive)]
Reload: TypeAlias = Annotated[
    int | tuple[str, ...], Reader(values.reload_by, prepare=values.split_reload)
]


def needs(raw: object, spot: Spot) -> dict[str, Condition]:
    """Read what a program depends on: ``{ db = "ready" }``."""
    found: dict[str, Condition] = {}
    words = values.one_of(*(condition.value for condition in Condition))
    for name, value in (as_table(raw, spot) or {}).items():
        try:
            found[name] = Condition(read_value(Reader(words), value, spot.at(name)))
        except Wrong:
            continue  # it has been noted; the others may be wrong as well
    return found


Needs: TypeAlias = Annotated[dict[str, Condition], Nested(needs)]


def read_rlimits(raw: object, spot: Spot) -> dict[str, tuple[int, int]]:
    """Read a table of resource limits, by their names without ``RLIMIT_``."""
    limits: dict[str, tuple[int, int]] = {}
    for key, value in (as_table(raw, spot) or {}).items():
        if key not in values.RLIMITS:
            spot.at(key).wrong("unknown resource limit", likely(key, values.RLIMITS))
            continue
        try:
            limits[key] = read_value(Reader(values.rlimit), value, spot.at(key))
        except Wrong:
            continue  # it has been noted; the other limits may be wrong as well
    return limits


Rlimits: TypeAlias = Annotated[dict[str, tuple[int, int]], Nested(read_rlimits)]
