"""What a replay tells: both courses side by side, and what can't be known of them."""

from typing import TYPE_CHECKING

from selfhealingd.core.replay.otherwise import Guesses, Otherwise
from selfhealingd.core.replay.retelling import Retelling
from selfhealingd.core.replay.story import parting
from selfhealingd.wire.replay import (
    ComparedDocument,
    ReplayDocument,
    TallyDocument,
)
from selfhealingd.wire.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_MOMENTS = 40
MOST_SERVICES = 200
_MOST_NAMES = 5

STARTS = (
    "how a start at another time would have gone: each fares as the recorded one that"
    " was nearest in time"
)
OBSERVED = (
    "what probes and rules would have seen: what they told of that recorded run is"
    " replayed, by the thresholds of then"
)
ASSUMED = (STARTS, OBSERVED)
"""What is never known of another course of things."""


def result(
    told: Retelling, other: Otherwise | None = None, *, config: str | None = None
) -> ReplayDocument:
    """The document that is shown; ``records`` is left to whoever read them all."""
    services = told.account.services
    otherwise = {} if other is None else other.account.services
    compared = [
        ComparedDocument(
            name=name, recorded=services.get(name), otherwise=otherwise.get(name)
        )
        for name in dict.fromkeys([*services, *otherwise])
    ]
    compared = sorted(filter(_telling, compared), key=_weight, reverse=True)
    timeline, left_out = told.story.timeline(MOST_MOMENTS)
    both: Iterable[str] = services.keys() & otherwise.keys()
    return ReplayDocument(
        records=None,
        since=None if told.since is None else rfc3339(told.since),
        until=None if told.until is None else rfc3339(told.until),
        config=config,
        lives=len(told.pasts),
        versions=tuple(told.versions),
        events=told.events,
        mismatches=told.mismatches,
        unread=told.unread,
        shown=tuple(told.shown),
        engine=told.account.engine,
        engine_otherwise=None if other is None else other.account.engine,
        total=told.account.total,
        total_otherwise=None if other is None else other.account.total,
        services=tuple(compared[:MOST_SERVICES]),
        services_left_out=len(compared[MOST_SERVICES:]),
        parting=None if other is None else parting(told.story, other.story, both),
        timeline=() if other is not None else timeline,
        timeline_left_out=0 if other is not None else left_out,
        unknown=() if other is None else tuple(_unknown(told, other)),
    )


def _unknown(told: Retelling, other: Otherwise) -> list[str]:
    found = [*ASSUMED, *_guessed(other.guesses)]
    if len(told.pasts) > 1:
        found.append(
            f"the daemon was started {len(told.pasts)} times: from each start on, both"
            " go on from what was recorded then, breakers included"
        )
    ours = told.account.services.keys()
    theirs = other.settings.policy.programs.keys()
    if new := sorted(theirs - ours):
        found.append(f"{_names(new)}: not in the records")
    if gone := sorted(ours - theirs):
        found.append(f"{_names(gone)}: not in the other config, so not compared")
    return found


def _guessed(guesses: Guesses) -> list[str]:
    found = []
    if guesses.starts:
        names = _names(sorted(guesses.starts))
        found.append(f"{names}: no start was recorded; taken to come up, and to stay")
    if guesses.commands:
        names = _names(sorted(f"{what} for {who}" for who, what in guesses.commands))
        found.append(f"{names}: never run in the records; taken to do what it should")
    if guesses.unobserved:
        names = _names(sorted(f"{who} {key}" for who, key in guesses.unobserved))
        found.append(f"{names}: not in the other config, so left out")
    return found


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _telling(one: ComparedDocument) -> bool:
    nothing = TallyDocument()
    return (one.recorded or nothing, one.otherwise or nothing) != (nothing, nothing)


def _weight(one: ComparedDocument) -> tuple[float, ...]:
    """What differs most comes first, then what was down longest."""
    ours, theirs = one.recorded or TallyDocument(), one.otherwise or TallyDocument()
    apart = 0.0 if one.otherwise is None else abs(ours.down - theirs.down)
    return apart, ours.down, ours.attempts
