"""What came of services and of the engine, counted as decisions are made."""

from collections.abc import Iterable, Mapping

import msgspec

from selfhealingd.core.breaker import SELF_HEALING_MAIN, service_of
from selfhealingd.core.effects import (
    AttemptBegan,
    AttemptEnded,
    BreakerChanged,
    Effect,
    IncidentEnded,
    IncidentOpened,
    Spawn,
    Transition,
)
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Ending, Result
from selfhealingd.core.life import Exited, Held, Running
from selfhealingd.wire.replay import EngineDocument, TallyDocument

_FAILED = {Result.RELAPSED, Result.NO_EFFECT}


class _Tally(msgspec.Struct):
    """One service, while it is counted. ``since``: when it went down, if it is."""

    starts: int = 0
    attempts: int = 0
    healings: int = 0
    failed: int = 0
    incidents: int = 0
    healed: int = 0
    given_up: int = 0
    opened: int = 0
    permanent: int = 0
    down: float = 0.0
    since: float | None = None


class Account:
    """Counts over any number of lives of a daemon, each from ``begin`` to ``end``."""

    def __init__(self) -> None:
        self._services: dict[str, _Tally] = {}
        self._opened = 0
        self._dormant = 0
        self._dormant_secs = 0.0
        self._asleep: float | None = None

    def begin(self, host: Host, *, at: float) -> None:
        """Count from here on; times of earlier lives are on another clock."""
        for tally in self._services.values():
            tally.since = None
        for s in host.services.values():
            self._of(s.name).since = at if _down(s) else None
        self._asleep = at if host.dormant else None

    def take(self, host: Host, effects: Iterable[Effect], *, at: float) -> None:
        """Count what one decision led to; ``host`` is as it is after it."""
        for effect in effects:
            match effect:
                case Spawn(service=name, look=False):
                    self._of(name).starts += 1
                case Transition(service=name):
                    self._move(name, host.services.get(name), at)
                case AttemptBegan(service=name):
                    self._of(name).attempts += 1
                case AttemptEnded(service=name, attempt=attempt):
                    tally = self._of(name)
                    tally.healings += attempt.result is Result.HEALED
                    tally.failed += attempt.result in _FAILED
                case IncidentOpened(incident=incident):
                    self._of(incident.service).incidents += 1
                case IncidentEnded(incident=incident):
                    tally = self._of(incident.service)
                    tally.healed += incident.ending is Ending.HEALED
                    tally.given_up += incident.ending is Ending.GIVEN_UP
                case BreakerChanged():
                    self._breaker(effect, at)
                case _:
                    pass

    def end(self, *, at: float) -> None:
        """Close what is still counted."""
        for tally in self._services.values():
            if tally.since is not None:
                tally.down += at - tally.since
                tally.since = None
        self._wake(at)

    @property
    def services(self) -> Mapping[str, TallyDocument]:
        """Each service of which there was anything."""
        return {name: _document([one]) for name, one in self._services.items()}

    @property
    def total(self) -> TallyDocument:
        """All services together."""
        return _document(self._services.values())

    @property
    def engine(self) -> EngineDocument:
        """What came of the engine."""
        return EngineDocument(
            opened=self._opened,
            dormant=self._dormant,
            dormant_secs=round(self._dormant_secs, 3),
        )

    def _of(self, name: str) -> _Tally:
        return self._services.setdefault(name, _Tally())

    def _move(self, name: str, s: Service | None, at: float) -> None:
        tally = self._of(name)
        down = s is not None and _down(s)
        if down and tally.since is None:
            tally.since = at
        elif not down and tally.since is not None:
            tally.down += at - tally.since
            tally.since = None

    def _breaker(self, told: BreakerChanged, at: float) -> None:
        opened, permanent = told.after == "OPEN", told.after == "PERMANENT_OPEN"
        if told.breaker == SELF_HEALING_MAIN:
            self._opened += opened
            if permanent:
                self._dormant += 1
                self._asleep = at
            else:
                self._wake(at)
        elif (name := service_of(told.breaker)) is not None:
            self._of(name).opened += opened
            self._of(name).permanent += permanent

    def _wake(self, at: float) -> None:
        if self._asleep is not None:
            self._dormant_secs += at - self._asleep
            self._asleep = None


def _down(s: Service) -> bool:
    """Whether it should be up, and isn't; what is finished needn't."""
    match s.life:
        case Running() | Exited(held=Held.FINISHED):
            return False
        case _:
            return s.wanted


def _document(tallies: Iterable[_Tally]) -> TallyDocument:
    all_of_them = list(tallies)
    fields = TallyDocument.__struct_fields__
    sums = {name: sum(getattr(one, name) for one in all_of_them) for name in fields}
    return TallyDocument(**{**sums, "down": round(sums["down"], 3)})
