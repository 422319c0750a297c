"""Which key is used next, and what each answer says about it.

    USABLE --401, 403--> FAILED          until an operator asks again with no other
    USABLE --402--> UNPAID               likewise: its account has no means
    USABLE --429--> COOLING              for its retry-after, then USABLE

5xx, 529, timeouts and connections that fail are the endpoint's: they blame no key.
"""

from enum import Enum
from typing import TypeAlias, assert_never

import msgspec

from selfhealingd.wire.documents import KeyManagement

COOL_SECS = 60.0
"""Where 429 does not say for how long."""

COOL_LEAST_SECS, COOL_MOST_SECS = 1.0, 3600.0

REFUSED, UNPAID, TOO_MANY = frozenset({401, 403}), 402, 429


class Usable(msgspec.Struct, frozen=True):
    """Nothing is known against it."""


class Failed(msgspec.Struct, frozen=True):
    """Refused with this status of HTTP."""

    status: int


class Cooling(msgspec.Struct, frozen=True):
    """Not to be used until then."""

    until: float


KeyState: TypeAlias = Usable | Failed | Cooling


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key by its fingerprint, and the name of where it is from."""

    fingerprint: str
    source: str
    state: KeyState = Usable()


KeyRing: TypeAlias = tuple[Key, ...]
"""In the order in which they are tried."""


class Blame(Enum):
    """Whom an answer speaks against."""

    NOBODY = "nobody"
    KEY = "key"
    ENDPOINT = "endpoint"
    CONFIG = "config"


def blame(status: int | None) -> Blame:
    """Say whose fault an answer is, by its status of HTTP; None: there was none."""
    match status:
        case None:
            return Blame.ENDPOINT
        case 401 | 402 | 403 | 429:
            return Blame.KEY
        case 400 | 404 | 413 | 422:
            return Blame.CONFIG
        case _ if status < 300:  # noqa: PLR2004 - success is 2xx
            return Blame.NOBODY
        case _:
            return Blame.ENDPOINT


def changes(before: KeyRing, after: KeyRing) -> tuple[str, ...]:
    """Say which keys went and which came, by where they are or were from."""
    old = {key.fingerprint for key in before}
    new = {key.fingerprint for key in after}
    return (
        *(f"key gone: {key.source}" for key in before if key.fingerprint not in new),
        *(f"key added: {key.source}" for key in after if key.fingerprint not in old),
    )


def renewed(ring: KeyRing, found: KeyRing) -> KeyRing:
    """Go on with other keys; those that were known are what they were.

    A reload, which may be for a flag, must not make a key look well that isn't.
    """
    known = {key.fingerprint: key.state for key in ring}
    return tuple(
        msgspec.structs.replace(key, state=known.get(key.fingerprint, key.state))
        for key in found
    )


def forgiven(ring: KeyRing, now: float) -> KeyRing:
    """Have keys tried again that had failed, if there is no other: a person asks."""
    if choose(ring, now) is not None:
        return ring
    return tuple(
        msgspec.structs.replace(key, state=Usable())
        if isinstance(key.state, Failed)
        else key
        for key in ring
    )


def choose(ring: KeyRing, now: float) -> Key | None:
    """Return the first that may be used now; None if there is none."""
    return next((key for key in ring if usable(key, now)), None)


def usable(key: Key, now: float) -> bool:
    """Whether it may be used now."""
    match key.state:
        case Usable():
            return True
        case Cooling(until=until):
            return now >= until
        case Failed():
            return False
        case _:
            assert_never(key.state)


def answered(
    ring: KeyRing,
    fingerprint: str,
    status: int,
    *,
    now: float,
    retry_after: float | None = None,
) -> KeyRing:
    """Take in what an endpoint said to a key. ``retry_after``: seconds, as it said."""
    state: KeyState
    match status:
        case 401 | 402 | 403:
            state = Failed(status)
        case 429:
            wanted = COOL_SECS if retry_after is None else retry_after
            state = Cooling(now + min(max(wanted, COOL_LEAST_SECS), COOL_MOST_SECS))
        case _ if blame(status) is Blame.NOBODY:
            state = Usable()
        case _:
            return ring
    return tuple(
        msgspec.structs.replace(key, state=state)
        if key.fingerprint == fingerprint
        else key
        for key in ring
    )


def seconds(retry_after: str | None) -> float | None:
    """Read a header ``retry-after``; None where it says no number of seconds.

    Of a date only that there is one is of use: the clocks may differ.
    """
    try:
        wanted = float(retry_after or "")
    except ValueError:
        return None
    return wanted if wanted == wanted and wanted >= 0 else None  # noqa: PLR0124 - NaN


def management(ring: KeyRing, now: float) -> KeyManagement:
    """Count them, for status."""
    failed = sum(isinstance(key.state, Failed) for key in ring)
    active = sum(usable(key, now) for key in ring)
    return KeyManagement(
        total_keys=len(ring),
        active_keys=active,
        failed_keys=failed,
        cooling_keys=len(ring) - failed - active,
    )


def in_words(key: Key, now: float) -> str:
    """Say how it is."""
    match key.state:
        case Failed(status=402):
            return "failed: its account has to be paid for (402)"
        case Failed(status=status):
            return f"failed: refused with {status}"
        case Cooling(until=until) if now < until:
            return f"cooling for {until - now:.0f} s: too many requests (429)"
        case _:
            return "usable"
