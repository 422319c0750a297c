"""What a person is told of events: short, and enough to begin with at night.

A title that says what and where; then when it happened, how it is now, what comes
next by itself, and the command to type.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec

from selfhealingd.core.host import Host
from selfhealingd.core.kinds import LEVELS
from selfhealingd.core.life import Running, label
from selfhealingd.core.outlook import outlook
from selfhealingd.core.policy import Policy
from selfhealingd.core.snapshot import Anchor
from selfhealingd.core.words import RESUME, reset_command
from selfhealingd.wire.documents import EventDocument

Tone: TypeAlias = Literal["info", "success", "warning", "failure"]

MOST_LINES = 8
"""Events that a message names; of more, it has their number."""

LONGEST_TITLE = 120
LONGEST_LINE = 300
"""Characters: a phone shows some 40 of a title, a chat breaks lines as it likes."""

_FIRST = ("breaker", "essential", "incident", "problem", "attempt")
_TONES: dict[str, Tone] = {"warning": "warning", "error": "failure"}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message. ``tone``: with which colour or sign a service shows it."""

    title: str
    body: str
    tone: Tone = "info"


def notice(
    policy: Policy,
    host: Host,
    events: Sequence[EventDocument],
    *,
    anchor: Anchor,
    node: str,
    missed: int = 0,
) -> Notice:
    """Write one message of all ``events``, of which there is at least one.

    ``anchor``: now, on both clocks; ``node``: this host's name; ``missed``: how many
    before them will never be told.
    """
    leading = max(events, key=_weight)
    more = len(events) - 1
    title = f"{node}: {_about(leading)}"
    return Notice(
        title=_cut(title, LONGEST_TITLE) + (f" (+{more})" if more else ""),
        body="\n".join(
            (*_happened(events, missed), *_now(policy, host, leading, anchor))
        ),
        tone=_tone(leading),
    )


def _weight(event: EventDocument) -> tuple[int, int, int]:
    kind = event.kind.partition(".")[0]
    rank = _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
    return LEVELS.index(event.level), -rank, event.seq


def _tone(event: EventDocument) -> Tone:
    if event.kind == "incident.ended" and event.level == "info":
        return "success"
    return _TONES.get(event.level, "info")


def _about(event: EventDocument) -> str:
    if event.service is None or event.kind.startswith("breaker."):
        return event.words
    return f"{event.service}: {event.words}"


def _happened(events: Sequence[EventDocument], missed: int) -> Iterator[str]:
    for event in events[-MOST_LINES:]:
        day, _, time = event.at.partition("T")
        yield _cut(f"{day} {time[:8]} UTC {_about(event)}", LONGEST_LINE)
    unnamed = max(0, len(events) - MOST_LINES) + missed
    if unnamed:
        yield f"and {unnamed} before: selfhealctl events -n 500"


def _now(
    policy: Policy, host: Host, event: EventDocument, anchor: Anchor
) -> Iterator[str]:
    if host.dormant:
        yield "now: the engine is DORMANT, nothing is healed"
    s = host.services.get(event.service or "")
    if s is None or s.name not in policy.programs:
        yield "see: selfhealctl status"
        if host.dormant:
            yield f"then: {RESUME}"
        return
    day, _, time = anchor.rfc3339(s.life.at).partition("T")
    yield f"now: {s.name} is {label(s.life)} since {day} {time[:8]} UTC"
    ahead = outlook(policy, host, s, anchor.at).words
    if ahead is not None:
        yield f"next: {ahead}"
    elif isinstance(s.life, Running) and not s.symptoms:
        yield "next: nothing, it is well as far as is known"
    see = "show" if s.incident is not None else "explain"
    yield f"see: selfhealctl {see} {s.name}"
    if host.dormant:
        yield f"then: {RESUME}"
    elif s.breaker.permanent:
        yield f"then: {reset_command(s.name, s.kind)}"


def _cut(words: str, most: int) -> str:
    line = "".join(c if c.isprintable() else " " for c in words)
    return line if len(line) <= most else f"{line[: most - 1]}…"
