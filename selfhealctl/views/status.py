"""The whole truth on one screen, worst first.

Is it well, what isn't, what comes next, what to do. Where a screen has no room for all,
what an issue tells is told by that alone, what is well is counted, and then what is ill
is cut, and said to be. The worst issue stays, with its command.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console
from rich.text import Text

from selfhealctl.advice import pasteable
from selfhealctl.capture import printed, rows, size
from selfhealctl.views.lists import breaker_table
from selfhealctl.views.screen import BAD, BUSY, GOOD, QUIET, line, prose, screen
from selfhealctl.views.services import Health, health, show_services, show_wide
from selfhealctl.views.story import RUNNING
from selfhealctl.views.text import clean, duration
from selfhealingd.wire.documents import BreakerDocument, ProgramDocument, Status

_WORD = re.compile(r"[\w.-]+")
_STEPS = re.compile(r"; (?=(?:[\w ,]*: )?(?:selfhealctl|echo|sudo|systemctl) )")
_STYLES = {"healthy": GOOD, "warning": BUSY}
_ALL = "selfhealctl status --all"
_LEAST_ROWS = 2
"""Rows of the worst issue's own words on the smallest of screens."""


def show_status(
    status: Status, *, wide: bool = False, everything: bool = False, last: str = ""
) -> None:
    """Print headline, issues, services, breakers and the engine's state.

    ``wide``: every column. ``everything``: also what does not fit on a screen.
    ``last``: a line to end with.
    """
    if wide or everything or not sys.stdout.isatty():
        _show(status, wide=wide)
    else:
        columns, lines = size()
        room = lines - 1 - rows(last, columns)  # the prompt has a line, too
        sys.stdout.write(_Screen(status, columns, room).text())
    if last:
        line(screen(), last)


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
    words = _named(status.issues)
    services = [
        (min(health(one), Health.ILL if one.name in words else Health.WELL), one)
        for one in (*status.programs, *status.watches)
    ]
    return sorted(services, key=lambda one: one[0])


def _show(status: Status, *, wide: bool) -> None:
    """Print all of it."""
    console = screen(wide=wide)
    _headline(console, status)
    for number in range(len(status.issues)):
        _issue(console, status, number)
    _unpaired(console, status)
    services = [one for _, one in ranked(status)]
    if services:
        line(console)
        if wide:
            show_wide(console, services)
        else:
            show_services(console, services, status)
    if others := _others(status):
        line(console)
        breaker_table(console, others)
    line(console)
    _engine(console, status)


class _Screen:
    """What of a status has room in so many rows of a terminal: first what matters."""

    def __init__(self, status: Status, columns: int, room: int) -> None:
        self._status = status
        self._columns = columns
        self._room = room
        self._services = ranked(status)

    def text(self) -> str:
        """Return all of it where it fits, and else the worst of it."""
        if len(self._services) + len(self._status.issues) < self._room:
            text = printed(partial(_show, self._status, wide=False))
            if self._fits(text):
                return text
        text, issues = self._issues()
        if not issues and self._status.issues:
            return self._worst()
        cut = issues < len(self._status.issues)
        shown = [] if cut else self._ill(text, issues)
        if shown:
            text += self._table(shown)
        rest = self._rest(issues, shown)
        for block in () if cut else (self._breakers, self._whole):
            more = self._printed(block)
            if more and self._fits(text + more + rest):
                text += more
        return text + rest

    def _issues(self) -> tuple[str, int]:
        """Return the headline with as many issues as there is room for."""
        text = self._printed(partial(_headline, status=self._status))
        for number in range(len(self._status.issues)):
            issue = partial(_issue, status=self._status, number=number)
            longer = text + self._printed(issue)
            if not self._fits(longer + self._rest(number + 1, ())):
                return text, number
            text = longer
        text += self._printed(partial(_unpaired, status=self._status))
        return text, len(self._status.issues)

    def _ill(self, text: str, issues: int) -> list[ProgramDocument]:
        """Return the services that are to be shown: the worst that no issue tells."""
        told = _named(self._status.issues)
        ill = [
            one
            for how, one in self._services
            if how < Health.DOWN and one.name not in told
        ][: self._room]

        def too_many(count: int) -> bool:
            shown = ill[:count]
            return not self._fits(text + self._table(shown) + self._rest(issues, shown))

        most = bisect_right(range(1, len(ill) + 1), False, key=too_many)  # noqa: FBT003
        return ill[:most]

    def _table(self, shown: Sequence[ProgramDocument]) -> str:
        def table(console: Console) -> None:
            line(console)
            show_services(console, shown, self._status)

        return self._printed(table)

    def _breakers(self, console: Console) -> None:
        told = _named(self._status.issues)
        others = [one for one in _others(self._status) if one.name not in told]
        if others:
            line(console)
            breaker_table(console, others)

    def _whole(self, console: Console) -> None:
        line(console)
        _engine(console, self._status)

    def _rest(self, issues: int, shown: Sequence[ProgramDocument]) -> str:
        """Return how many more there are, and where all of them are."""
        told = _named(self._status.issues[:issues]) | {one.name for one in shown}
        left = [how for how, one in self._services if one.name not in told]
        counts = _counts(len(self._status.issues) - issues, left)
        if not counts:
            return ""
        words = pasteable(f"… {counts}: {_ALL}")
        return self._printed(lambda console: line(console, Text(words, QUIET)))

    def _worst(self) -> str:
        """Return the worst issue with its command, however small the screen is."""
        status = self._status
        steps = _steps(status, 0)
        least = partial(_headline, status=status, short=True)
        text, rest = self._printed(least), self._rest(1, ())
        first = self._printed(partial(_do, steps=steps[:1]))
        left = self._room - sum(map(self._rows, (text, first, rest)))
        text += self._printed(
            partial(_issue_words, issue=status.issues[0], most=max(_LEAST_ROWS, left))
        )
        longer = [
            self._printed(partial(_do, steps=steps[:count]))
            for count in range(len(steps), 1, -1)
        ]
        text += next((one for one in longer if self._fits(text + one + rest)), first)
        return text + rest if self._fits(text + rest) else text

    def _fits(self, text: str) -> bool:
        return self._rows(text) <= self._room

    def _rows(self, text: str) -> int:
        return rows(text, self._columns)

    def _printed(self, show: Callable[[Console], None]) -> str:
        return printed(lambda: show(screen()))


