"""Whether a rule has been met, sample by sample, and when that is over.

An edge needs its whole window, counted from the edge before: so between two edges
there always is the window of the second. An unknown value counts neither way.
"""

from enum import Enum
from typing import assert_never

import msgspec

from selfhealingd.core.rules.rule import Clause, Counted, Lasting, Rule, Samples

STALE_AFTER = 2.0
"""Windows without a known value, after which what was seen before says nothing."""


class Verdict(Enum):
    """What one more sample changes."""

    SAME = "same"
    SICKENED = "sickened"
    RECOVERED = "recovered"


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one rule and one run since its last edge.

    ``sick``: it is met, and waits for what clears it. ``hits``: which of the latest
    samples were as the next edge wants them. ``since``: since when all of them were;
    ``latest``: when the latest known value was.
    """

    sick: bool = False
    hits: tuple[bool, ...] = ()
    since: float | None = None
    latest: float | None = None


FRESH = Tally()


def judge(
    rule: Rule, tally: Tally, *, at: float, value: float | None, bound: float | None
) -> tuple[Tally, Verdict]:
    """Take in what was measured at ``at``; None where it is unknown.

    ``bound`` is the threshold of the clause that is waited for (``awaited``), in the
    unit of ``value``.
    """
    if value is None or bound is None:
        return tally, Verdict.SAME
    clause = awaited(rule, tally)
    tally = _add(clause, tally, at, hit=clause.op.holds(value, bound))
    if not _reached(clause, tally):
        return tally, Verdict.SAME
    verdict = Verdict.RECOVERED if tally.sick else Verdict.SICKENED
    return Tally(sick=not tally.sick, latest=at), verdict


def awaited(rule: Rule, tally: Tally) -> Clause:
    """The clause that makes the next edge."""
    return rule.until if tally.sick else rule.when


def _add(clause: Clause, tally: Tally, at: float, *, hit: bool) -> Tally:
    match clause.window:
        case Samples(of=of):
            hits = (*tally.hits, hit)[-of:]
            return msgspec.structs.replace(tally, hits=hits, latest=at)
        case Lasting(secs=secs):
            gap = tally.latest is not None and at - tally.latest > STALE_AFTER * secs
            since = at if tally.since is None or gap else tally.since
            return msgspec.structs.replace(
                tally, since=since if hit else None, latest=at
            )
        case Counted():
            return msgspec.structs.replace(tally, hits=(hit,), latest=at)
        case _:
            assert_never(clause.window)


def _reached(clause: Clause, tally: Tally) -> bool:
    match clause.window:
        case Samples(count=count):
            return sum(tally.hits) >= count
        case Lasting(secs=secs):
            since, latest = tally.since, tally.latest
            return since is not None and latest is not None and latest - since >= secs
        case Counted():
            return tally.hits == (True,)
        case _:
            assert_never(clause.window)
