"""What ails the ground, the worst first; what is well, in few words."""

from collections.abc import Sequence

from selfhealctl.doctor.findings import Finding, Level
from selfhealctl.ink import Piece, Style
from selfhealctl.views.screen import screen

_STYLES = {Level.PROBLEM: Style.BAD, Level.WARNING: Style.BUSY, Level.OK: Style.GOOD}
_WIDTH = max(len(level.word) for level in Level)


def show_findings(findings: Sequence[Finding]) -> None:
    """Print each with its command, then how many of which kind there are."""
    console = screen()
    for one in findings:
        where = f"  {one.where}" if one.where else ""
        console.tell(
            Piece(f"{one.level.word:<{_WIDTH}}", _STYLES[one.level]),
            "  ",
            Piece(one.what, Style.DIM if one.level is Level.OK else Style.BOLD),
            f": {one.words}",
            Piece(where, Style.DIM),
        )
        if one.do:
            console.show(f"{'':<{_WIDTH}}    do: {one.do}")
    console.show()
    console.show(_summary(findings))


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
