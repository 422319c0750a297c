"""What happened since this daemon began, counted: for those who draw curves of it."""

from collections import Counter

import msgspec

from selfhealingd.wire.documents import EventDocument


class _Incident(msgspec.Struct, frozen=True):
    cause: str
    outcome: str | None = None


class _Attempt(msgspec.Struct, frozen=True):
    remedy: str
    result: str | None = None


class Counts:
    """Counts events by what few words say of them; never by names that anybody makes.

    ``events`` by kind, ``opened`` incidents by cause, ``ended`` ones by outcome,
    ``attempts`` by remedy and result.
    """

    def __init__(self) -> None:
        self.events = Counter[str]()
        self.opened = Counter[str]()
        self.ended = Counter[str]()
        self.attempts = Counter[tuple[str, str]]()

    def note(self, event: EventDocument) -> None:
        """Count one event."""
        self.events[event.kind] += 1
        match event.kind:
            case "incident.opened":
                self.opened[_incident(event).cause] += 1
            case "incident.ended":
                self.ended[_incident(event).outcome or "unknown"] += 1
            case "attempt.ended":
                told = msgspec.json.decode(event.data["attempt"], type=_Attempt)
                self.attempts[told.remedy, told.result or "unknown"] += 1
            case _:
                pass


def _incident(event: EventDocument) -> _Incident:
    return msgspec.json.decode(event.data["incident"], type=_Incident)
