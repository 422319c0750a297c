"""What a status is made of, each part as lines: is it well, what isn't, what to do."""

import re
from collections.abc import Iterator, Sequence

from selfhealctl.advice import pasteable
from selfhealctl.ink import EMPTY, Line, Piece, Style, line
from selfhealctl.views.lists import breaker_table
from selfhealctl.views.screen import prose
from selfhealctl.views.services import Health, health
from selfhealctl.views.story import RUNNING
from selfhealctl.views.text import duration
from selfhealingd.wire.documents import BreakerDocument, ProgramDocument, Status

_WORD = re.compile(r"[\w.-]+")
_STEPS = re.compile(r"; (?=(?:[\w ,]*: )?(?:selfhealctl|echo|sudo|systemctl) )")
_STYLES = {"healthy": Style.GOOD, "warning": Style.BUSY}


def ranked(status: Status) -> list[tuple[Health, ProgramDocument]]:
    """Return all services, the worst first, and otherwise in the daemon's order.

    Who is named in an issue is not well, whatever it looks like.
    """
    words = named(status.issues)
    services = [
        (min(health(one), Health.ILL if one.name in words else Health.WELL), one)
        for one in (*status.programs, *status.watches)
    ]
    return sorted(services, key=lambda one: one[0])


def named(issues: Sequence[str]) -> set[str]:
    """Return all words that may be names of what the issues are about."""
    found = _WORD.findall(" ".join(issues))
    return {word.rstrip(".") for word in found}


def above(status: Status, width: int) -> list[Line]:
    """Return what comes before the services: the whole in a line, and every issue."""
    lines = headline(status, width)
    for number in range(len(status.issues)):
        lines += issue(status, number, width)
    return [*lines, *unpaired(status)]


def below(status: Status, width: int) -> list[Line]:
    """Return what comes after them: other breakers, and the engine."""
    return [*breakers(status, width, but=set()), *engine(status)]


def headline(status: Status, width: int, *, short: bool = False) -> list[Line]:
    """Say how it is in a word, and how much of it runs."""
    counts = []
    if status.programs or not status.watches:
        counts.append(_running("programs", status.programs))
    if status.watches:
        counts.append(_running("watches", status.watches))
    daemon = (
        f"; selfhealingd {status.version}, pid {status.pid},"
        f" up {duration(status.uptime)}"
    )
    words = line(
        Piece(status.status.upper(), _STYLES.get(status.status, Style.BAD)),
        f"  {', '.join(counts)} running",
        Piece("" if short else daemon, Style.DIM),
    )
    return prose(words, width)


def _running(kind: str, items: Sequence[ProgramDocument]) -> str:
    running = sum(item.state == RUNNING for item in items)
    return f"{running} of {len(items)} {kind}"


def issue(
    status: Status, number: int, width: int, *, most: int | None = None
) -> list[Line]:
    """Tell an issue with its own recommendation where they go in pairs.

    ``most``: with so many steps of it; without any, in one line.
    """
    lines = wrong(status.issues[number], width, most=1 if most == 0 else None)
    return [*lines, *do(steps(status, number)[:most])]


def wrong(words: str, width: int, *, most: int | None = None) -> list[Line]:
    """Say what is wrong, in so many lines at ``most``."""
    word, colon, rest = words.partition(":")
    style = Style.BAD if "CRITICAL" in words else Style.BUSY
    return prose(line(Piece(word + colon, style), rest), width, most=most)


def steps(status: Status, number: int) -> list[str]:
    """Return what to do about an issue, step by step."""
    if len(status.issues) != len(status.recommendations):
        return []
    return _STEPS.split(status.recommendations[number])


def unpaired(status: Status) -> list[Line]:
    """Say what to do where nobody can know for which issue it is."""
    if len(status.issues) == len(status.recommendations):
        return []
    return [
        one
        for recommendation in status.recommendations
        for one in do(_STEPS.split(recommendation))
    ]


def do(steps: Sequence[str]) -> list[Line]:
    """Give each command a line, which only the terminal breaks."""
    return [
        line("      " if place else "  do: ", pasteable(step))
        for place, step in enumerate(steps)
    ]


def breakers(status: Status, width: int, *, but: set[str]) -> list[Line]:
    """Lay out, below a gap, those not closed that have no service in its table.

    ``but``: without these, which were told of.
    """
    told = {one.name for one in (*status.programs, *status.watches)}
    shown: list[BreakerDocument] = [
        one
        for one in status.circuit_breakers
        if one.state != "CLOSED"
        and one.name not in but
        and one.name.partition(":")[2] not in told
    ]
    return [EMPTY, *breaker_table(width, shown)] if shown else []


def engine(status: Status) -> Iterator[Line]:
    """Say, below a gap, whether anything is healed at all, and how often it was."""
    healing, tasks = status.self_healing, status.background_tasks
    yield EMPTY
    if healing.is_dormant and not any("DORMANT" in one for one in status.issues):
        yield line(Piece(f"DORMANT: {healing.dormant_reason or ''}", Style.BAD))
        yield from do(['selfhealctl resume --reason "what was fixed"'])
    elif not healing.enabled:
        words = pasteable("healing is switched off: selfhealctl flags")
        yield line(Piece(words, Style.BUSY))
    words = (
        f"healings: {healing.successful_healings} helped,"
        f" {healing.failed_healings} did not;"
        f" background tasks: {tasks.active_tasks} of {tasks.total_tasks} active"
    )
    yield line(Piece(words, Style.DIM))
