"""What was announced, kept so that two tellings can be laid side by side."""

from collections.abc import Iterable
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple

from selfhealingd.core.effects import (
    Announcement,
    AttemptBegan,
    AttemptEnded,
    BreakerChanged,
    EssentialEnded,
    FlagsSet,
    IncidentEnded,
    IncidentOpened,
    OperatorActed,
    Transition,
)
from selfhealingd.wire.documents import EventDocument
from selfhealingd.wire.evidence import MomentDocument
from selfhealingd.wire.replay import PartingDocument

LATE_SECS = 1.0
"""Timers fire late by less than this; what comes at another time differs by more."""

_KEPT = (
    IncidentOpened
    | IncidentEnded
    | BreakerChanged
    | EssentialEnded
    | OperatorActed
    | FlagsSet
)


class Moment(NamedTuple):
    """One announcement: ``what`` it is, without its times; ``wait`` as it announces."""

    at: str
    service: str | None
    what: tuple[object, ...]
    words: str
    level: str
    wait: str | None
    milestone: bool


class Story:
    """All that was announced of services and of the engine, in order."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []

    def add(self, told: Announcement, document: EventDocument) -> None:
        """Take in what was announced next."""
        data = document.data.get("until")
        self.moments.append(
            Moment(
                at=document.at,
                service=document.service,
                what=_what(told),
                words=document.words,
                level=document.level,
                wait=None if data is None else bytes(data).decode().strip('"'),
                milestone=isinstance(told, _KEPT),
            )
        )

    def timeline(self, most: int) -> tuple[tuple[MomentDocument, ...], int]:
        """The last of what mattered, and how much of it is left out."""
        found = [one for one in self.moments if one.milestone]
        shown = tuple(
            MomentDocument(at=one.at, words=_said(one), level=one.level)
            for one in found[-most:]
        )
        return shown, len(found) - len(shown)


def parting(one: Story, other: Story, among: Iterable[str]) -> PartingDocument | None:
    """Where two tellings first differ; services that are not ``among`` are left out."""
    compared = {*among, None}
    ours, theirs = _by_service(one, compared), _by_service(other, compared)
    found = [
        difference
        for name in ours.keys() | theirs.keys()
        if (difference := _first(ours.get(name, []), theirs.get(name, []))) is not None
    ]
    if not found:
        return None
    a, b = min(found, key=_when)
    known = a or b
    assert known is not None  # noqa: S101 - one of the two is there
    return PartingDocument(
        at=_when((a, b)),
        service=known.service,
        recorded=None if a is None else a.words,
        otherwise=None if b is None else b.words,
    )


def _first(
    ours: list[Moment], theirs: list[Moment]
) -> tuple[Moment | None, Moment | None] | None:
    for a, b in zip_longest(ours, theirs):
        if a is None or b is None or a.what != b.what:
            return a, b
        if _apart(a.at, b.at) or _apart(a.wait, b.wait):
            return a, b
    return None


def _when(pair: tuple[Moment | None, Moment | None]) -> str:
    return min(one.at for one in pair if one is not None)


def _apart(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is not other
    between = datetime.fromisoformat(one) - datetime.fromisoformat(other)
    return abs(between.total_seconds()) > LATE_SECS


def _by_service(story: Story, among: set[str | None]) -> dict[str | None, list[Moment]]:
    found: dict[str | None, list[Moment]] = {}
    for one in story.moments:
        if one.service in among:
            found.setdefault(one.service, []).append(one)
    return found


def _said(one: Moment) -> str:
    return f"{one.service}: {one.words}" if one.service else one.words


def _what(told: Announcement) -> tuple[object, ...]:
    match told:
        case Transition():
            return "transition", told.before, told.after, told.why
        case IncidentOpened(incident=incident):
            return "opened", incident.cause
        case IncidentEnded(incident=incident):
            return "ended", incident.ending
        case AttemptBegan(attempt=attempt):
            return "attempt", attempt.remedy
        case AttemptEnded(attempt=attempt):
            return "result", attempt.remedy, attempt.result
        case BreakerChanged():
            return "breaker", told.breaker, told.before, told.after
        case OperatorActed():
            return "operator", told.action, told.target
        case _:
            return (type(told).__name__,)
