"""What ails the ground, the worst first; what is well, in few words."""

from collections.abc import Sequence

from rich.text import Text

from selfhealctl.doctor.findings import Finding, Level
from selfhealctl.views.screen import BAD, BUSY, GOOD, QUIET, line, prose, screen

_STYLES = {Level.PROBLEM: BAD, Level.WARNING: BUSY, Level.OK: GOOD}
_WIDTH = max(len(level.word) for level in Level)


def show_findings(findings: Sequence[Finding]) -> None:
    """Print each with its command, then how many of which kind there are."""
    console = screen()
    for one in findings:
        where = f"  {one.where}" if one.where else ""
        prose(
            console,
            Text(f"{one.level.word:<{_WIDTH}}", _STYLES[one.level]),
            "  ",
            Text(one.what, QUIET if one.level is Level.OK else "bold"),
            f": {one.words}",
            Text(where, QUIET),
        )
        if one.do:
            line(console, f"{'':<{_WIDTH}}    do: {one.do}")
    line(console)
    line(console, _summary(findings))


def _summary(findings: Sequence[Finding]) -> str:
    counted = {
        level: sum(one.level is level for one in findings)
        for level in (Level.PROBLEM, Level.WARNING)
    }
    said = [
        f"{number} {level.word}{'s' if number > 1 else ''}"
        for level, number in counted.items()
        if number
    ]
    return ", ".join(said) or "all is well"
