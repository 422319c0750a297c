"""Why a service is as it is, in one screen: what is, what comes, what hinders it."""

from rich.console import Console
from rich.text import Text

from selfhealctl.advice import pasteable
from selfhealctl.views.events import show_event
from selfhealctl.views.screen import BAD, BUSY, GOOD, QUIET, line, prose, screen
from selfhealctl.views.text import clean, moment
from selfhealingd.wire.documents import AttemptDocument, IncidentDocument
from selfhealingd.wire.explanation import ExplanationDocument, HindranceDocument

_HEADS = 10


def show_explanation(found: ExplanationDocument) -> None:
    """Print it, worst first."""
    console = screen()
    first, *others = found.words
    line(console, Text(clean(first), "bold"))
    for words in others:
        prose(console, "  ", clean(words))
    if found.incident is not None:
        _incident(console, found.incident)
    _row(console, "next", pasteable(found.program.next or "nothing: there is no need"))
    for number, one in enumerate(found.hindrances):
        _row(console, "" if number else "held back", _hindrance(one), BUSY)
    if found.ladder:
        _row(console, "ladder", _ladder(found))
    if found.limits is not None:
        _row(console, "if it fails", found.limits)
    if found.events:
        line(console)
        for event in found.events:
            show_event(console, event)


def _row(console: Console, head: str, words: str, style: str = "") -> None:
    line(console, Text(f"  {head:<{_HEADS}}  ", QUIET), Text(clean(words), style))


def _incident(console: Console, incident: IncidentDocument) -> None:
    words = f"{incident.id}, since {moment(incident.opened)}: {incident.detail}"
    _row(console, "incident", words, BUSY)
    for number, attempt in enumerate(incident.attempts, start=1):
        _row(console, "", f"{number}. {_attempt(attempt)}", _style(attempt))


def _attempt(attempt: AttemptDocument) -> str:
    detail = f": {attempt.detail}" if attempt.detail else ""
    by = " (the model)" if attempt.advised else ""
    return f"{attempt.remedy}{by}, {attempt.result or 'under way'}{detail}"


def _style(attempt: AttemptDocument) -> str:
    if attempt.result is None:
        return BUSY
    return GOOD if attempt.result == "healed" else BAD


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
