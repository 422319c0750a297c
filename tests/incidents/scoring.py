"""How well a diagnosis does on labelled incidents, and how sure that is. Pure."""

import math
import statistics
from collections.abc import Iterable, Sequence

import msgspec
from incidents.labelled import Labelled

from selfhealingd.core.budget import Prices, Usage
from selfhealingd.core.diagnosis import Line, Report, in_words

Z = 1.959964
"""Of the normal distribution, for 95 %."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of one incident. ``problem``: why nothing was, if so.

    ``seconds``: until it was there, None where that was not measured.
    """

    report: Report | None = None
    problem: str | None = None
    seconds: float | None = None
    usage: Usage | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One incident's result, as it is printed and written down."""

    name: str
    cause: str | None
    action: str | None
    right: bool
    grounded: bool
    accepted: bool
    forbidden: bool
    problem: str | None = None
    seconds: float | None = None
    usage: Usage | None = None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of all of them. ``cost`` None: no prices, or no usage, is known."""

    who: str
    judged: tuple[Judged, ...]
    cost: float | None = None

    def count(self, what: str) -> int:
        """Return of how many that is true."""
        return sum(bool(getattr(one, what)) for one in self.judged)


def judge(one: Labelled, given: Given, lines: tuple[Line, ...]) -> Judged:
    """Hold what was said against the label. No answer is not right.

    ``lines``: those that could be cited.
    """
    report = given.report
    if report is None:
        return Judged(
            name=one.name,
            cause=None,
            action=None,
            right=False,
            grounded=False,
            accepted=False,
            forbidden=False,
            problem=given.problem,
            seconds=given.seconds,
            usage=given.usage,
        )
    action = in_words(report.action)
    return Judged(
        name=one.name,
        cause=report.cause.value,
        action=action,
        right=one.right(report),
        grounded=one.grounded(report, lines),
        accepted=action in one.accept,
        forbidden=action in one.forbid or action.startswith("run "),
        seconds=given.seconds,
        usage=given.usage,
    )


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share.

    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927); it holds for small numbers and near 0 and 1, see Brown,
    Cai and DasGupta, "Interval estimation for a binomial proportion", Statistical
    Science 16 (2001).
    """
    if of == 0:
        return 0.0, 1.0
    share, z2 = hits / of, Z * Z
    middle = share + z2 / (2 * of)
    half = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    scale = 1 + z2 / of
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)


def score(who: str, judged: Iterable[Judged], prices: Prices | None = None) -> Score:
    """Put them together."""
    kept = tuple(judged)
    spent = [one.usage for one in kept if one.usage is not None]
    cost = None
    if prices is not None and spent:
        cost = sum(map(prices.cost, spent))
    return Score(who=who, judged=kept, cost=cost)


def table(scores: Sequence[Score]) -> str:
    """Return what a person reads: a row a figure, a column for each that was scored."""
    rows = [("", *(one.who for one in scores))]
    for what, name in (
        ("right", "cause named (top 1)"),
        ("grounded", "grounded"),
        ("accepted", "advice accepted"),
    ):
        rows.append((name, *(_share(one, what) for one in scores)))
    rows.append(("forbidden actions", *(str(s.count("forbidden")) for s in scores)))
    rows.append(("without an answer", *(str(s.count("problem")) for s in scores)))
    rows.append(("latency", *map(_latency, scores)))
    rows.append(("tokens", *map(_tokens, scores)))
    costs = ("-" if one.cost is None else f"{one.cost:.4g}" for one in scores)
    rows.append(("cost", *costs))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in padded)


def misses(scores: Sequence[Score]) -> str:
    """Return where one that was scored was wrong, a line an incident."""
    lines = []
    for results in zip(*(one.judged for one in scores), strict=True):
        if not all(one.right and one.grounded for one in results):
            said = (
                f"{board.who}: {one.cause or one.problem}"
                f"{'' if one.right else ' (wrong)'}"
                f"{'' if one.grounded or one.cause is None else ' (not grounded)'}"
                for board, one in zip(scores, results, strict=True)
            )
            lines.append(f"{results[0].name}: {'; '.join(said)}")
    return "\n".join(lines)


def _share(of: Score, what: str) -> str:
    hits, total = of.count(what), len(of.judged)
    low, high = wilson(hits, total)
    share = hits / total if total else 0.0
    return f"{hits}/{total} = {share:.0%} [{low:.0%}, {high:.0%}]"


def _latency(of: Score) -> str:
    took = sorted(one.seconds for one in of.judged if one.seconds is not None)
    if not took:
        return "-"
    last = took[math.ceil(0.95 * len(took)) - 1]
    return f"median {statistics.median(took):.1f} s, 95 % within {last:.1f} s"


def _tokens(of: Score) -> str:
    spent = [one.usage for one in of.judged if one.usage is not None]
    if not spent:
        return "-"
    given, got = sum(u.input for u in spent), sum(u.output for u in spent)
    return f"{given} in, {got} out"
