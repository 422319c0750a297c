"""The diagnosis: the strongest clue, told in words with the lines that prove it.

Where none is strong enough, it says so: a wrong cause costs more at night than none.
"""

from collections.abc import Iterable, Iterator

from selfhealingd.core.diagnosing.advice import action, commands
from selfhealingd.core.diagnosing.alive import alive
from selfhealingd.core.diagnosing.clue import Case, Clue, case
from selfhealingd.core.diagnosing.names import (
    peer_in,
    port_in,
    thing_in,
    unresolved_in,
)
from selfhealingd.core.diagnosing.said import said
from selfhealingd.core.diagnosing.seen import seen
from selfhealingd.core.diagnosis import By, Fault, Line, Report
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument

LEAST = 0.35
"""A weight below which a clue tells nothing."""

RIVAL = 0.1
"""So close to another fault's weight, one of both is doubtful."""

QUOTED = 160
"""Characters of a line that a summary repeats."""


def diagnose(incident: IncidentDocument, found: EvidenceDocument | None) -> Report:
    """Say what probably went wrong; the same for the same evidence."""
    this = case(incident, found)
    clues = sorted(_clues(this), key=lambda clue: clue.weight, reverse=True)
    if not clues or clues[0].weight < LEAST:
        return _unknown(this)
    best = clues[0]
    confidence = best.weight
    others = (clue.weight for clue in clues[1:] if clue.fault is not best.fault)
    if confidence - max(others, default=0.0) < RIVAL:
        confidence *= 0.8
    cited = _cited(best, clues)
    return Report(
        cause=best.fault,
        summary=_summary(best),
        confidence=round(confidence, 2),
        action=action(best.fault, confidence, early=this.early),
        by=By.RULES,
        cited=cited,
        next_commands=commands(best.fault, this, best.lines),
    )


def _clues(this: Case) -> Iterator[Clue]:
    yield from seen(this)
    yield from alive(this)
    yield from said(this)


def _cited(best: Clue, clues: Iterable[Clue]) -> tuple[Line, ...]:
    """What proves it, with what else says the same, in the order of their numbers."""
    agreeing = [clue.lines for clue in clues if clue.fault is best.fault]
    found = {line.number: line for lines in agreeing for line in lines}
    return tuple(found[number] for number in sorted(found))


def _summary(best: Clue) -> str:
    spoken = next((line for line in best.lines if line.said), None)
    if spoken is None:
        return best.words
    if named := _named(best):
        return named
    # The first of them is nearest to the cause; the rest repeats it or follows.
    return f'{best.words}; it says: "{_short(spoken.words)}"'


def _named(best: Clue) -> str | None:
    """Say it by name, where the cited lines have one."""
    match best.fault:
        case Fault.PORT_TAKEN if port := port_in(best.lines):
            return f"port {port} is taken: another process listens on it"
        case Fault.DEPENDENCY if name := unresolved_in(best.lines):
            return f"the name {name} can't be resolved"
        case Fault.DEPENDENCY if peer := peer_in(best.lines):
            return f"it can't reach {peer[0]}:{peer[1]}"
        case Fault.MISSING_FILE if thing := thing_in(best.lines):
            return f"{thing} is missing"
        case Fault.PERMISSION if thing := thing_in(best.lines):
            return f"it lacks a permission for {thing}"
        case _:
            return None


def _unknown(this: Case) -> Report:
    lines = [this.outcome]
    words = "the evidence does not tell"
    spoken = [line for line in this.lines if line.said and line.words.strip()]
    if spoken:
        lines.append(spoken[-1])
        words += f'; its last words: "{_short(spoken[-1].words)}"'
    return Report(
        cause=Fault.UNKNOWN,
        summary=words,
        confidence=0.1,
        action=action(Fault.UNKNOWN, 0.1),
        by=By.RULES,
        cited=tuple(lines),
        next_commands=commands(Fault.UNKNOWN, this, tuple(lines)),
    )


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= QUOTED else f"{words[:QUOTED]}…"
