"""What came of services and of the engine, counted as decisions are made."""

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

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


class Account:
    """Counts over any number of lives of a daemon, each from ``begin`` to ``end``."""

    def __init__(self) -> None:
        self._tallies: dict[str, TallyDocument] = {}
        self._since: dict[str, float] = {}
        self._opened = 0
        self._dormant = 0
        self._dormant_secs = 0.0
        self._asleep: float | None = None

    def begin(self, host: Host, *, at: float) -> None:
        """Count from here on; times of earlier lives are on another clock."""
        self._since = {s.name: at for s in host.services.values() if _down(s)}
        for name in host.services:
            self._add(name)
        self._asleep = at if host.dormant else None

    def take(self, host: Host, effects: Iterable[Effect], *, at: float) -> None:
        """Count what one decision led to; ``host`` is as it is after it."""
        for effect in effects:
            match effect:
                case Spawn(service=name, look=False):
                    self._add(name, starts=1)
                case Transition(service=name):
                    self._move(name, host.services.get(name), at)
                case AttemptBegan(service=name):
                    self._add(name, attempts=1)
                case AttemptEnded(service=name, attempt=attempt):
                    healed = attempt.result is Result.HEALED
                    failed = attempt.result in _FAILED
                    self._add(name, healings=healed, failed=failed)
                case IncidentOpened(incident=incident):
                    self._add(incident.service, incidents=1)
                case IncidentEnded(incident=incident):
                    healed = incident.ending is Ending.HEALED
                    given_up = incident.ending is Ending.GIVEN_UP
                    self._add(incident.service, healed=healed, given_up=given_up)
                case BreakerChanged():
                    self._breaker(effect, at)
                case _:
                    pass

    def end(self, *, at: float) -> None:
        """Close what is still counted."""
        for name in [*self._since]:
            self._up(name, at)
        self._wake(at)

    @property
    def services(self) -> Mapping[str, TallyDocument]:
        """Each service of which there was anything."""
        return {name: _sum([one]) for name, one in self._tallies.items()}

    @property
    def total(self) -> TallyDocument:
        """All services together."""
        return _sum(self._tallies.values())

    @property
    def engine(self) -> EngineDocument:
        """What came of the engine."""
        return EngineDocument(
            opened=self._opened,
            dormant=self._dormant,
            dormant_secs=round(self._dormant_secs, 3),
        )

    def _add(self, name: str, **more: float) -> None:
        """Count so much more of these fields."""
        known = self._tallies.get(name, TallyDocument())
        sums = {field: getattr(known, field) + one for field, one in more.items()}
        self._tallies[name] = replace(known, **sums)

    def _move(self, name: str, s: Service | None, at: float) -> None:
        if s is not None and _down(s):
            self._since.setdefault(name, at)
        else:
            self._up(name, at)

    def _up(self, name: str, at: float) -> None:
        self._add(name, down=at - self._since.pop(name, at))

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
            self._add(name, opened=opened, permanent=permanent)

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


def _sum(tallies: Collection[TallyDocument]) -> TallyDocument:
    fields = TallyDocument.__struct_fields__
    sums = {field: sum(getattr(one, field) for one in tallies) for field in fields}
    return TallyDocument(**{**sums, "down": round(sums["down"], 3)})
