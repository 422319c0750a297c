"""Incidents of real software, each with what a person said that it was."""

import tomllib
from pathlib import Path

import msgspec

from selfhealingd.core.diagnosis import Fault, Line, Report
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument, SaidDocument

FOLDER = Path(__file__).parent


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with its label.

    ``also``: causes that would be right as well. ``says``: a line that is cited has to
    have one of them. ``knowable``: rules could know it. ``forbid``: actions that would
    do harm.
    """

    name: str
    cause: Fault
    also: frozenset[Fault]
    accept: frozenset[str]
    forbid: frozenset[str]
    says: tuple[str, ...]
    knowable: bool
    incident: IncidentDocument
    evidence: EvidenceDocument

    def right(self, report: Report) -> bool:
        """Whether the cause is one of those that a person would name."""
        return report.cause in {self.cause, *self.also}

    def grounded(self, report: Report, lines: tuple[Line, ...]) -> bool:
        """Whether each line exists as cited, and one says what the label wants."""
        cited = report.cited
        exist = all(line in lines for line in cited)
        if self.says and report.cause is self.cause:
            return exist and any(w in one.words for one in cited for w in self.says)
        return exist and bool(cited)


def labelled() -> list[Labelled]:
    """Return all, by name."""
    return [_read(path) for path in sorted(FOLDER.glob("*.toml"))]


def _read(path: Path) -> Labelled:
    found = tomllib.loads(path.read_text())
    service = path.stem.partition("_")[0]
    kept = found["evidence"]
    lines = tuple(kept.pop("lines", "").splitlines())
    evidence = msgspec.convert(
        {
            "incident": f"{service}-1",
            "service": service,
            "run": 1,
            "taken": "2026-11-26T03:00:00.100Z",
            "pid": 771,
            **kept,
        },
        EvidenceDocument,
    )
    if lines:
        said = SaidDocument(path=f"/var/log/{service}.log", lines=lines)
        evidence = msgspec.structs.replace(evidence, output=(said,))
    return Labelled(
        name=path.stem,
        cause=Fault(found["cause"]),
        also=frozenset(map(Fault, found.get("also", ()))),
        accept=frozenset(found["accept"]),
        forbid=frozenset(found["forbid"]),
        says=tuple(found["says"]),
        knowable=found.get("knowable", True),
        incident=IncidentDocument(
            id=f"{service}-1",
            service=service,
            opened="2026-11-26T03:00:00.000Z",
            **found["incident"],
        ),
        evidence=evidence,
    )
