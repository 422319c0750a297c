"""How many calls and tokens are left: taken before a call, given back after it.

Wall time, as it has to hold over restarts of the daemon and of the host. What was
reserved for a call whose end nobody saw stays spent.
"""

import msgspec

HOUR, DAY = 3600.0, 86400.0

CALLS_AN_HOUR = 6
TOKENS_A_DAY = 200_000

BYTES_A_TOKEN = 2
"""Fewer than any text has, so that what is reserved is rather too much."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls an hour, and tokens a day."""

    calls: int = CALLS_AN_HOUR
    tokens: int = TOKENS_A_DAY


class Spent(msgspec.Struct, frozen=True):
    """One call: when, and how many tokens it took, or may take."""

    at: float
    tokens: int


class Budget(msgspec.Struct, frozen=True):
    """The calls of the last day, oldest first."""

    spent: tuple[Spent, ...] = ()


class OverBudget(Exception):
    """There is not enough left; says of what, and when there is again."""


def estimate(body: bytes, max_tokens: int) -> int:
    """At most so many tokens a request may take, with its answer."""
    return len(body) // BYTES_A_TOKEN + max_tokens


def reserve(budget: Budget, limits: Limits, *, tokens: int, now: float) -> Budget:
    """Take one call and so many tokens. Raises OverBudget.

    A clock that went back frees nothing: what is of the future counts.
    """
    kept = tuple(one for one in budget.spent if one.at > now - DAY)
    calls, used = _in_hour(kept, now), sum(one.tokens for one in kept)
    if calls >= limits.calls:
        raise OverBudget(f"{calls} of {limits.calls} calls of this hour are made")
    if used + tokens > limits.tokens:
        words = f"{used} of {limits.tokens} tokens of this day are used"
        raise OverBudget(f"{words}, and a call may take {tokens}")
    return Budget((*kept, Spent(now, tokens)))


def settle(budget: Budget, reserved: Spent, tokens: int) -> Budget:
    """Put what a call really took in the place of what was reserved for it."""
    found = list(budget.spent)
    if reserved in found:
        found[found.index(reserved)] = Spent(reserved.at, tokens)
    return Budget(tuple(found))


def left(budget: Budget, limits: Limits, now: float) -> tuple[int, int]:
    """Return how many calls, and tokens, are left now; never less than none."""
    kept = tuple(one for one in budget.spent if one.at > now - DAY)
    calls = limits.calls - _in_hour(kept, now)
    return max(calls, 0), max(limits.tokens - sum(one.tokens for one in kept), 0)


def _in_hour(spent: tuple[Spent, ...], now: float) -> int:
    return sum(one.at > now - HOUR for one in spent)
