"""Why a service is as it is, in one screen: what is, what comes, what hinders it."""

from selfhealctl.advice import pasteable
from selfhealctl.ink import Piece, Style
from selfhealctl.views.events import show_event
from selfhealctl.views.screen import Screen, screen
from selfhealctl.views.text import moment
from selfhealingd.wire.documents import AttemptDocument, IncidentDocument
from selfhealingd.wire.explanation import ExplanationDocument, HindranceDocument

_HEADS = 11


def show_explanation(found: ExplanationDocument) -> None:
    """Print it, worst first."""
    console = screen()
    first, *others = found.words
    console.show(Piece(first, Style.BOLD))
    for words in others:
        console.tell("  ", words)
    if found.incident is not None:
        _incident(console, found.incident)
    _row(console, "next", pasteable(found.program.next or "nothing: there is no need"))
    for number, one in enumerate(found.hindrances):
        _row(console, "" if number else "held back", _hindrance(one), Style.BUSY)
    if found.ladder:
        _row(console, "ladder", _ladder(found))
    if found.limits is not None:
        _row(console, "if it fails", found.limits)
    if found.events:
        console.show()
        for event in found.events:
            show_event(console, event)


def _row(console: Screen, head: str, words: str, style: Style = Style.PLAIN) -> None:
    console.show(Piece(f"  {head:<{_HEADS}}  ", Style.DIM), Piece(words, style))


def _incident(console: Screen, incident: IncidentDocument) -> None:
    words = f"{incident.id}, since {moment(incident.opened)}: {incident.detail}"
    _row(console, "incident", words, Style.BUSY)
    for number, attempt in enumerate(incident.attempts, start=1):
        _row(console, "", f"{number}. {_attempt(attempt)}", _style(attempt))


def _attempt(attempt: AttemptDocument) -> str:
    detail = f": {attempt.detail}" if attempt.detail else ""
    by = " (the model)" if attempt.advised else ""
    return f"{attempt.remedy}{by}, {attempt.result or 'under way'}{detail}"


def _style(attempt: AttemptDocument) -> Style:
    if attempt.result is None:
        return Style.BUSY
    return Style.GOOD if attempt.result == "healed" else Style.BAD


def _hindrance(one: HindranceDocument) -> str:
    until = f", until {moment(one.until)}" if one.until else ""
    do = f"; do: {pasteable(one.do)}" if one.do else ""
    return f"{one.words}{until}{do}"


def _ladder(found: ExplanationDocument) -> str:
    steps = [
        f"[{step}]" if number == found.rung else step
        for number, step in enumerate(found.ladder)
    ]
    return " > ".join(steps)
