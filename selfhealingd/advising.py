"""A model asked by itself: once for an incident in which a breaker opens.

By then rules have done what they could. Nothing waits for its report, and nothing is
done by it: whoever comes to look reads it in ``selfhealctl show``.
"""

import msgspec

from selfhealingd import logs
from selfhealingd.commands import diagnosis
from selfhealingd.commands.common import anchor
from selfhealingd.commands.incidents import kept_evidence
from selfhealingd.control.registry import Refusal
from selfhealingd.core.breaker import SELF_HEALING_MAIN
from selfhealingd.core.report import incident_document
from selfhealingd.diagnosing import CannotAsk
from selfhealingd.system import System
from selfhealingd.wire.documents import EventDocument

MOST_REMEMBERED = 1000

log = logs.get("Diagnosis")


class _Changed(msgspec.Struct, frozen=True):
    breaker: str
    after: str


async def advise(system: System) -> None:
    """Ask about each incident in which a breaker opens, one after the other."""
    asked: dict[str, None] = {}
    with system.feed.follow() as follower:
        async for event in follower.events:
            for service in _opened(system, event):
                s = system.loop.host.services.get(service)
                its = system.diagnosis
                if s is None or s.incident is None or s.incident.id in asked:
                    continue
                if its.settings.mode == "off" or not its.ring:
                    continue
                asked[s.incident.id] = None
                if len(asked) > MOST_REMEMBERED:
                    del asked[next(iter(asked))]
                await _ask(system, service)


def _opened(system: System, event: EventDocument) -> tuple[str, ...]:
    """Return the services that are concerned if a breaker opened."""
    if event.kind != "breaker.changed":
        return ()
    changed = msgspec.convert(
        {key: msgspec.json.decode(raw) for key, raw in event.data.items()}, _Changed
    )
    if changed.breaker == SELF_HEALING_MAIN and changed.after == "PERMANENT_OPEN":
        services = system.loop.host.services.values()
        return tuple(s.name for s in services if s.open_incident is not None)[:1]
    if event.service is None or changed.after not in {"OPEN", "PERMANENT_OPEN"}:
        return ()
    return (event.service,)


async def _ask(system: System, service: str) -> None:
    incident = system.loop.host.services[service].incident
    if incident is None:
        raise AssertionError(service)
    try:
        if await diagnosis.kept(system, incident.id) is None:
            found = await kept_evidence(system, incident.id)
            document = incident_document(incident, anchor())
            await diagnosis.ask_and_keep(system, document, found)
    except (CannotAsk, Refusal) as error:
        log.warning(f"{service}: no diagnosis of {incident.id} by the model: {error}")
    except Exception:
        log.exception(f"{service}: a defect of ours ended a diagnosis")
