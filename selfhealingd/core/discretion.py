"""An incident's evidence without what is secret, as it is kept.

What is configured as a secret, and what has the shape of one, is for nobody who reads
a file of the daemon's. Random words stay: an id in a log may be what one looks for.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from selfhealingd.core.evidence import telling
from selfhealingd.core.redaction import Redactor
from selfhealingd.wire.evidence import EvidenceDocument

_NAMES = frozenset({"incident", "service", "taken"})


def redacted(found: EvidenceDocument, redactor: Redactor) -> EvidenceDocument:
    """Return it without secrets.

    Where that is new, lines that tell most are chosen of what is left: one of them may
    be of a private key, which is known by the lines around it.
    """
    narrow = redactor.narrowed(_text(found))
    plain = msgspec.to_builtins(found)
    fields = {k: v if k in _NAMES else _without(v, narrow) for k, v in plain.items()}
    clean = msgspec.convert({**fields, "redacted": True}, EvidenceDocument)
    if found.redacted or not clean.telling:
        return clean
    chosen = telling(line for one in clean.output for line in one.lines)
    return msgspec.structs.replace(clean, telling=chosen)


def _text(value: Any) -> str:
    """Return all its strings in one."""
    parts: list[str] = []
    left = [msgspec.to_builtins(value)]
    while left:
        match left.pop():
            case str(text):
                parts.append(text)
            case Mapping() as table:
                left += table.values()
            case list() | tuple() as several:
                left += several
            case _:
                pass
    return "\n".join(parts)


def _without(value: Any, redactor: Redactor) -> Any:
    match value:
        case str():
            return redactor.line(value, guess=False)
        case Mapping():
            return {name: _without(one, redactor) for name, one in value.items()}
        case list() | tuple() if all(isinstance(one, str) for one in value):
            return redactor.lines(value, guess=False)
        case list() | tuple():
            return [_without(one, redactor) for one in value]
        case _:
            return value
