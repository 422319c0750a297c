"""Killing well programs, and timing how soon they run again."""

import random
import time
from dataclasses import dataclass, field

from benchmarks.peer import Pace
from benchmarks.program import Report
from benchmarks.trial import Trial

RESTART_SECS = 30.0
ALL_SECS = 120.0


@dataclass(slots=True)
class Crashes:
    """What became of killed programs: times to run again, in ms, and how many didn't.

    ``unasked`` counts programs that were started though nobody had killed them.
    """

    times: list[float] = field(default_factory=list)
    lost: int = 0
    unasked: int = 0


def crash(one: Trial, count: int, pace: Pace) -> Crashes:
    """Kill so many different programs, and time the return of each.

    Ends early, with the rest counted as lost, when one stays away for RESTART_SECS or
    all take longer than ALL_SECS.
    """
    chance = random.Random(count)  # noqa: S311 (the same victims for every peer)
    names = list(one.setting.arguments)
    victims = chance.sample(names, min(count, len(names)))
    crashes = Crashes(unasked=len(one.reports.take(0)))
    away: dict[str, int] = {}
    due = time.monotonic()
    end = due + ALL_SECS
    patience = due + RESTART_SECS
    while (victims or away) and (now := time.monotonic()) < min(end, patience):
        may_kill = bool(victims) and (pace.overlap or not away)
        if may_kill and now >= due:
            name = victims.pop()
            away[name] = one.kill(name)
            due = time.monotonic() + chance.uniform(pace.least, pace.most)
            patience = time.monotonic() + RESTART_SECS
            continue
        wait = (due if may_kill else min(end, patience)) - now
        for report in one.reports.take(wait):
            _returned(crashes, away, report)
            if not pace.overlap:
                due = time.monotonic() + chance.uniform(pace.least, pace.most)
    crashes.lost = len(victims) + len(away)
    return crashes


def _returned(crashes: Crashes, away: dict[str, int], report: Report) -> None:
    since = away.pop(report.name, None)
    if since is None:
        crashes.unasked += 1
    else:
        crashes.times.append((report.at - since) / 1e6)
