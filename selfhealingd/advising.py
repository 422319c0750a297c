"""A model asked by itself: once for an incident in which a breaker opens.

By then rules have done what they could. Nothing waits for its report: whoever comes to
look reads it in ``selfhealctl show``. What it advises is judged by the core, and again
whenever the breaker opens, as an approval holds for one state of it.
"""

from typing import TypeVar

import msgspec

from selfhealingd import logs, proposals
from selfhealingd.anchoring import anchor
from selfhealingd.commands.incidents import kept_evidence
from selfhealingd.consulting import ask_and_keep, kept_report
from selfhealingd.control.registry import Refusal
from selfhealingd.core.breaker import SELF_HEALING_MAIN
from selfhealingd.core.incident import Incident, Result
from selfhealingd.core.report import incident_document
from selfhealingd.spending import CannotAsk
from selfhealingd.system import System
from selfhealingd.wire.documents import AttemptDocument, EventDocument

MOST_REMEMBERED = 1000

T = TypeVar("T")

log = logs.get("Diagnosis")


class _Changed(msgspec.Struct, frozen=True):
    breaker: str
    after: str


class _Ended(msgspec.Struct, frozen=True):
    incident: str
    attempt: AttemptDocument


async def advise(system: System) -> None:
    """Ask about each incident in which a breaker opens, one after the other."""
    asked: dict[str, None] = {}
    with system.feed.follow() as follower:
        async for event in follower.events:
            try:
                await _learn(system, event)
                for service in _opened(system, event):
                    await _consider(system, service, asked)
            except Exception:
                log.exception(f"{event.service}: a defect of ours ended a diagnosis")


async def _learn(system: System, event: EventDocument) -> None:
    """Have what did not help as advised asked about anew, when it comes again."""
    if event.kind != "attempt.ended":
        return
    ended = _read(event, _Ended)
    in_vain = {Result.RELAPSED.value, Result.NO_EFFECT.value}
    if ended.attempt.advised and ended.attempt.result in in_vain:
        report = await kept_report(system, ended.incident)
        of = None if report is None else report.same_as
        await system.recall.forget(of or ended.incident)


def _read(event: EventDocument, kind: type[T]) -> T:
    data = {key: msgspec.json.decode(raw) for key, raw in event.data.items()}
    return msgspec.convert(data, kind)


def _opened(system: System, event: EventDocument) -> tuple[str, ...]:
    """Return the services that are concerned if a breaker opened."""
    if event.kind != "breaker.changed":
        return ()
    changed = _read(event, _Changed)
    if changed.breaker == SELF_HEALING_MAIN and changed.after == "PERMANENT_OPEN":
        services = system.loop.host.services.values()
        return tuple(s.name for s in services if s.open_incident is not None)[:1]
    if event.service is None or changed.after not in {"OPEN", "PERMANENT_OPEN"}:
        return ()
    return (event.service,)


async def _consider(system: System, service: str, asked: dict[str, None]) -> None:
    s, its = system.loop.host.services.get(service), system.diagnosis
    if s is None or s.incident is None:
        return
    if its.off is not None or not its.keys.ring:
        return
    first = s.incident.id not in asked
    asked[s.incident.id] = None
    if len(asked) > MOST_REMEMBERED:
        del asked[next(iter(asked))]
    await _ask(system, service, s.incident, first=first)


async def _ask(
    system: System, service: str, incident: Incident, *, first: bool
) -> None:
    try:
        report = await kept_report(system, incident.id)
        if report is None and first:
            found = await kept_evidence(system, incident.id)
            document = incident_document(incident, anchor())
            report = await ask_and_keep(system, document, found)
        tried = any(one.advised for one in incident.attempts)
        if report is not None and (first or not tried):
            await proposals.propose(system, service, incident.id, report.action)
    except (CannotAsk, Refusal) as error:
        log.warning(f"{service}: no diagnosis of {incident.id} by the model: {error}")
