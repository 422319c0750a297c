"""The state that decisions are made on: every service, and the engine itself."""

import msgspec

from selfhealingd.core.backoff import spread
from selfhealingd.core.breaker import Breaker
from selfhealingd.core.exits import Exit
from selfhealingd.core.incident import Attempt, Incident
from selfhealingd.core.life import Life, alive
from selfhealingd.core.policy import Flags, Kind
from selfhealingd.core.proposal import Proposal
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.undertaking import Undertaking


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One supervised service.

    ``wanted``: the operator wants it up. ``run``: number of its latest run; an event
    of an earlier one is stale. ``started``: start time of that run's process in
    clock ticks, with which a later daemon knows it from one that reuses its pid.
    ``called``: a start was asked for since then, so it waits for no connection.
    ``incident``: the latest, open or ended. ``failed_starts``: in a row. ``symptoms``:
    what is seen to be wrong with the latest run; ``cleared``: when the last of them
    went away. ``proposal``: what a model proposes for its open incident. ``misled``:
    how many remedies of a model in a row did not help. ``healings``: when an incident
    was healed, in the last minutes (``flapping``).
    """

    name: str
    life: Life
    wanted: bool
    kind: Kind = Kind.PROGRAM
    run: int = 0
    started: int | None = None
    called: bool = False
    exit: Exit | None = None
    failed_starts: int = 0
    breaker: Breaker = Breaker()
    incident: Incident | None = None
    symptoms: tuple[Symptom, ...] = ()
    cleared: float | None = None
    proposal: Proposal | None = None
    misled: int = 0
    healings: tuple[float, ...] = ()

    @property
    def open_incident(self) -> Incident | None:
        """The incident that waits for an end."""
        return self.incident if self.incident and self.incident.open else None

    @property
    def leading(self) -> Symptom | None:
        """What is worst of that which is wrong with it."""
        return min(
            self.symptoms, key=lambda one: (not one.failing, one.quiet), default=None
        )

    @property
    def attempt(self) -> Attempt | None:
        """The remedy that is under way."""
        return self.incident.attempt if self.incident else None


class Counters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Healings since the state file began; ``proposals``: of a model, as numbered."""

    attempts: int = 0
    healed: int = 0
    failed: int = 0
    incidents: int = 0
    proposals: int = 0


class Host(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All services and the engine.

    ``remedies``: when the last hour's began. ``seed``: what jitter is drawn from.
    ``ended_by``: the essential program whose end made the daemon shut down.
    ``undertakings``: what is gone about, a few programs at a time; ``unfinished``: what
    an earlier daemon left of such.
    """

    services: dict[str, Service] = {}
    main: Breaker = Breaker()
    counters: Counters = Counters()
    remedies: tuple[float, ...] = ()
    flags: Flags = Flags()
    shutting_down: bool = False
    ended_by: str | None = None
    seed: str = ""
    undertakings: tuple[Undertaking, ...] = ()
    unfinished: tuple[Undertaking, ...] = ()

    @property
    def dormant(self) -> bool:
        """Whether the engine has stopped until a person resumes it."""
        return self.main.permanent

    def jitter(self, *parts: object) -> float:
        """Share in [0, 0.1) for the thing that ``parts`` name."""
        return spread(self.seed, *parts)


def living(host: Host) -> list[Service]:
    """Return the programs that have a process; watches are nobody's to stop."""
    services = host.services.values()
    return [s for s in services if alive(s.life) and s.kind is Kind.PROGRAM]
