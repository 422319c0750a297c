"""What went wrong with one service, what was tried, and how it ended."""

from enum import Enum

import msgspec

from selfhealingd.core.life import Held, Why

MAX_ATTEMPTS = 20
"""Attempts that an incident remembers; its count of failures is the breaker's."""


class Cause(Enum):
    """What opened the incident."""

    EXIT = "exit"
    FAILED_START = "failed start"
    MISSING = "missing"
    PROBE = "probe"
    HEARTBEAT = "missed heartbeat"
    RULE = "rule"
    PREDICTION = "prediction"


class Ending(Enum):
    """How an incident ended: PASSED by itself, SUPERSEDED by one that is worse."""

    HEALED = "healed"
    PASSED = "passed"
    SUPERSEDED = "superseded"
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
    engine's breaker let it begin. ``run``: the run that it has to make well.
    ``deadline``: when it counts as failed if it hasn't ended. ``command``: a command of
    it is under way. ``advised``: a model proposed it. ``result`` is None while it is
    under way.
    """

    number: int
    remedy: str
    began: float
    deadline: float
    ticket: int
    main_ticket: int
    run: int = 0
    command: bool = False
    advised: bool = False
    ended: float | None = None
    result: Result | None = None
    detail: str | None = None


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the next remedy is not carried out yet: ``why`` it waits, or is ``held``.

    ``until`` is None where it waits for something other than time.
    """

    why: Why | None = None
    held: Held | None = None
    until: float | None = None


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service, one cause; ``ending`` is None while it is open.

    ``key`` is that of the symptom that opened it, None where the service went down.
    ``notice_secs``: how long the absence of symptoms says nothing. ``evidence_by``:
    until when remedies wait for the evidence; None: they don't. ``waiting``: what the
    next remedy of a service that is up waits for. ``advice``: what was told last of
    what a model advises.
    """

    id: str
    service: str
    cause: Cause
    detail: str
    opened: float
    key: str | None = None
    notice_secs: float = 0.0
    evidence_by: float | None = None
    waiting: Waiting | None = None
    advice: str | None = None
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

    @property
    def failed(self) -> int:
        """How many attempts did not help."""
        bad = {Result.RELAPSED, Result.NO_EFFECT}
        return sum(attempt.result in bad for attempt in self.attempts)


def begin(incident: Incident, attempt: Attempt) -> Incident:
    """Add an attempt."""
    kept = (*incident.attempts, attempt)[-MAX_ATTEMPTS:]
    return msgspec.structs.replace(incident, attempts=kept, waiting=None)


def amend(incident: Incident, attempt: Attempt) -> Incident:
    """Put another attempt in the place of the one that is under way."""
    kept = (*incident.attempts[:-1], attempt)
    return msgspec.structs.replace(incident, attempts=kept)


def extend(incident: Incident, *, deadline: float) -> Incident:
    """Let the attempt that is under way take until then."""
    last = msgspec.structs.replace(incident.attempts[-1], deadline=deadline)
    return amend(incident, last)


def conclude(
    incident: Incident, *, result: Result, detail: str | None, now: float
) -> Incident:
    """End the attempt that is under way."""
    last = msgspec.structs.replace(
        incident.attempts[-1], result=result, detail=detail, ended=now
    )
    return amend(incident, last)


def close(incident: Incident, *, ending: Ending, now: float) -> Incident:
    """End the incident."""
    return msgspec.structs.replace(
        incident, ending=ending, ended=now, evidence_by=None, waiting=None
    )