def _named(issues: Sequence[str]) -> set[str]:
    """Return all words that may be names of what the issues are about."""
    found = _WORD.findall(" ".join(issues))
    return {word.rstrip(".") for word in found}


def _counts(issues: int, left: Sequence[Health]) -> str:
    well, down = left.count(Health.WELL), left.count(Health.DOWN)
    counts = (
        (issues, f"more issue{'s' if issues > 1 else ''}"),
        (len(left) - well - down, "not well"),
        (well, "running well"),
        (down, "down, as they should be"),
    )
    return ", ".join(f"{count} {how}" for count, how in counts if count)


def _others(status: Status) -> list[BreakerDocument]:
    """Return the breakers that are not closed and have no service in the table."""
    told = {one.name for one in (*status.programs, *status.watches)}
    return [
        one
        for one in status.circuit_breakers
        if one.state != "CLOSED" and one.name.partition(":")[2] not in told
    ]


def _headline(console: Console, status: Status, *, short: bool = False) -> None:
    counts = []
    if status.programs or not status.watches:
        counts.append(_running("programs", status.programs))
    if status.watches:
        counts.append(_running("watches", status.watches))
    daemon = (
        f"; selfhealingd {clean(status.version)}, pid {status.pid},"
        f" up {duration(status.uptime)}"
    )
    prose(
        console,
        Text(clean(status.status.upper()), _STYLES.get(status.status, BAD)),
        f"  {', '.join(counts)} running",
        Text("" if short else daemon, QUIET),
    )


def _running(kind: str, items: Sequence[ProgramDocument]) -> str:
    running = sum(item.state == RUNNING for item in items)
    return f"{running} of {len(items)} {kind}"


def _issue(console: Console, status: Status, number: int) -> None:
    """Print an issue with its own recommendation where they go in pairs."""
    _issue_words(console, status.issues[number])
    _do(console, _steps(status, number))


def _issue_words(console: Console, issue: str, most: int | None = None) -> None:
    """Print what is wrong, in so many lines at ``most``."""
    word, colon, rest = clean(issue).partition(":")
    style = BAD if "CRITICAL" in issue else BUSY
    prose(console, Text(word + colon, style), Text(rest), most=most)


def _steps(status: Status, number: int) -> list[str]:
    """Return what to do about an issue, step by step."""
    if len(status.issues) != len(status.recommendations):
        return []
    return _STEPS.split(status.recommendations[number])


def _unpaired(console: Console, status: Status) -> None:
    """Print what to do where nobody can know for which issue it is."""
    if len(status.issues) != len(status.recommendations):
        for recommendation in status.recommendations:
            _do(console, _STEPS.split(recommendation))


def _do(console: Console, steps: Sequence[str]) -> None:
    """Print a line for each command, none of them broken by us."""
    for place, step in enumerate(steps):
        line(console, "      " if place else "  do: ", pasteable(step))


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
