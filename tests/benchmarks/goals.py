"""What selfhealingd has set itself, against the peers of the same run."""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.outcome import Outcome
from benchmarks.report import MEASURES, OURS, OUTPUT, with_unit


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of ours is at most ``most``, or so many times a peer's where named."""

    measure: str
    programs: int
    most: float
    peer: str | None = None


GOALS = (
    Goal("restart_p50_ms", 200, 1.0, "runit"),
    Goal("restart_p50_ms", 1000, 1.0, "runit"),
    Goal("start_s", 200, 1.0, "s6"),
    Goal("start_s", 1000, 1.25, "s6"),
    Goal("pss_mib", 1000, 0.5, "runit"),
    Goal("idle_cpu_percent", 1000, 0.3),
    Goal("status_ms", 1000, 0.25, "supervisord"),
    Goal("status_ms", 1000, 250.0),
    Goal("output_cpu_s_per_gib", 1, 0.2, "supervisord"),
)


def verdicts(outcomes: Iterable[Outcome]) -> str:
    """Say of each goal whose figures there are whether it was reached, a line each."""
    found = {outcome.peer: outcome for outcome in outcomes}
    lines = (_verdict(goal, found) for goal in GOALS)
    return "\n".join(line for line in lines if line)


def _verdict(goal: Goal, found: dict[str, Outcome]) -> str:
    ours = _figure(found, OURS, goal)
    theirs = 1.0 if goal.peer is None else _figure(found, goal.peer, goal)
    if ours is None or theirs is None:
        return ""
    most = goal.most * theirs
    what = {**MEASURES, **OUTPUT}[goal.measure]
    where = f" with {goal.programs} programs" if goal.measure in MEASURES else ""
    against = f" ({goal.most:g} x {goal.peer})" if goal.peer else ""
    asked = f"at most {with_unit(most, goal.measure)}{against}"
    verdict = (
        "reached" if ours <= most else f"missed by {100 * (ours / most - 1):.0f} %"
    )
    return f"{what}{where}: {with_unit(ours, goal.measure)}, {asked}: {verdict}"


def _figure(found: dict[str, Outcome], peer: str, goal: Goal) -> float | None:
    outcome = found.get(peer)
    return outcome.get(goal.measure, goal.programs) if outcome else None
