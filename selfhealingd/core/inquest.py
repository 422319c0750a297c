"""One incident told from its beginning: out of the journal, and out of what is now."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Exited, Fatal, Held, alive
from selfhealingd.core.words import RESUME, reset_command
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceSummary, MomentDocument
from selfhealingd.wire.times import rfc3339

SHOWN = 60
"""Moments of the beginning, and as many of the end."""

DRILL = "drill "
LED_TO_SECS = 900.0
"""A drill is noticed in that time, or it is over."""

OPENED, ENDED = "incident.opened", "incident.ended"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal has of one incident; ``incident`` None: it knows of none.

    ``drill``: of which drill it is, and who asked for it.
    """

    incident: IncidentDocument | None
    moments: tuple[MomentDocument, ...] = ()
    left_out: int = 0
    drill: str | None = None


def service_of(incident: str) -> str:
    """Return whose incident this is."""
    return incident.rpartition("-")[0]


def number_of(incident: str) -> int:
    """Return which incident of all that is; 0 where it is none."""
    number = incident.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def told(newest_first: Iterable[Mapping[str, Any]], incident: str) -> Told:
    """Return what happened to a service from when its incident opened to its end.

    Reads no further back than to its beginning; where that was rotated away, or is not
    written yet, to the end of the one before.
    """
    service = service_of(incident)
    document: IncidentDocument | None = None
    late: list[MomentDocument] = []
    early: deque[MomentDocument] = deque(maxlen=SHOWN)
    left_out = 0
    records = iter(newest_first)
    for record in records:
        if record.get("service") != service:
            continue
        kind = record.get("kind")
        found = _incident(record) if kind in (OPENED, ENDED) else None
        its_own = found is not None and found.id == incident
        if found is not None and number_of(found.id) < number_of(incident):
            break
        if found is not None and (kind == ENDED or not its_own):
            # What came after is not of it.
            late, left_out = [], 0
            early.clear()
            if not its_own:
                continue
        if its_own and document is None:
            document = found
        if len(late) < SHOWN:
            late.append(_moment(record))
        else:
            left_out += len(early) == SHOWN
            early.append(_moment(record))
        if its_own and kind == OPENED:
            break
    moments = (*late, *early)[::-1]
    drill = None if document is None else _drill(records, document)
    return Told(incident=document, moments=moments, left_out=left_out, drill=drill)


def _drill(
    before: Iterable[Mapping[str, Any]], incident: IncidentDocument
) -> str | None:
    """Return which drill led to it: one of its service, begun shortly before.

    None where another incident of the service came of it already.
    """
    earliest = _moved(incident.opened, -LED_TO_SECS)
    for record in before:
        if earliest is None or str(record.get("at", "~")) < earliest:
            return None
        data = record.get("data") or {}
        if record.get("kind") == OPENED and record.get("service") == incident.service:
            return None
        its = data.get("target") == incident.service
        if its and str(data.get("action", "")).startswith(DRILL):
            return str(record.get("words", ""))
    return None


def _moved(at: str, seconds: float) -> str | None:
    try:
        return rfc3339(datetime.fromisoformat(at) + timedelta(seconds=seconds))
    except ValueError:
        return None


def _incident(record: Mapping[str, Any]) -> IncidentDocument | None:
    try:
        return msgspec.convert(record["data"]["incident"], IncidentDocument)
    except (msgspec.ValidationError, KeyError, TypeError):
        return None


def _moment(record: Mapping[str, Any]) -> MomentDocument:
    return MomentDocument(
        at=str(record.get("at", "")),
        words=str(record.get("words", "")),
        level=str(record.get("level", "info")),
    )


def with_evidence(
    moments: Iterable[MomentDocument], summary: EvidenceSummary | None
) -> tuple[MomentDocument, ...]:
    """Put in when the evidence was taken, in the order of time."""
    if summary is None:
        return tuple(moments)
    words = f"evidence: {', '.join(summary.kept) or 'how it ended'}"
    if summary.missing:
        words += f" (not to be had: {', '.join(summary.missing)})"
    taken = MomentDocument(at=summary.taken, words=words)
    # A sort keeps the order of what is of one time: so it comes after the opening.
    return tuple(sorted((*moments, taken), key=lambda moment: moment.at))


def next_commands(
    host: Host, s: Service | None, incident: str, *, see: str | None, kept: bool
) -> tuple[str, ...]:
    """Return what to type about an incident, most useful first."""
    commands = [f"selfhealctl evidence {incident}"] if kept else []
    if s is None:
        return tuple(commands)
    end = s.exit or Exit(at=0.0)
    if see is not None and not end.never_ran:
        commands += see.split("; ")
    is_open = s.open_incident is not None and s.open_incident.id == incident
    if s.breaker.permanent:
        commands.append(reset_command(s.name, s.kind))
    elif host.dormant and not alive(s.life):
        commands.append(RESUME)
    elif isinstance(s.life, Exited) and s.life.held is not Held.FINISHED:
        commands.append(f"selfhealctl start {s.name}")
    elif is_open and not alive(s.life) and not isinstance(s.life, Fatal):
        commands.append(f"selfhealctl restart {s.name}")
    return tuple(commands)
