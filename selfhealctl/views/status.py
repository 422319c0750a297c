"""The whole truth on one screen, worst first.

Is it well, what isn't, what comes next, what to do. Where a screen has no room for all,
what is well is counted, and then what is ill is cut, and said to be.
"""

import re
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from selfhealctl.advice import pasteable
from selfhealctl.capture import printed, rows, size
from selfhealctl.views.lists import breaker_table
from selfhealctl.views.screen import BAD, BUSY, GOOD, QUIET, line, screen
from selfhealctl.views.services import Health, health, show_services, show_wide
from selfhealctl.views.story import RUNNING
from selfhealctl.views.text import clean, duration
from selfhealingd.wire.documents import ProgramDocument, Status

_WORD = re.compile(r"[\w.-]+")
_STEPS = re.compile(r"; (?=(?:[\w ,]*: )?(?:selfhealctl|echo|sudo|systemctl) )")
_STYLES = {"healthy": GOOD, "warning": BUSY}
_LEAST = 1
"""Issues, and services, that are shown on the smallest of screens."""


class _Cut(NamedTuple):
    """How many are shown: issues, and services from the worst on."""

    issues: int
    services: int


def show_status(
    status: Status, *, wide: bool = False, everything: bool = False
) -> None:
    """Print headline, issues, services, breakers and the engine's state.

    ``wide``: every column. ``everything``: also what does not fit on a screen.
    """
    if wide or everything or not sys.stdout.isatty():
        whole = _Cut(len(status.issues), len(status.programs) + len(status.watches))
        _show(status, whole, wide=wide)
        return
    columns, lines = size()
    cuts = list(_cuts(status, lines))
    texts = [""] * len(cuts)

    def fits(place: int) -> bool:
        texts[place] = printed(partial(_show, status, cuts[place], wide=False))
        return rows(texts[place], columns) < lines  # the prompt has a line, too

    most = bisect_left(range(len(cuts) - 1), True, key=fits)  # noqa: FBT003
    if not texts[most]:
        fits(most)
    sys.stdout.write(texts[most])


def show_programs(programs: Sequence[ProgramDocument], *, wide: bool = False) -> None:
    """Print the programs alone."""
    if wide:
        show_wide(screen(wide=True), programs)
    else:
        show_services(screen(), programs)


def ranked(status: Status) -> list[tuple[Health, ProgramDocument]]:
    """Return all services, the worst first, and otherwise in the daemon's order.

    Who is named in an issue is not well, whatever it looks like.
    """
    words = {word.rstrip(".") for word in _WORD.findall(" ".join(status.issues))}
    services = [
        (min(health(one), Health.ILL if one.name in words else Health.WELL), one)
        for one in (*status.programs, *status.watches)
    ]
    return sorted(services, key=lambda one: one[0])


def _cuts(status: Status, lines: int) -> Iterator[_Cut]:
    """Less and less of it: nothing of what is well, then less of what is ill."""
    services = ranked(status)
    issues, ill = len(status.issues), sum(how < Health.DOWN for how, _ in services)
    if len(services) < lines:
        yield _Cut(issues, len(services))
    issues, ill = min(issues, lines), min(ill, lines)
    yield _Cut(issues, ill)
    while issues > _LEAST or ill > _LEAST:
        if issues > ill:
            issues -= 1
        else:
            ill -= 1
        yield _Cut(issues, ill)


def _show(status: Status, cut: _Cut, *, wide: bool) -> None:
    console = screen(wide=wide)
    _headline(console, status)
    _issues(console, status, cut.issues)
    services = ranked(status)
    shown = [one for _, one in services[: cut.services]]
    left = [how for how, _ in services[cut.services :]]
    if shown:
        line(console)
        if wide:
            show_wide(console, shown)
        else:
            show_services(console, shown, status)
    if left:
        line(console)
        line(console, Text(_counted(left, more=bool(shown)), QUIET))
    told = {one.name for _, one in services}
    others = [
        one
        for one in status.circuit_breakers
        if one.state != "CLOSED" and one.name.partition(":")[2] not in told
    ]
    if others:
        line(console)
        breaker_table(console, others)
    line(console)
    _engine(console, status)


def _headline(console: Console, status: Status) -> None:
    counts = []
    if status.programs or not status.watches:
        counts.append(_running("programs", status.programs))
    if status.watches:
        counts.append(_running("watches", status.watches))
    line(
        console,
        Text(clean(status.status.upper()), _STYLES.get(status.status, BAD)),
        f"  {', '.join(counts)} running",
        Text(
            f"; selfhealingd {clean(status.version)}, pid {status.pid},"
            f" up {duration(status.uptime)}",
            QUIET,
        ),
    )


def _running(kind: str, items: Sequence[ProgramDocument]) -> str:
    running = sum(item.state == RUNNING for item in items)
    return f"{running} of {len(items)} {kind}"


def _issues(console: Console, status: Status, most: int) -> None:
    """Print each issue with its own recommendation where they go in pairs."""
    paired = len(status.issues) == len(status.recommendations)
    for number, issue in enumerate(status.issues[:most]):
        word, colon, rest = clean(issue).partition(":")
        style = BAD if "CRITICAL" in issue else BUSY
        line(console, Text(word + colon, style), Text(rest))
        if paired:
            _do(console, status.recommendations[number])
    if not paired:
        for recommendation in status.recommendations[:most]:
            _do(console, recommendation)
    if left := len(status.issues) - most:
        words = f"and {left} more: selfhealctl health"
        line(console, Text(pasteable(words), QUIET))


def _do(console: Console, recommendation: str) -> None:
    """Print it, a line for each of its commands, none of them broken by us."""
    for place, step in enumerate(_STEPS.split(recommendation)):
        line(console, "      " if place else "  do: ", pasteable(step))


def _counted(left: Sequence[Health], *, more: bool) -> str:
    well, down = left.count(Health.WELL), left.count(Health.DOWN)
    counts = (
        (len(left) - well - down, "not well"),
        (well, "running well"),
        (down, "down, as they should be"),
    )
    words = ", ".join(f"{count} {how}" for count, how in counts if count)
    words = f"and {words}" if more else words
    return pasteable(f"{words}; all of them: selfhealctl status --all")


def _engine(console: Console, status: Status) -> None:
    healing, tasks = status.self_healing, status.background_tasks
    if healing.is_dormant and not any("DORMANT" in one for one in status.issues):
        line(console, Text(f"DORMANT: {clean(healing.dormant_reason or '')}", BAD))
        do = pasteable('selfhealctl resume --reason "what was fixed"')
        line(console, f"  do: {do}")
    elif not healing.enabled:
        words = pasteable("healing is switched off: selfhealctl flags")
        line(console, Text(words, BUSY))
    line(
        console,
        Text(
            f"healings: {healing.successful_healings} helped,"
            f" {healing.failed_healings} did not;"
            f" background tasks: {tasks.active_tasks} of {tasks.total_tasks} active",
            QUIET,
        ),
    )
