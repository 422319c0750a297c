"""A simulator that keeps a journal, as the daemon does."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

import msgspec
from core.simulator import BEGAN, NOON, Simulator

from selfhealingd.core import events, record
from selfhealingd.core.effects import Announcement
from selfhealingd.core.policy import Policy
from selfhealingd.core.record import Input, Opening
from selfhealingd.core.remedy import Ladder
from selfhealingd.core.replay.otherwise import Otherwise, Settings
from selfhealingd.core.replay.retelling import Retelling
from selfhealingd.core.snapshot import Anchor

ANCHOR = Anchor(BEGAN, NOON)


class Recorder(Simulator):
    """``lines`` is the journal."""

    def __init__(self, *args: Any, **kinds: Any) -> None:
        super().__init__(*args, **kinds)
        self.lines: list[dict[str, Any]] = []
        self.seq = 0
        self.turn_over()

    def begin(self) -> Self:
        """Start the daemon."""
        super().begin()
        return self

    def turn_over(self) -> None:
        """Begin a file of the journal."""
        self.write(
            Opening(
                at=ANCHOR.rfc3339(self.now),
                seq=self.seq,
                version="1.0",
                pid=1,
                boot="here",
                anchor=ANCHOR,
                policy=self.policy,
                host=self.host,
            )
        )

    def feed(self, event: events.Event) -> None:
        """Let something happen, and record it before what follows from it."""
        self.seq += 1
        seq, place, before = self.seq, len(self.told), self.host
        mark = len(self.lines)
        super().feed(event)
        told = [one for _, one in self.told[place:]]
        if self.host is before and not told:
            return
        lines: list[msgspec.Struct] = [Input(seq=seq, event=event)]
        lines += [self.document(one, event.at, seq) for one in told]
        self.lines[mark:mark] = [plain(one) for one in lines]

    def document(self, told: Announcement, at: float, seq: int) -> msgspec.Struct:
        return record.document(told, now=at, seq=seq, anchor=ANCHOR)

    def write(self, line: msgspec.Struct) -> None:
        self.lines.append(plain(line))


def plain(value: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return found


def retold(
    lines: Iterable[dict[str, Any]],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Retelling:
    """Decide a journal again."""
    told = Retelling(since)
    for line in lines:
        told.take(line)
    told.close(until)
    return told


def otherwise(
    told: Retelling, policy: Policy, ladders: dict[str, dict[str, Ladder]] | None = None
) -> Otherwise:
    """Decide it by another policy."""
    other = Otherwise(Settings(policy=policy, ladders=ladders or {}))
    for past in told.pasts:
        other.live(past)
    return other
