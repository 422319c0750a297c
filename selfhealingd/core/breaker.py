"""The circuit breaker: one state machine for services, the engine and endpoints.

    CLOSED --open_after failures in a row--> OPEN --open_secs--> HALF_OPEN
    HALF_OPEN --success--> CLOSED        HALF_OPEN --failure--> OPEN
    any of them --permanent_after failures in a row--> PERMANENT_OPEN

Nothing in here leaves PERMANENT_OPEN but ``reset`` with force, which is a person's.

A try is made under a ticket, the generation in which it was admitted. Each change of
state begins a generation, so the result of a try that outlived its state is
recognised as stale and changes nothing. The one try of HALF_OPEN holds a lease: when
the lease runs out, that counts as a failure; a try that was interrupted gives it back.
"""

from enum import Enum
from typing import TypeAlias, assert_never

import msgspec

from selfhealingd.core.policy import BreakerPolicy, Kind

SELF_HEALING_MAIN = "self-healing-main"
"""The engine's own breaker. Dormant is the same fact as its PERMANENT_OPEN."""

PERMANENT_REASON = "Exceeded permanent failure threshold"


def breaker_name(service: str, kind: Kind = Kind.PROGRAM) -> str:
    """Name of a service's breaker, as operators type it."""
    return f"{kind.value}:{service}"


def service_of(breaker: str) -> str | None:
    """Name of the service that a breaker guards; None for the engine's own."""
    kind, found, name = breaker.partition(":")
    return name if found and kind in {one.value for one in Kind} else None


class Outcome(Enum):
    """How a try ended; NEUTRAL when something else got in its way."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


class By(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who asked, as the kernel told us.

    ``via``: in words, where they came by another way than the control socket, and
    ``uid`` and ``pid`` are of who let them in.
    """

    uid: int
    pid: int
    via: str | None = None

    def __str__(self) -> str:
        return self.via or f"uid {self.uid}, pid {self.pid}"


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why and when a breaker came to its state; ``by`` where a person did it."""

    at: float
    reason: str
    by: By | None = None


class Closed(msgspec.Struct, frozen=True, tag="CLOSED"):
    """Normal."""

    failures: int = 0


class Open(msgspec.Struct, frozen=True, tag="OPEN"):
    """Blocked until ``until``."""

    failures: int
    until: float


class HalfOpen(msgspec.Struct, frozen=True, tag="HALF_OPEN"):
    """One try is under way and must end before ``deadline``."""

    failures: int
    deadline: float


class PermanentlyOpen(msgspec.Struct, frozen=True, tag="PERMANENT_OPEN"):
    """Blocked for good."""

    failures: int
    reason: str = PERMANENT_REASON


BreakerState: TypeAlias = Closed | Open | HalfOpen | PermanentlyOpen


class Breaker(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One breaker. ``generation`` grows with every change of state."""

    state: BreakerState = Closed()
    generation: int = 0
    change: Change | None = None

    @property
    def failures(self) -> int:
        """Failed tries in a row."""
        return self.state.failures

    @property
    def permanent(self) -> bool:
        """Whether only a person can close it."""
        return isinstance(self.state, PermanentlyOpen)

    @property
    def label(self) -> str:
        """The state's name as operators know it."""
        return str(self.state.__struct_config__.tag)

    def blocked_until(self, now: float) -> float | None:
        """When the next try may be made; None when never by itself.

        While HALF_OPEN that is the lease's end: earlier only if its try ends.
        """
        match self.state:
            case Closed():
                return now
            case Open(until=until):
                return max(until, now)
            case HalfOpen(deadline=deadline):
                return max(deadline, now)
            case PermanentlyOpen():
                return None
            case _:
                assert_never(self.state)


def admit(breaker: Breaker, *, now: float, lease: float) -> tuple[Breaker, int] | None:
    """Let a try begin, or not (None).

    Returns the breaker and the try's ticket. ``lease``: seconds within which the try
    must end if it is the one of HALF_OPEN.
    """
    match breaker.state:
        case Closed():
            return breaker, breaker.generation
        case Open(failures=failures, until=until) if now >= until:
            reason = "its time is over, one try is let through"
            after = _enter(breaker, HalfOpen(failures, now + lease), now, reason)
            return after, after.generation
        case Open() | HalfOpen() | PermanentlyOpen():
            return None
        case _:
            assert_never(breaker.state)


