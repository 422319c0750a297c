"""How many calls and tokens are left, and what they cost.

Taken before a call, given back after it. Wall time, as it has to hold over restarts of
the daemon and of the host. What was reserved for a call whose end nobody saw stays
spent.
"""

from datetime import UTC, datetime

import msgspec

HOUR, DAY = 3600.0, 86400.0

CALLS_AN_HOUR = 6
TOKENS_A_DAY = 200_000

BYTES_A_TOKEN = 2
"""Fewer than any text has, so that what is reserved is rather too much."""

MONTHS_KEPT = 12


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one call: those that were sent, and those of the answer."""

    input: int = 0
    output: int = 0

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.input + self.output


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """What a million tokens cost, in the operator's currency."""

    input: float
    output: float

    def cost(self, usage: Usage) -> float:
        """Return what these tokens cost."""
        cost = usage.input * self.input + usage.output * self.output
        return round(cost / 1e6, 6)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls an hour, and tokens a day; ``cost`` a day, None for any."""

    calls: int = CALLS_AN_HOUR
    tokens: int = TOKENS_A_DAY
    cost: float | None = None


class Spent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call: when, and how many tokens it took, or may take, at what cost."""

    at: float
    tokens: int
    cost: float = 0.0


class Budget(msgspec.Struct, frozen=True, omit_defaults=True):
    """The calls of the last day, oldest first; ``costs`` by month, as 2026-11 (UTC)."""

    spent: tuple[Spent, ...] = ()
    costs: dict[str, float] = {}


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What is left now, never less than none, and what was spent."""

    calls: int
    tokens: int
    cost_today: float
    cost_this_month: float


class OverBudget(Exception):
    """There is not enough left; says of what, and when there is again."""


def estimate(body: bytes, max_tokens: int) -> Usage:
    """At most so many tokens a request may take, with its answer."""
    return Usage(input=len(body) // BYTES_A_TOKEN, output=max_tokens)


def reserve(
    budget: Budget, limits: Limits, *, tokens: int, now: float, cost: float = 0.0
) -> Budget:
    """Take one call, so many tokens and their cost. Raises OverBudget.

    A clock that went back frees nothing: what is of the future counts.
    """
    kept = tuple(one for one in budget.spent if one.at > now - DAY)
    calls, used = _in_hour(kept, now), sum(one.tokens for one in kept)
    if calls >= limits.calls:
        raise OverBudget(f"{calls} of {limits.calls} calls of this hour are made")
    if used + tokens > limits.tokens:
        words = f"{used} of {limits.tokens} tokens of this day are used"
        raise OverBudget(f"{words}, and a call may take {tokens}")
    paid = _cost(kept)
    if limits.cost is not None and paid + cost > limits.cost:
        words = f"{paid:.4g} of {limits.cost:g} for this day is spent"
        raise OverBudget(f"{words}, and a call may cost {cost:.4g}")
    costs = _added(budget.costs, _month(now), cost)
    return Budget((*kept, Spent(now, tokens, cost)), costs)


def settle(
    budget: Budget, reserved: Spent, *, tokens: int, cost: float = 0.0
) -> Budget:
    """Put what a call really took in the place of what was reserved for it."""
    found = list(budget.spent)
    if reserved not in found:
        return budget
    found[found.index(reserved)] = Spent(reserved.at, tokens, cost)
    more = cost - reserved.cost
    return Budget(tuple(found), _added(budget.costs, _month(reserved.at), more))


def left(budget: Budget, limits: Limits, now: float) -> Left:
    """Return what is left, and what calls have cost. Today: in the last 24 hours."""
    kept = tuple(one for one in budget.spent if one.at > now - DAY)
    calls = limits.calls - _in_hour(kept, now)
    tokens = limits.tokens - sum(one.tokens for one in kept)
    return Left(
        calls=max(calls, 0),
        tokens=max(tokens, 0),
        cost_today=_cost(kept),
        cost_this_month=budget.costs.get(_month(now), 0.0),
    )


def _in_hour(spent: tuple[Spent, ...], now: float) -> int:
    return sum(one.at > now - HOUR for one in spent)


def _cost(spent: tuple[Spent, ...]) -> float:
    return round(sum(one.cost for one in spent), 6)


def _added(costs: dict[str, float], month: str, cost: float) -> dict[str, float]:
    """Return the months with so much more, those of the last year."""
    if not cost:
        return costs
    more = {**costs, month: round(max(costs.get(month, 0.0) + cost, 0.0), 6)}
    return {name: more[name] for name in sorted(more)[-MONTHS_KEPT:]}


def _month(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")
