"""What points at a fault, and how strongly."""

import re
from collections.abc import Iterable

import msgspec

from selfhealingd.core.diagnosing.lines import numbered
from selfhealingd.core.diagnosis import Fault, Line
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument


class Clue(msgspec.Struct, frozen=True, kw_only=True):
    """``weight``: from 0 to 1, how far its ``lines`` alone prove what ``words`` say."""

    fault: Fault
    weight: float
    words: str
    lines: tuple[Line, ...]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An incident, what was kept of it, and both as lines."""

    incident: IncidentDocument
    found: EvidenceDocument
    lines: tuple[Line, ...]

    def of(self, *parts: str) -> tuple[Line, ...]:
        """Return the lines of these parts."""
        return tuple(line for line in self.lines if line.part in parts)

    @property
    def outcome(self) -> Line:
        """The line that says how the run ended, or what was seen of it instead."""
        return next(iter(self.of("end")), self.lines[0])

    @property
    def code(self) -> int | None:
        """The exit status, if it exited."""
        found = re.search(r"\bexited with status (\d+)", self.outcome.words)
        return int(found[1]) if found else None

    @property
    def signal(self) -> str | None:
        """What signal killed it, if one did."""
        found = re.search(r"\bkilled by (SIG\w+)", self.outcome.words)
        return found[1] if found else None

    @property
    def early(self) -> bool:
        """Whether it ended while it started, or within a minute."""
        if self.incident.cause == "failed start":
            return True
        return bool(re.search(r" at once$| after [\d.]+ s$", self.outcome.words))


def case(incident: IncidentDocument, found: EvidenceDocument | None) -> Case:
    """Make a case; one without evidence has the incident's own line."""
    nothing = EvidenceDocument(
        incident=incident.id, service=incident.service, run=0, taken=incident.opened
    )
    return Case(
        incident=incident,
        found=nothing if found is None else found,
        lines=numbered(incident, found),
    )


def first(lines: Iterable[Line], pattern: str) -> tuple[Line, ...]:
    """Return the first line that has it, or none."""
    return next(((one,) for one in lines if re.search(pattern, one.words)), ())
