"""The endpoint of a model: its breaker, and the calls to it that brought no report.

All of it outlives the daemon.
"""

import sys

import msgspec

from selfhealingd.core import breaker as breakers
from selfhealingd.core.breaker import Breaker, By, Outcome
from selfhealingd.core.policy import BreakerPolicy
from selfhealingd.wire.diagnosis import InVainDocument

BREAKER = "llm"
POLICY = BreakerPolicy(open_after=3, open_secs=60.0, permanent_after=sys.maxsize)
"""An endpoint that is ill blocks calls for a while, and never for good."""

MOST_IN_VAIN = 20
"""Incidents, of the last ones: they are written with the state, again and again."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands. ``in_vain``: of each incident the last call, the latest last."""

    breaker: Breaker = Breaker()
    in_vain: tuple[InVainDocument, ...] = ()


def brought_back(endpoint: Endpoint, now: float) -> Endpoint:
    """Return it as it goes on after a restart of the daemon."""
    after = breakers.restore(POLICY, endpoint.breaker, now=now)
    return msgspec.structs.replace(endpoint, breaker=after)


def admit(
    endpoint: Endpoint, *, now: float, lease: float
) -> tuple[Endpoint, int] | None:
    """Let a call be made, under the ticket that is returned; None: not now."""
    admitted = breakers.admit(endpoint.breaker, now=now, lease=lease)
    if admitted is None:
        return None
    return msgspec.structs.replace(endpoint, breaker=admitted[0]), admitted[1]


def record(
    endpoint: Endpoint, *, ticket: int, outcome: Outcome, now: float
) -> Endpoint:
    """Take in how a call ended."""
    before = endpoint.breaker
    after = breakers.record(POLICY, before, ticket=ticket, outcome=outcome, now=now)
    if after.change is not None and after.generation != before.generation:
        reason = f"the endpoint failed {after.failures} times in a row"
        if after.failures == 0:
            reason = "the endpoint answered"
        change = msgspec.structs.replace(after.change, reason=reason)
        after = msgspec.structs.replace(after, change=change)
    return msgspec.structs.replace(endpoint, breaker=after)


def closed(endpoint: Endpoint, *, reason: str, by: By, now: float) -> Endpoint:
    """Let calls be made again, by a person's word."""
    before = endpoint.breaker
    after = breakers.reset(before, force=True, reason=reason, by=by, now=now)
    return msgspec.structs.replace(endpoint, breaker=after or before)


def reported(endpoint: Endpoint, incident: str) -> Endpoint:
    """Forget that an incident was asked about in vain, as there is a report now."""
    others = (one for one in endpoint.in_vain if one.incident != incident)
    return msgspec.structs.replace(endpoint, in_vain=tuple(others))


def asked_in_vain(endpoint: Endpoint, call: InVainDocument) -> Endpoint:
    """Keep why a call brought no report."""
    others = reported(endpoint, call.incident).in_vain
    kept = (*others, call)[-MOST_IN_VAIN:]
    return msgspec.structs.replace(endpoint, in_vain=kept)
