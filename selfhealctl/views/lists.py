"""Breakers, tasks, incidents and flags as tables."""

from collections.abc import Sequence

from selfhealctl.advice import pasteable
from selfhealctl.ink import Line, Piece, Style
from selfhealctl.views.grid import Row, grid
from selfhealctl.views.screen import Column, Screen, outcome, screen, state, table
from selfhealctl.views.text import duration, moment, size
from selfhealingd.wire.documents import (
    BackgroundTasks,
    BreakerDocument,
    FlagsDocument,
    ForecastDocument,
    IncidentDocument,
    RunbookDocument,
    TaskDocument,
)

_CLOSED = "CLOSED"
_WORST = ("PERMANENT_OPEN", "OPEN", "HALF_OPEN", _CLOSED)
_TELLS_AFTER = 600.0
_OLD_AFTER = 60.0
"""Seconds that the daemon looks at least before it foresees anything."""


def show_breakers(
    breakers: Sequence[BreakerDocument], *, wide: bool = False, everything: bool = False
) -> None:
    """Print breakers, the worst first, and count those that are CLOSED.

    ``everything``: these, too. ``wide``: every one, and since when.
    """
    breakers = sorted(breakers, key=_calm)
    if not wide:
        console = screen()
        shown = [one for one in breakers if everything or one.state != _CLOSED]
        console.write(breaker_table(console.width, shown))
        if left := len(breakers) - len(shown):
            words = (
                f"{'… ' if shown else ''}{left} {_CLOSED}: selfhealctl breakers --all"
            )
            console.show(Piece(pasteable(words), Style.DIM))
        return
    heads = ("BREAKER", "STATE", "FAILURES", "UNTIL", "CHANGED", "BY", "WHY")
    rows = [
        (
            item.name,
            state(item.state),
            str(item.failure_count),
            moment(item.open_until),
            moment(item.changed_at),
            item.changed_by or "",
            item.permanent_open_reason or item.change_reason or "",
        )
        for item in breakers
    ]
    table(screen(wide=True), [Column(head) for head in heads], rows)


def _calm(breaker: BreakerDocument) -> int:
    """Return how little a breaker needs a person's eyes; the order is else kept."""
    return _WORST.index(breaker.state) if breaker.state in _WORST else 0


def breaker_table(width: int, breakers: Sequence[BreakerDocument]) -> list[Line]:
    """Lay breakers out: state, failures, and why or until when."""
    columns = (Column("BREAKER"), Column("STATE"), Column("FAILURES", right=True))
    rows = []
    for item in breakers:
        cells = (item.name, state(item.state), str(item.failure_count))
        rows.append(Row(cells, [_why(item)]))
    return grid(width, columns, rows)


def _why(item: BreakerDocument) -> str:
    until = item.open_until and f"until {moment(item.open_until)}"
    by = item.changed_by and f"by {item.changed_by}"
    reasons = (item.permanent_open_reason, until, item.change_reason, by)
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def show_tasks(tasks: BackgroundTasks, *, wide: bool = False) -> None:
    """Print the background tasks and their count; ``wide``: a line each."""
    console = screen(wide=wide)
    if wide:
        _wide_tasks(console, tasks.tasks)
    else:
        columns = (Column("TASK"), Column("STATE"), Column("NEXT"))
        rows = [
            Row((one.id, state(one.state), moment(one.next_run)), [_task_story(one)])
            for one in tasks.tasks
        ]
        console.write(grid(console.width, columns, rows))
    console.show(f"{tasks.active_tasks} of {tasks.total_tasks} active")


def _wide_tasks(console: Screen, tasks: Sequence[TaskDocument]) -> None:
    columns = (
        Column("TASK", wraps=True),
        Column("OWNER"),
        Column("EVERY", right=True),
        Column("STATE"),
        Column("RUNS", right=True),
        Column("FAILED", right=True),
        Column("NEXT"),
        Column("LAST ERROR", wraps=True),
    )
    table(
        console,
        columns,
        [
            (
                item.id,
                item.owner,
                duration(item.every),
                state(item.state),
                str(item.runs),
                str(item.failures),
                moment(item.next_run),
                item.last_error or "",
            )
            for item in tasks
        ],
    )


def _task_story(item: TaskDocument) -> str:
    runs = f"{item.runs} run{'' if item.runs == 1 else 's'}"
    story = f"every {duration(item.every)}; {runs}, {item.failures} failed"
    return f"{story}; {item.last_error}" if item.last_error else story


