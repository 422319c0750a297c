"""What of a status has room on a screen: first what matters.

What an issue tells is told by that alone, and what is well is counted. Then issues are
told in fewer words, so that each is named, and at last what is ill is cut, and said to
be. The worst issue stays, with its command.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from selfhealctl.advice import pasteable
from selfhealctl.ink import EMPTY, Line, Piece, Style, line
from selfhealctl.views import blocks
from selfhealctl.views.services import Health, service_table
from selfhealingd.wire.documents import ProgramDocument, Status

_ALL = "selfhealctl status --all"
_FORMS = (None, 1, 0)
"""Steps of what to do about issues but the worst: all of them, or so many."""

_LEAST_ROWS = 2
"""Rows of the worst issue's own words on the smallest of screens."""


def whole(status: Status, width: int) -> list[Line]:
    """Return all of it, the worst first."""
    services = [one for _, one in blocks.ranked(status)]
    table = [EMPTY, *service_table(width, services, status)] if services else []
    return [*blocks.above(status, width), *table, *blocks.below(status, width)]


def fitting(status: Status, width: int, room: int) -> list[Line]:
    """Return all of it where it fits into so many rows, and else the worst of it."""
    if len(status.programs) + len(status.watches) + len(status.issues) < room:
        lines = whole(status, width)
        if _rows(lines, width) <= room:
            return lines
    return _Cut(status, width, room).lines()


def _rows(lines: Iterable[Line], width: int) -> int:
    """Return how many rows they take; the terminal breaks what is too wide."""
    return sum(max(1, -(-one.width // width)) for one in lines)


class _Cut:
    def __init__(self, status: Status, width: int, room: int) -> None:
        self._status = status
        self._width = width
        self._room = room
        self._services = blocks.ranked(status)
        self._steps: int | None = None

    def lines(self) -> list[Line]:
        """Return what there is room for."""
        status = self._status
        lines, issues = self._issues()
        if not issues and status.issues:
            return self._worst()
        if issues < len(status.issues):
            return [*lines, *self._rest(issues, ())]
        told = blocks.named(status.issues)
        shown = self._ill(lines, told)
        if shown:
            lines += self._table(shown)
        rest = self._rest(issues, shown)
        others = blocks.breakers(status, self._width, but=told)
        for more in (others, list(blocks.engine(status))):
            if self._fits(lines, more, rest):
                lines += more
        return lines + rest

    def _issues(self) -> tuple[list[Line], int]:
        """Return the headline with as many issues as there is room for."""
        status = self._status
        told: tuple[list[Line], int] = ([], 0)
        for self._steps in _FORMS:
            told = self._issues_in_form()
            if told[1] in {0, len(status.issues)}:
                break
        lines, number = told
        if number == len(status.issues):
            lines += blocks.unpaired(status)
        return lines, number

    def _issues_in_form(self) -> tuple[list[Line], int]:
        status, width = self._status, self._width
        lines = blocks.headline(status, width)
        for number in range(len(status.issues)):
            steps = self._steps if number else None
            longer = [*lines, *blocks.issue(status, number, width, most=steps)]
            if not self._fits(longer, self._rest(number + 1, ())):
                return lines, number
            lines = longer
        return lines, len(status.issues)

    def _ill(self, lines: list[Line], told: set[str]) -> list[ProgramDocument]:
        """Return the services that are to be shown: the worst that no issue tells."""
        ill = [
            one
            for how, one in self._services
            if how < Health.DOWN and one.name not in told
        ][: self._room]

        def too_many(count: int) -> bool:
            shown = ill[:count]
            rest = self._rest(len(self._status.issues), shown)
            return not self._fits(lines, self._table(shown), rest)

        most = bisect_right(range(1, len(ill) + 1), False, key=too_many)  # noqa: FBT003
        return ill[:most]

    def _table(self, shown: Sequence[ProgramDocument]) -> list[Line]:
        return [EMPTY, *service_table(self._width, shown, self._status)]

    def _rest(self, issues: int, shown: Sequence[ProgramDocument]) -> list[Line]:
        """Return how many more there are, and where all of them are."""
        told = blocks.named(self._status.issues[:issues]) | {one.name for one in shown}
        left = [how for how, one in self._services if one.name not in told]
        counts = _counts(len(self._status.issues) - issues, left)
        if self._steps is not None:
            counts = ", ".join(filter(None, ("what to do about each", counts)))
        if not counts:
            return []
        return [line(Piece(pasteable(f"… {counts}: {_ALL}"), Style.DIM))]

    def _worst(self) -> list[Line]:
        """Return the worst issue with its command, however small the screen is."""
        status, width = self._status, self._width
        steps = blocks.steps(status, 0)
        lines, rest = blocks.headline(status, width, short=True), self._rest(1, ())
        first = blocks.do(steps[:1])
        left = self._room - _rows([*lines, *first, *rest], width)
        lines += blocks.wrong(status.issues[0], width, most=max(_LEAST_ROWS, left))
        longer = (blocks.do(steps[:count]) for count in range(len(steps), 1, -1))
        lines += next((one for one in longer if self._fits(lines, one, rest)), first)
        return lines + rest if self._fits(lines, rest) else lines

    def _fits(self, *parts: Iterable[Line]) -> bool:
        return sum(_rows(part, self._width) for part in parts) <= self._room


def _counts(issues: int, left: Sequence[Health]) -> str:
    well, down = left.count(Health.WELL), left.count(Health.DOWN)
    counts = (
        (issues, f"more issue{'s' if issues > 1 else ''}"),
        (len(left) - well - down, "not well"),
        (well, "running well"),
        (down, f"down, as {'it' if down == 1 else 'they'} should be"),
    )
    return ", ".join(f"{count} {how}" for count, how in counts if count)
