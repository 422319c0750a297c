"""Services as rows: how each is, how ill it is, and its story."""

from collections.abc import Sequence
from enum import IntEnum

from selfhealctl.advice import pasteable
from selfhealctl.ink import Line
from selfhealctl.views import story
from selfhealctl.views.grid import Row, grid
from selfhealctl.views.screen import Column, Screen, state, table
from selfhealctl.views.story import RUNNING
from selfhealctl.views.text import duration, size
from selfhealingd.wire.documents import ProgramDocument, Status

_CLOSED = "CLOSED"


class Health(IntEnum):
    """How much a service needs a person's eyes, the worst first."""

    DEAD = 0
    ILL = 1
    CHANGING = 2
    DOWN = 3
    WELL = 4


def health(item: ProgramDocument) -> Health:
    """Return how a service is, by what the daemon says of it."""
    if item.state == "FATAL":
        return Health.DEAD
    if (
        item.incident is not None
        or item.symptoms
        or item.not_ready
        or item.breaker != _CLOSED
        or item.state == "BACKOFF"
        or story.unwell_probes(item)
    ):
        return Health.ILL
    if item.pending_update or item.removed or item.state in ("STARTING", "STOPPING"):
        return Health.CHANGING
    return Health.WELL if item.state == RUNNING else Health.DOWN


def service_table(
    width: int, services: Sequence[ProgramDocument], status: Status | None = None
) -> list[Line]:
    """Lay them out in this order: facts in columns, and the story of what isn't well.

    ``status``: what they are part of; a command that it recommends is not repeated.
    """
    tell = _Stories(status)
    columns = [Column("NAME"), Column("STATE"), *_NUMBERS]
    rows = [
        Row((item.name, state(item.state), *_numbers(item)), tell.of(item))
        for item in services
    ]
    return grid(width, columns, rows)


def show_wide(console: Screen, services: Sequence[ProgramDocument]) -> None:
    """Print everything in columns, a line each."""
    columns = (
        Column("NAME"),
        Column("GROUP"),
        Column("STATE"),
        *_NUMBERS,
        Column("RUNS", right=True),
        Column("FAILED", right=True),
        Column("BREAKER"),
        Column("INCIDENT"),
        Column("LAST EXIT"),
        Column("NEXT"),
        Column("LOG"),
    )
    table(
        console,
        columns,
        [
            (
                item.name,
                item.group or "",
                state(item.state),
                *_numbers(item),
                str(item.runs),
                str(item.consecutive_failures),
                state(item.breaker),
                item.incident or "",
                item.exit or "",
                pasteable(
                    "; ".join(
                        filter(None, (*story.wrong(item, end=False), _next(item)))
                    )
                ),
                item.log or "",
            )
            for item in services
        ],
    )


_NUMBERS = (
    Column("PID", right=True),
    Column("UPTIME", right=True),
    Column("CPU", right=True),
    Column("MEMORY", right=True),
)


def _numbers(item: ProgramDocument) -> tuple[str, ...]:
    return (
        "" if item.pid is None else str(item.pid),
        "" if item.uptime is None else duration(item.uptime),
        "" if item.cpu is None else f"{item.cpu:.1f} %",
        "" if item.memory is None else size(item.memory),
    )


class _Stories:
    """What there is to tell of services, beside what a status tells of the whole."""

    def __init__(self, status: Status | None) -> None:
        breakers = status.circuit_breakers if status else ()
        self._breakers = {one.name.partition(":")[2]: one for one in breakers}
        self._told = "\n".join(status.recommendations if status else ())

    def of(self, item: ProgramDocument) -> list[str]:
        """Return its story in parts."""
        parts = (*story.wrong(item), self._breaker(item), self._next(item))
        return [pasteable(part) for part in parts if part]

    def _breaker(self, item: ProgramDocument) -> str:
        breaker = self._breakers.get(item.name)
        if breaker is None or breaker.state == _CLOSED:
            return ""
        return f"breaker {breaker.name} {breaker.state}"

    def _next(self, item: ProgramDocument) -> str:
        words = _next(item)
        before, until, command = words.partition("until: ")
        told = until and command in self._told
        return f"{before}until you do that" if told else words


def _next(item: ProgramDocument) -> str:
    said = f"it says: {item.status_text}" if item.status_text else ""
    parts = (said, item.next, story.update(item))
    return "; ".join(part for part in parts if part)
