"""What went wrong with one service, what was tried, and how it ended."""

from enum import Enum

import msgspec

MAX_ATTEMPTS = 20
"""Attempts that an incident remembers; its count of failures is the breaker's."""


class Cause(Enum):
    """What opened the incident."""

    EXIT = "exit"
    FAILED_START = "failed start"
    PROBE = "probe"
    HEARTBEAT = "missed heartbeat"
    RULE = "rule"
    PREDICTION = "prediction"


class Ending(Enum):
    """How an incident ended."""

    HEALED = "healed"
    GIVEN_UP = "given up"
    OPERATOR = "operator"


class Result(Enum):
    """How one attempt ended; the last one counts neither way."""

    HEALED = "healed"
    RELAPSED = "relapsed"
    NO_EFFECT = "no effect"
    INTERRUPTED = "interrupted"


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One remedy carried out.

    ``ticket`` and ``main_ticket`` are the generations in which the service's and the
    engine's breaker let it begin. ``deadline``: when it counts as failed if it hasn't
    ended. ``result`` is None while it is under way.
    """

    number: int
    remedy: str
    began: float
    deadline: float
    ticket: int
    main_ticket: int
    ended: float | None = None
    result: Result | None = None
    detail: str | None = None


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service, one cause; ``ending`` is None while it is open."""

    id: str
    service: str
    cause: Cause
    detail: str
    opened: float
    ended: float | None = None
    ending: Ending | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it still waits for an end."""
        return self.ending is None

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that is under way."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.result is None else None


def begin(incident: Incident, attempt: Attempt) -> Incident:
    """Add an attempt."""
    kept = (*incident.attempts, attempt)[-MAX_ATTEMPTS:]
    return msgspec.structs.replace(incident, attempts=kept)


def extend(incident: Incident, *, deadline: float) -> Incident:
    """Let the attempt that is under way take until then."""
    last = msgspec.structs.replace(incident.attempts[-1], deadline=deadline)
    return msgspec.structs.replace(incident, attempts=(*incident.attempts[:-1], last))


def conclude(
    incident: Incident, *, result: Result, detail: str | None, now: float
) -> Incident:
    """End the attempt that is under way."""
    last = msgspec.structs.replace(
        incident.attempts[-1], result=result, detail=detail, ended=now
    )
    return msgspec.structs.replace(incident, attempts=(*incident.attempts[:-1], last))


def close(incident: Incident, *, ending: Ending, now: float) -> Incident:
    """End the incident."""
    return msgspec.structs.replace(incident, ending=ending, ended=now)
