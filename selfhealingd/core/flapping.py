"""Whether a service keeps failing, though it is healed each time.

Each healing sets its count of failures to zero, so no breaker ever opens for that: who
crashes a while after each start would be RUNNING and well whenever somebody looks.
"""

from msgspec.structs import replace

from selfhealingd.core.host import Service

WINDOW_SECS = 600.0
"""For how long a healing is remembered."""

ENOUGH = 3
"""Healings in that time from which it is no mishap any more."""

MOST = 60
"""Healings that are remembered; as many as there may be in an hour by default."""


def healed(s: Service, now: float) -> Service:
    """Remember that an incident of it has been healed."""
    return replace(s, healings=(*_lately(s, now), now)[-MOST:])


def count(s: Service, now: float) -> int:
    """Return how many of its incidents were healed lately."""
    return len(_lately(s, now))


def since(s: Service, now: float) -> float | None:
    """Return since when it keeps failing; None: it doesn't.

    What is given up for good, or isn't wanted up, fails no more.
    """
    lately = _lately(s, now)
    if len(lately) < ENOUGH or s.breaker.permanent or not s.wanted:
        return None
    return lately[0]


def how_often(s: Service, now: float) -> str | None:
    """Say how often it failed; None: it doesn't keep failing."""
    if since(s, now) is None:
        return None
    number = count(s, now)
    more = " or more" if number == MOST else ""
    return (
        f"keeps failing: {number}{more} incidents in the last 10 minutes, each healed"
    )


def in_words(s: Service, now: float) -> str | None:
    """Say how often it failed, and how it did the last time; None: it doesn't."""
    failing = how_often(s, now)
    if failing is None or s.incident is None:
        return failing
    return f"{failing} (the latest: {s.incident.detail})"


def _lately(s: Service, now: float) -> tuple[float, ...]:
    return tuple(at for at in s.healings if at + WINDOW_SECS > now)
