"""What a model said of incidents: asked for, or known already; kept, and read again."""

from functools import partial

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.core.answer import commands
from selfhealingd.core.diagnosis import Report, in_words, parse
from selfhealingd.core.events import Diagnosed
from selfhealingd.core.sameness import Known
from selfhealingd.diagnosing import Question
from selfhealingd.store.errors import StoreError
from selfhealingd.system import System
from selfhealingd.wire.diagnosis import CitedDocument, ReportDocument
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument
from selfhealingd.wire.times import rfc3339

log = logs.get("Diagnosis")


async def kept_report(system: System, incident: str) -> ReportDocument | None:
    """Return the model's report of an incident, None if there is none."""
    try:
        data = await trio.to_thread.run_sync(
            partial(system.diagnoses.read, incident), abandon_on_cancel=True
        )
        return None if data is None else msgspec.json.decode(data, type=ReportDocument)
    except (StoreError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning(f"cannot read the model's report of {incident}: {error}")
        return None


async def ask_and_keep(
    system: System, incident: IncidentDocument, found: EvidenceDocument | None
) -> ReportDocument:
    """Ask about an incident, and keep what is said. Raises CannotAsk."""
    async with system.diagnosis.one:
        # Who asked at the same time may just have been told.
        known = await kept_report(system, incident.id)
        return known or await _ask_and_keep(system, incident, found)


async def _ask_and_keep(
    system: System, incident: IncidentDocument, found: EvidenceDocument | None
) -> ReportDocument:
    its = system.diagnosis
    its.refuse_unless_ready()
    asked = await its.question(incident, found)
    known = await system.recall.find(asked.key)
    if known is not None:
        told = _again(known, incident, asked)
    else:
        told = _document(await its.ask(asked, incident), its.settings.model)
        await system.recall.keep(asked.key, incident.id, told)
    await system.loop.post(
        Diagnosed(
            at=trio.current_time(),
            service=incident.service,
            incident=incident.id,
            cause=told.cause,
            action=told.action,
            model=its.settings.model,
            tokens=told.tokens,
            cost=told.cost,
            same_as=told.same_as,
        )
    )
    try:
        await trio.to_thread.run_sync(
            system.diagnoses.write, incident.id, msgspec.json.encode(told)
        )
    except StoreError as error:
        log.warning(f"the model's report of {incident.id} is not kept: {error}")
    return told


def _again(known: Known, incident: IncidentDocument, asked: Question) -> ReportDocument:
    """Tell what was said of the same incident, with what is to be typed for this."""
    report = known.report
    return msgspec.structs.replace(
        report,
        next_commands=commands(
            parse(report.action, asked.runbooks), incident.service, incident.id
        ),
        same_as=known.incident,
        tokens=None,
        cost=None,
    )


def _document(of: Report, model: str) -> ReportDocument:
    return ReportDocument(
        cause=of.cause.value,
        summary=of.summary,
        confidence=of.confidence,
        action=in_words(of.action),
        by=of.by.value,
        cited=tuple(
            CitedDocument(number=line.number, part=line.part, words=line.words)
            for line in of.cited
        ),
        next_commands=of.next_commands,
        of=model,
        at=rfc3339(utc_now()),
        tokens=of.tokens,
        cost=of.cost,
    )
