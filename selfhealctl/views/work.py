"""What became of orders: progress, outcomes, and short answers."""

from collections.abc import Sequence

from rich.text import Text

from selfhealctl.advice import pasteable
from selfhealctl.views.screen import BAD, BUSY, GOOD, line, screen, state
from selfhealctl.views.text import clean
from selfhealingd.wire.documents import ReloadReport, Version
from selfhealingd.wire.operation import Done, Outcome, Progress, Started

_SHOWN = 10


def show_started(started: Started) -> None:
    """Say that the daemon works on it, and under which number."""
    names = ", ".join(started.names[:_SHOWN]) or "nothing"
    if (more := len(started.names) - _SHOWN) > 0:
        names += f" and {more} more"
    line(screen(), f"begun: operation {started.operation} for {names}")


def show_progress(progress: Progress) -> None:
    """Print one step on the way."""
    line(screen(), f"{progress.name}: ", state(progress.state), f" {progress.words}")


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print the last word about each name, with the next command where it failed."""
    console = screen()
    if not outcomes:
        line(console, "nothing to do")
    for item in outcomes:
        mark = Text("ok", GOOD) if item.ok else Text("failed", BAD)
        parts = " ".join(part for part in (item.state, item.words) if part)
        line(console, f"{item.name}: ", mark, f" {parts}" if parts else "")
        if item.hint:
            line(console, f"  do: {pasteable(item.hint)}")


def show_done(done: Done) -> None:
    """Print a short operation's answer."""
    console = screen()
    line(console, done.words)
    for name in done.names:
        line(console, f"  {name}")
    if done.hint:
        line(console, f"  do: {pasteable(done.hint)}")


def show_reload(report: ReloadReport, then: str) -> None:
    """Print what a reload did, refused and left for update, which ``then`` does."""
    console = screen()
    line(console, Text(clean(report.words), "" if report.ok else BAD))
    for mistake in report.errors:
        line(console, f"  {mistake}")
    for applied in report.applied:
        line(console, "  applied: ", applied)
    for pending in report.pending:
        line(console, Text("  pending: ", BUSY), pending)
    if report.pending:
        line(console, f"  do: {pasteable(then)}")


def show_version(version: Version, own: str) -> None:
    """Print the client's version and the daemon's."""
    console = screen()
    line(console, f"selfhealctl {own}")
    line(
        console,
        f"{version.name} {version.version}, pid {version.pid}, Python {version.python}",
    )


def show_upgraded(before: Version, after: Version) -> None:
    """Print which code went, and which came."""
    words = f"{before.name} {before.version} is {after.version} now, pid {after.pid}"
    line(screen(), f"{words}; its programs run on")
