"""What a model advises, taken in: carried out, put to a person, or left alone.

Nothing is done here but to note it: the engine does it in the place of its next remedy,
with all that a remedy waits for, and verifies it as any other.
"""

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

from selfhealingd.core import consent, engine
from selfhealingd.core.consent import Ask, Carry, Leave
from selfhealingd.core.diagnosis import in_words
from selfhealingd.core.effects import AdviceTaken
from selfhealingd.core.events import Advised, ApproveAsked
from selfhealingd.core.host import Service
from selfhealingd.core.proposal import (
    APPROVABLE_SECS,
    MOST_REPLACED,
    Ordered,
    Proposed,
    Replaced,
)
from selfhealingd.core.turn import Turn
from selfhealingd.core.words import approve_command

AGAIN = "selfhealctl llm diagnose"


def advised(turn: Turn, event: Advised) -> None:
    """Judge what is advised for an incident, unless that is known already."""
    s = turn.host.services.get(event.service)
    if s is None or _known(turn, s, event):
        return
    verdict = consent.judge(turn.policy, turn.host, s, event.incident, event.action)
    match verdict:
        case Leave(words=words):
            if _is_news(turn, event, words):
                _tell(turn, event, f"nothing is done: {words}")
        case Ask(words=why):
            new = _propose(turn, s, event)
            if _is_news(turn, event, why):
                words = f"it waits for approval, as {why}: {approve_command(new.id)}"
                _tell(turn, event, words, proposal=new.id)
            else:
                _tell(turn, event, _renewed(new), proposal=new.id, again=True)
        case Carry():
            ordered = Ordered(incident=event.incident, action=event.action, at=turn.at)
            turn.put(replace(s, proposal=ordered))
            _tell(turn, event, "it is done next, as its llm_actions allow")
            engine.review(turn, s.name)
        case _:
            assert_never(verdict)


def approve(turn: Turn, event: ApproveAsked) -> str | Leave:
    """Order what a person approves; returns for which service, or why not."""
    found = find(turn.host.services.values(), event.proposal)
    if found is None:
        return Leave(_missing(turn, event.proposal), "selfhealctl llm")
    s, proposed = found
    stale = consent.stale(s, proposed, event.digest, turn.at)
    if stale is not None:
        turn.put(replace(s, proposal=None))
        words = f"{event.proposal} can't be approved any more: {stale}"
        return Leave(words, f"{AGAIN} {s.name}")
    incident, action = proposed.incident, proposed.action
    refused = consent.refusal(turn.policy, turn.host, s, incident, action)
    if refused is not None:
        return refused
    ordered = Ordered(incident=incident, action=action, at=turn.at, by=event.by)
    turn.put(replace(s, proposal=ordered))
    engine.review(turn, s.name)
    return s.name


def find(services: Iterable[Service], proposal: str) -> tuple[Service, Proposed] | None:
    """Return what waits for approval under that id, with its service."""
    for s in services:
        if isinstance(s.proposal, Proposed) and s.proposal.id == proposal:
            return s, s.proposal
    return None


def _missing(turn: Turn, proposal: str) -> str:
    """Say what became of an id under which nothing waits."""
    for s in turn.host.services.values():
        if isinstance(s.proposal, Proposed):
            for one in s.proposal.replaced:
                if one.id == proposal:
                    return f"{proposal} was replaced by {s.proposal.id}: {one.why}"
    return f"nothing waits for approval as {proposal}"


def _known(turn: Turn, s: Service, event: Advised) -> bool:
    """Whether that is ordered, or waits for approval, already."""
    match s.proposal:
        case Ordered(incident=incident):
            return incident == event.incident
        case Proposed(incident=incident, action=action):
            same = (incident, action) == (event.incident, event.action)
            return same and not consent.stale(s, s.proposal, event.digest, turn.at)
        case None:
            return False


def _is_news(turn: Turn, event: Advised, words: str) -> bool:
    """Whether it was not that what was told last of the incident; it is from now on."""
    s = turn.host.services[event.service]
    if s.incident is None or s.incident.id != event.incident:
        return True
    advice = f"{in_words(event.action)}: {words}"
    if s.incident.advice == advice:
        return False
    turn.put(replace(s, incident=replace(s.incident, advice=advice)))
    return True


def _renewed(new: Proposed) -> str:
    because = f", as {new.replaced[-1].why}" if new.replaced else ""
    return f"waits as {new.id} now{because}: {approve_command(new.id)}"


def _propose(turn: Turn, s: Service, event: Advised) -> Proposed:
    number = turn.host.counters.proposals + 1
    counters = replace(turn.host.counters, proposals=number)
    turn.host = replace(turn.host, counters=counters)
    replaced: tuple[Replaced, ...] = ()
    if isinstance(s.proposal, Proposed):
        why = consent.stale(s, s.proposal, event.digest, turn.at)
        last = Replaced(s.proposal.id, why or "other advice was given since")
        replaced = (*s.proposal.replaced, last)[-MOST_REPLACED:]
    proposed = Proposed(
        id=f"a{number}",
        incident=event.incident,
        action=event.action,
        at=turn.at,
        until=turn.at + APPROVABLE_SECS,
        generation=s.breaker.generation,
        digest=event.digest,
        replaced=replaced,
    )
    turn.put(replace(s, proposal=proposed))
    return proposed


def _tell(
    turn: Turn,
    event: Advised,
    words: str,
    *,
    proposal: str | None = None,
    again: bool = False,
) -> None:
    turn.say(
        AdviceTaken(
            service=event.service,
            incident=event.incident,
            action=event.action,
            words=words,
            proposal=proposal,
            again=again,
        )
    )
