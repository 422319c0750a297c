"""How services are healed: ``[healing]``, and what one program says otherwise."""

from typing import TypeVar

from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import HealingTable, ServiceHealingTable
from selfhealingd.core.policy import BreakerPolicy, Healing

T = TypeVar("T")


def merge_healing(base: Healing, table: ServiceHealingTable, spot: Spot) -> Healing:
    """Return ``base`` with what ``table`` sets; notes what cannot be true together."""
    first = _or(table.backoff_initial, base.backoff_initial)
    longest = _or(table.backoff_max, base.backoff_max)
    if longest < first and not _silent(table.backoff_initial, table.backoff_max):
        written = "backoff_initial" if table.backoff_max is None else "backoff_max"
        spot.at(written).wrong(
            f"backoff_max ({longest:g} s) is shorter than backoff_initial ({first:g} s)"
        )
    opens = _or(table.open_after, base.breaker.open_after)
    permanent = _or(table.permanent_after, base.breaker.permanent_after)
    if permanent < opens and not _silent(table.open_after, table.permanent_after):
        written = "open_after" if table.permanent_after is None else "permanent_after"
        spot.at(written).wrong(
            f"permanent_after ({permanent}) is less than open_after ({opens})",
            "a breaker opens for a while before it opens for good",
        )
    return Healing(
        backoff_initial=first,
        backoff_max=longest,
        verify_secs=_or(table.verify_secs, base.verify_secs),
        breaker=BreakerPolicy(
            open_after=opens,
            open_secs=_or(table.open_secs, base.breaker.open_secs),
            permanent_after=permanent,
        ),
        ladder=_or(table.ladder, base.ladder),
        preventive=_or(table.preventive, base.preventive),
        quiet=_or(table.quiet, base.quiet),
    )


def main_breaker(table: HealingTable, base: BreakerPolicy) -> BreakerPolicy:
    """Return the engine's own breaker: as the services', but for ``dormant_after``."""
    return BreakerPolicy(
        # An engine that goes dormant early does so without having opened before.
        open_after=min(base.open_after, table.dormant_after),
        open_secs=base.open_secs,
        permanent_after=table.dormant_after,
    )


def _silent(*written: object) -> bool:
    """Whether a table says nothing of this, so that no mistake is its own."""
    return all(value is None for value in written)


def _or(written: T | None, default: T) -> T:
    return default if written is None else written