def record(
    policy: BreakerPolicy,
    breaker: Breaker,
    *,
    ticket: int,
    outcome: Outcome,
    now: float,
    spread: float = 0.0,
) -> Breaker:
    """Take in how a try ended. ``spread``: share (0 to 0.1) added to OPEN's time."""
    stale = ticket != breaker.generation
    if stale or isinstance(breaker.state, Open | PermanentlyOpen):
        return breaker
    match outcome:
        case Outcome.SUCCESS:
            return _succeed(breaker, now, "a healing was verified")
        case Outcome.FAILURE:
            return _fail(policy, breaker, now, spread)
        case Outcome.NEUTRAL:
            return _give_back(breaker, now)
        case _:
            assert_never(outcome)


def expire(
    policy: BreakerPolicy, breaker: Breaker, *, now: float, spread: float = 0.0
) -> Breaker:
    """Count a lease that ran out as a failure; otherwise change nothing."""
    match breaker.state:
        case HalfOpen(deadline=deadline) if now >= deadline:
            return _fail(policy, breaker, now, spread)
        case _:
            return breaker


def extend(breaker: Breaker, *, ticket: int, deadline: float) -> Breaker:
    """Let a try of HALF_OPEN take until then, if it was going to end earlier."""
    match breaker.state:
        case HalfOpen(deadline=before) if ticket == breaker.generation:
            later = HalfOpen(breaker.failures, max(before, deadline))
            return msgspec.structs.replace(breaker, state=later)
        case _:
            return breaker


def recover(breaker: Breaker, *, now: float) -> Breaker:
    """Close it because what it guards was seen well without a try of ours.

    A breaker that is open for good stays so.
    """
    if breaker.permanent or breaker.failures == 0:
        return breaker
    return _succeed(breaker, now, "seen well for the time of a verification")


def open_for_good(breaker: Breaker, *, reason: str, now: float) -> Breaker:
    """Block it for good, for a reason other than its own count."""
    return _enter(breaker, PermanentlyOpen(breaker.failures, reason), now, reason)


def reset(
    breaker: Breaker, *, force: bool, reason: str, by: By | None, now: float
) -> Breaker | None:
    """Close it by a person's word; None when that word needs force."""
    if breaker.permanent and not force:
        return None
    return _enter(breaker, Closed(), now, reason, by)


def restore(
    policy: BreakerPolicy, breaker: Breaker, *, now: float, spread: float = 0.0
) -> Breaker:
    """Bring a breaker back after a restart of the daemon.

    A HALF_OPEN one is OPEN for a full time, so that a daemon that crashes over and
    over can't try freely; an OPEN one never waits longer than a full time, whatever
    the clocks did meanwhile.
    """
    full = now + policy.open_secs * (1 + spread)
    match breaker.state:
        case HalfOpen(failures=failures):
            reason = "the daemon ended during its one try"
            return _enter(breaker, Open(failures, full), now, reason)
        case Open(failures=failures, until=until) if until > full:
            return msgspec.structs.replace(breaker, state=Open(failures, full))
        case _:
            return breaker


def _succeed(breaker: Breaker, now: float, reason: str) -> Breaker:
    if isinstance(breaker.state, Closed):
        # The same generation, so that other tries under way still count.
        return msgspec.structs.replace(breaker, state=Closed())
    return _enter(breaker, Closed(), now, reason)


def _give_back(breaker: Breaker, now: float) -> Breaker:
    if not isinstance(breaker.state, HalfOpen):
        return breaker
    reason = "its one try was interrupted; the next may begin"
    return _enter(breaker, Open(breaker.failures, now), now, reason)


def _fail(
    policy: BreakerPolicy, breaker: Breaker, now: float, spread: float
) -> Breaker:
    failures = breaker.failures + 1
    if failures >= policy.permanent_after:
        return _enter(breaker, PermanentlyOpen(failures), now, PERMANENT_REASON)
    if failures >= policy.open_after or isinstance(breaker.state, HalfOpen):
        until = now + policy.open_secs * (1 + spread)
        reason = f"{failures} failed healings in a row"
        return _enter(breaker, Open(failures, until), now, reason)
    return msgspec.structs.replace(breaker, state=Closed(failures))


def _enter(
    breaker: Breaker,
    state: BreakerState,
    now: float,
    reason: str,
    by: By | None = None,
) -> Breaker:
    return Breaker(
        state=state,
        generation=breaker.generation + 1,
        change=Change(at=now, reason=reason, by=by),
    )
