"""What became of orders: progress, outcomes, and short answers."""

from collections.abc import Sequence

from selfhealctl.advice import pasteable
from selfhealctl.ink import Piece, Style
from selfhealctl.views.screen import screen, state
from selfhealingd.wire.documents import ReloadReport, Version
from selfhealingd.wire.operation import Done, Outcome, Progress, Started

_SHOWN = 10


def show_started(started: Started) -> None:
    """Say that the daemon works on it, and under which number."""
    names = ", ".join(started.names[:_SHOWN]) or "nothing"
    if (more := len(started.names) - _SHOWN) > 0:
        names += f" and {more} more"
    console = screen()
    console.show(f"begun: operation {started.operation} for {names}")
    if started.names:
        console.show(pasteable("  see how it goes: selfhealctl status --watch"))


def show_progress(progress: Progress) -> None:
    """Print one step on the way."""
    screen().show(f"{progress.name}: ", state(progress.state), f" {progress.words}")


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print the last word about each name, with the next command where it failed."""
    console = screen()
    if not outcomes:
        console.show("nothing to do")
    for item in outcomes:
        mark = Piece("ok", Style.GOOD) if item.ok else Piece("failed", Style.BAD)
        parts = " ".join(part for part in (item.state, item.words) if part)
        console.show(f"{item.name}: ", mark, f" {parts}" if parts else "")
        if item.hint:
            console.show(f"  do: {pasteable(item.hint)}")


def show_done(done: Done) -> None:
    """Print a short operation's answer."""
    console = screen()
    console.show(done.words)
    for name in done.names:
        console.show(f"  {name}")
    if done.hint:
        console.show(f"  do: {pasteable(done.hint)}")


def show_reload(report: ReloadReport, then: str) -> None:
    """Print what a reload did, refused and left for update, which ``then`` does."""
    console = screen()
    console.show(Piece(report.words, Style.PLAIN if report.ok else Style.BAD))
    for mistake in report.errors:
        console.show(f"  {mistake}")
    if report.errors:
        console.show("  do: mend that, and type this command again")
    for applied in report.applied:
        console.show("  applied: ", applied)
    for pending in report.pending:
        console.show(Piece("  pending: ", Style.BUSY), pending)
    if report.pending:
        console.show(f"  do: {pasteable(then)}")


def show_version(version: Version, own: str) -> None:
    """Print the client's version and the daemon's."""
    console = screen()
    console.show(f"selfhealctl {own}")
    console.show(
        f"{version.name} {version.version}, pid {version.pid}, Python {version.python}",
    )


def show_upgraded(before: Version, after: Version) -> None:
    """Print which code went, and which came."""
    words = f"{before.name} {before.version} is {after.version} now, pid {after.pid}"
    screen().show(f"{words}; its programs run on")
