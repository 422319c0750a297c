"""The whole truth on one screen, worst first."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from selfhealctl.views.lists import breaker_table
from selfhealctl.views.screen import (
    BAD,
    BUSY,
    GOOD,
    NARROW,
    QUIET,
    Column,
    line,
    screen,
    state,
    table,
)
from selfhealctl.views.text import clean, duration, size
from selfhealingd.wire.documents import ProgramDocument, Status

RUNNING = "RUNNING"
_ALIVE = frozenset({RUNNING, "STARTING", "STOPPING"})


def show_status(status: Status) -> None:
    """Print headline, issues, programs, breakers, dormancy and tasks."""
    console = screen()
    _headline(console, status)
    _issues(console, status)
    services = (*status.programs, *status.watches)
    if services:
        line(console)
        _programs(console, services)
    unwell = [item for item in status.circuit_breakers if item.state != "CLOSED"]
    if unwell:
        line(console)
        breaker_table(console, unwell)
    line(console)
    _engine(console, status)


def show_programs(programs: Sequence[ProgramDocument]) -> None:
    """Print the programs alone."""
    _programs(screen(), programs)


def _headline(console: Console, status: Status) -> None:
    counts = []
    if status.programs or not status.watches:
        counts.append(_running("programs", status.programs))
    if status.watches:
        counts.append(_running("watches", status.watches))
    styles = {"healthy": GOOD, "warning": BUSY}
    line(
        console,
        Text(clean(status.status.upper()), style=styles.get(status.status, BAD)),
        f"  selfhealingd {status.version}, pid {status.pid},"
        f" up {duration(status.uptime)}; {', '.join(counts)} running",
    )


def _running(kind: str, items: Sequence[ProgramDocument]) -> str:
    running = sum(item.state == RUNNING for item in items)
    return f"{running} of {len(items)} {kind}"


def _issues(console: Console, status: Status) -> None:
    """Print each issue with its own recommendation where they go in pairs."""
    paired = len(status.issues) == len(status.recommendations)
    for number, issue in enumerate(status.issues):
        line(console, Text(clean(issue), style=BAD if "CRITICAL" in issue else BUSY))
        if paired:
            line(console, f"  do: {status.recommendations[number]}")
    if not paired:
        for recommendation in status.recommendations:
            line(console, f"  do: {recommendation}")


def _programs(console: Console, programs: Sequence[ProgramDocument]) -> None:
    if console.width < NARROW:
        columns = (Column("NAME", wraps=True), Column("STATE"), Column("", wraps=True))
        rows = [(item.name, state(item.state), _story(item)) for item in programs]
        table(console, columns, rows)
        return
    table(
        console,
        (
            Column("NAME", wraps=True),
            Column("STATE"),
            Column("PID", right=True),
            Column("CPU", right=True),
            Column("MEMORY", right=True),
            Column("UPTIME", right=True),
            Column("LAST EXIT", wraps=True),
            Column("NEXT", wraps=True),
        ),
        [
            (
                item.name,
                state(item.state),
                "" if item.pid is None else str(item.pid),
                _cpu(item),
                _memory(item),
                "" if item.uptime is None else duration(item.uptime),
                _exit(item),
                _next(item),
            )
            for item in programs
        ],
    )


def _story(item: ProgramDocument) -> str:
    """Return in one piece what a wide terminal shows in several columns."""
    parts = []
    if item.pid is not None:
        parts.append(f"pid {item.pid}")
    if item.uptime is not None:
        parts.append(f"up {duration(item.uptime)}")
    if item.cpu is not None:
        parts.append(f"cpu {_cpu(item)}")
    parts += [part for part in (_memory(item), _exit(item), _next(item)) if part]
    return "; ".join(parts)


def _cpu(item: ProgramDocument) -> str:
    return "" if item.cpu is None else f"{item.cpu:.1f} %"


def _memory(item: ProgramDocument) -> str:
    return "" if item.memory is None else size(item.memory)


def _exit(item: ProgramDocument) -> str:
    """Return how the last run ended, while that explains anything.

    Of a program that is well it would read as if it had just happened.
    """
    well = item.state == RUNNING and item.incident is None
    return "" if well else item.exit or ""


def _next(item: ProgramDocument) -> str:
    update = ""
    if item.removed:
        verb = "STOPS" if item.state in _ALIVE else "drops"
        update = f"gone from the config: selfhealctl update {verb} it"
    elif item.pending_update:
        update = "selfhealctl update applies a new config"
    said = f"it says: {item.status_text}" if item.status_text else ""
    unwell = f"not ready: {item.not_ready}" if item.not_ready else ""
    parts = (said, unwell, *_probes(item), item.next, update)
    return "; ".join(part for part in parts if part)


def _probes(item: ProgramDocument) -> list[str]:
    """Return what is not well with it by its own probes, that isn't told otherwise."""
    return [
        f"{probe.name} {probe.answer}: {probe.words}"
        for probe in item.probes
        if probe.answer not in (None, "ok") and not (item.not_ready and probe.failing)
    ]


def _engine(console: Console, status: Status) -> None:
    healing, tasks = status.self_healing, status.background_tasks
    if healing.is_dormant:
        line(console, Text(f"DORMANT: {clean(healing.dormant_reason or '')}", BAD))
        line(console, '  do: selfhealctl resume --reason "what was fixed"')
    elif not healing.enabled:
        line(console, Text("healing is switched off: see selfhealctl flags", BUSY))
    line(
        console,
        Text(
            f"healings: {healing.successful_healings} helped,"
            f" {healing.failed_healings} did not;"
            f" background tasks: {tasks.active_tasks} of {tasks.total_tasks} active",
            QUIET,
        ),
    )