def show_runbooks(runbooks: Sequence[RunbookDocument]) -> None:
    """Print runbooks with who may be healed by each."""
    console = screen()
    if not runbooks:
        console.show("there are no runbooks: they are written as [runbook.NAME]")
        return
    columns = (Column("RUNBOOK"), Column("COMMAND"), Column("TIMEOUT", right=True))
    rows = [
        Row((one.name, one.command, duration(one.timeout)), [_healed_by(one)])
        for one in runbooks
    ]
    console.write(grid(console.width, columns, rows))


def _healed_by(runbook: RunbookDocument) -> str:
    names = ", ".join(runbook.services)
    return f"in the ladder of {names}" if names else "in nobody's ladder"


def show_forecasts(
    forecasts: Sequence[ForecastDocument], *, wide: bool = False
) -> None:
    """Print what has a limit, and when it will be there; ``wide``: a line each."""
    console = screen(wide=wide)
    if not forecasts:
        console.show("nothing that has a limit was measured yet")
        return
    columns = (
        Column("SERVICE"),
        Column("WHAT"),
        Column("NOW", right=True),
        Column("LIMIT", right=True),
        Column("SURE", right=True),
    )
    rows = []
    for one in forecasts:
        cells = (
            one.service or "(host)",
            one.what,
            _now(one),
            _amount(one, one.limit),
            "" if one.confidence is None else f"{one.confidence:.0%}",
        )
        left = Piece(_left(one), Style.BAD if one.told else Style.PLAIN)
        rows.append(Row(cells, [left]))
    if wide:
        heads = (*columns, Column("LEFT"))
        table(console, heads, [(*row.cells, *row.story) for row in rows])
    else:
        console.write(grid(console.width, columns, rows))


def _amount(one: ForecastDocument, number: float) -> str:
    return size(number) if one.unit == "bytes" else f"{number:.0f}"


def _now(one: ForecastDocument) -> str:
    ago = f" ({duration(one.age)} ago)" if one.age > _OLD_AFTER else ""
    return _amount(one, one.value) + ago


def _left(one: ForecastDocument) -> str:
    if one.value >= one.limit:
        return "at its limit"
    if one.left is None or one.earliest is None or one.latest is None:
        return "too early to tell" if one.looked < _TELLS_AFTER else ""
    between = f"{duration(one.earliest)} to {duration(one.latest)}"
    grows = f"+{_amount(one, one.per_hour or 0)}/h"
    return f"{duration(one.left)} ({between}; {grows})"


def show_incidents(
    incidents: Sequence[IncidentDocument], *, wide: bool = False
) -> None:
    """Print incidents as the daemon orders them; ``wide``: a line each."""
    console = screen(wide=wide)
    if not incidents:
        console.show("no incidents")
        return
    columns = (Column("INCIDENT"), Column("OUTCOME"), Column("OPENED"))
    rows = []
    for item in incidents:
        cells = (item.id, outcome(item.outcome), moment(item.opened))
        rows.append(Row(cells, [_incident_story(item)]))
    if wide:
        heads = (*columns, Column("ENDED"), Column("STORY"), Column("LOG"))
        ends = [(moment(one.ended), one.log or "") for one in incidents]
        table(
            console,
            heads,
            [
                (*row.cells, ended, *row.story, log)
                for row, (ended, log) in zip(rows, ends, strict=True)
            ],
        )
    else:
        console.write(grid(console.width, columns, rows))
    console.show(_one_of(incidents))


def _one_of(incidents: Sequence[IncidentDocument]) -> str:
    latest = incidents[-1].id
    return pasteable(f"what happened, and what to do: selfhealctl show {latest}")


def _incident_story(item: IncidentDocument) -> str:
    tried = [
        f"{attempt.remedy} {attempt.result or 'under way'}" for attempt in item.attempts
    ]
    parts = (item.cause, item.detail, *tried)
    return "; ".join(part for part in parts if part)


def show_flags(flags: FlagsDocument) -> None:
    """Print the flags in force and where they come from."""
    console = screen()
    for name, value in flags.values.items():
        console.show(
            Piece("on ", Style.GOOD) if value else Piece("off", Style.BUSY), f"  {name}"
        )
    loaded = f", read {moment(flags.loaded_at)}" if flags.loaded_at else ""
    if flags.error is None and not loaded:
        console.show(f"there is no file {flags.file}: every feature is on")
        return
    console.show(f"from {flags.file}{loaded}")
    if flags.error is not None:
        console.show(Piece(f"not taken over: {flags.error}", Style.BAD))
