"""Methods about incidents: which there were, and what is known of one."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import msgspec
import trio

from selfhealingd import logs, proposals
from selfhealingd.anchoring import anchor
from selfhealingd.clock import utc_now
from selfhealingd.commands.common import no_such
from selfhealingd.consulting import kept_report
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core import inquest, report
from selfhealingd.core.diagnosing.rules import diagnose
from selfhealingd.core.diagnosing.told import told
from selfhealingd.core.evidence import summary
from selfhealingd.core.host import Service
from selfhealingd.core.outlook import outlook
from selfhealingd.core.output import how_to_see
from selfhealingd.core.watch import Unit
from selfhealingd.gathering import GATHERED_SECS, LULL_SECS
from selfhealingd.status import log_files
from selfhealingd.store.errors import StoreError
from selfhealingd.store.reading import Reading, Record
from selfhealingd.system import System
from selfhealingd.wire import evidence as kept
from selfhealingd.wire import methods
from selfhealingd.wire.diagnosis import ReportDocument
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.names import named_by
from selfhealingd.wire.names import no_such as none_named
from selfhealingd.wire.times import rfc3339

FLUSH_SECS = 1.0

log = logs.get("Diagnosis")

T = TypeVar("T")


async def incidents(
    system: System, _call: Call, params: methods.Recent
) -> list[object]:
    """The ended ones from the journal, oldest first, then those that are open."""
    names = _services(system, params.names)
    ended: list[dict[str, Any]] = []
    if not params.open:
        ended = await _blocking(partial(_ended, system, params, names))
    for name in params.names:
        await _refuse_unknown(system, name)
    now, files = anchor(), log_files(system)
    return [
        *({**one, "log": files.get(one.get("service", ""))} for one in ended),
        *(
            report.incident_document(s.open_incident, now, files.get(s.name))
            for s in system.loop.host.services.values()
            if s.open_incident is not None and (not names or s.name in names)
        ),
    ]


async def incident(
    system: System, call: Call, params: methods.IncidentId
) -> kept.InquestDocument:
    """One incident: from the journal what happened, from the host what is now."""
    # What was told a moment ago may not be on disk yet.
    await system.keeper.flush(FLUSH_SECS)
    wanted = await _meant(system, params.id)
    reading = Reading(system.journal.path, newest_first=True)
    known = await _blocking(partial(inquest.told, reading, wanted))
    s = system.loop.host.services.get(inquest.service_of(wanted))
    document, now = known.incident, anchor()
    files = log_files(system)
    if s is not None and s.incident is not None and s.incident.id == wanted:
        document = report.incident_document(s.incident, now, files.get(s.name))
    if document is None:
        raise _unknown(system, wanted)
    found, notes = None, _unwritten(system)
    if known.drill is not None:
        notes.insert(0, f"this was an exercise: {known.drill}")
    try:
        found = await kept_evidence(system, wanted)
    except Refusal as error:
        # What happened is in the journal, and is told without it.
        notes.append(f"evidence: {error.message}")
    said = None
    approve = proposals.to_approve(system, wanted, now)
    if call.operator:
        said = await _by_model(system, wanted, approve)
        why_not = system.diagnosis.why_not(wanted)
        if why_not is not None and said is None:
            notes.append(why_not)
    short = None if found is None else summary(found)
    return kept.InquestDocument(
        incident=document,
        timeline=inquest.with_evidence(known.moments, short),
        left_out=known.left_out,
        evidence=short,
        next=_next(system, s) if document.outcome is None else None,
        do=(
            *approve,
            *inquest.next_commands(
                system.loop.host, s, wanted, see=_see(system, s), kept=found is not None
            ),
        ),
        diagnosis=await _diagnosis(document, found, operator=call.operator),
        model_diagnosis=said,
        notes=tuple(notes),
    )


async def evidence(
    system: System, _call: Call, params: methods.IncidentId
) -> kept.EvidenceDocument:
    """All that was kept of an incident."""
    wanted = await _meant(system, params.id)
    found = await kept_evidence(system, wanted)
    if found is not None:
        return found
    words = f"there is no evidence of {wanted[:100]!r} (any more)"
    do = "see which incidents there are: selfhealctl incidents"
    s = system.loop.host.services.get(inquest.service_of(wanted))
    now = trio.current_time()
    if s is not None and s.incident is not None and s.incident.id == wanted:
        if now - s.incident.opened < GATHERED_SECS + LULL_SECS:
            words = f"the evidence of {wanted} is still being gathered"
            do = f"in a moment: selfhealctl evidence {wanted}"
        else:
            do = f"see what happened: selfhealctl show {wanted}"
    raise Refusal(Kind.NO_SUCH_NAME, words, do)


def _services(system: System, names: tuple[str, ...]) -> frozenset[str]:
    """Those that are meant; a group stands for its programs, as everywhere."""
    known = _groups(system)
    # One that the config has no more may have incidents all the same.
    return frozenset(chain.from_iterable(named_by(n, known) or (n,) for n in names))


def _groups(system: System) -> dict[str, tuple[str, ...]]:
    return {name: one.groups for name, one in system.loop.policy.programs.items()}


async def _refuse_unknown(system: System, name: str) -> None:
    """Refuse what neither the config nor the journal knows."""
    if name in system.loop.host.services or _services(system, (name,)) != {name}:
        return
    if await _latest(system, name) is None:
        words = none_named("service", name, _groups(system))
        raise Refusal(Kind.NO_SUCH_NAME, words, "selfhealctl incidents")


async def _latest(system: System, name: str) -> str | None:
    """The last ended incident of a service, also of one that the config has no more."""
    newest = partial(_newest_ended, system, 1, frozenset({name}), "")
    found = await _blocking(lambda: next(newest(), None))
    return None if found is None else str(found.get("id"))


def _ended(
    system: System, params: methods.Recent, names: frozenset[str]
) -> list[dict[str, Any]]:
    earliest = ""
    if params.since_secs is not None:
        earliest = _ago(params.since_secs)
    found = list(_newest_ended(system, params.limit, names, earliest))
    return found[::-1]


def _newest_ended(
    system: System, limit: int, names: frozenset[str], earliest: str
) -> Iterator[dict[str, Any]]:
    if limit < 1:
        return
    for record in Reading(system.journal.path, newest_first=True):
        if str(record.get("at", "~")) < earliest:
            return
        found = _ending(record)
        if found is None or (names and found.get("service") not in names):
            continue
        yield found
        limit -= 1
        if limit == 0:
            return


def _ending(record: Record) -> dict[str, Any] | None:
    if record.get("kind") != inquest.ENDED or "data" not in record:
        return None
    found = record["data"].get("incident")
    return found if isinstance(found, dict) else None


def _ago(seconds: float) -> str:
    now = utc_now()
    start = max(now.timestamp() - seconds, 0.0)
    return rfc3339(type(now).fromtimestamp(start, now.tzinfo))


async def _meant(system: System, name: str) -> str:
    """The latest incident of a service where that is named, else what is named."""
    s = system.loop.host.services.get(name)
    if s is None and inquest.number_of(name):
        return name
    if s is None:
        return await _latest(system, name) or name
    if s.incident is None:
        words = f"{name} has had no incident"
        raise Refusal(Kind.NO_SUCH_NAME, words, "selfhealctl incidents")
    return s.incident.id


def _unknown(system: System, name: str) -> Refusal:
    services = system.loop.host.services
    number = inquest.number_of(name)
    its = inquest.service_of(name)
    if its in services and 0 < number <= system.loop.host.counters.incidents:
        words = f"no incident {name!r} of {its} is kept (any more)"
        return Refusal(Kind.NO_SUCH_NAME, words, f"selfhealctl incidents {its}")
    known = [s.incident.id for s in services.values() if s.incident is not None]
    return no_such("incident", name, [*known, *services], "selfhealctl incidents")


async def kept_evidence(system: System, name: str) -> kept.EvidenceDocument | None:
    """Return what was kept of an incident, None if there is nothing. Raises Refusal.

    What an earlier version kept has secrets; so may have what was kept before something
    was configured as one.
    """

    def read() -> kept.EvidenceDocument | None:
        data = system.evidence.read(name)
        if data is None:
            return None
        found = msgspec.json.decode(data, type=kept.EvidenceDocument)
        return system.secrecy.redacted(found)

    try:
        return await _blocking(read)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        words = f"cannot read the evidence of {name}: {error}"
        raise Refusal(Kind.INTERNAL, words) from error
    except Refusal:
        raise
    except Exception as error:
        log.exception(
            f"a defect of ours in redaction: {name} is shown without evidence"
        )
        words = f"cannot show the evidence of {name}: a defect of ours, see the log"
        raise Refusal(Kind.INTERNAL, words) from error


async def _by_model(
    system: System, incident: str, approve: tuple[str, ...]
) -> ReportDocument | None:
    """What the model said; where its advice waits for approval, that is to be typed."""
    report = await kept_report(system, incident)
    if report is None or not approve:
        return report
    return msgspec.structs.replace(report, next_commands=approve)


async def _diagnosis(
    incident: IncidentDocument, found: kept.EvidenceDocument | None, *, operator: bool
) -> ReportDocument | None:
    """What rules say, out of a few hundred lines; made when somebody asks."""
    try:
        report = await _blocking(partial(diagnose, incident, found))
    except Exception:
        log.exception(f"a defect of ours: no diagnosis of {incident.id}")
        return None  # the story is worth as much without it
    return told(report, operator=operator)


def _unwritten(system: System) -> list[str]:
    """What the journal does not have, as the disk takes none of it."""
    problem = system.keeper.problem
    if problem is None:
        return []
    return [f"what happened of late is not in the journal, nor shown here: {problem}"]


def _next(system: System, s: Service | None) -> str | None:
    if s is None or s.name not in system.loop.policy.programs:
        return None
    loop = system.loop
    return outlook(loop.policy, loop.host, s, trio.current_time()).words


def _see(system: System, s: Service | None) -> str | None:
    if s is None:
        return None
    watch = system.config.watches.get(s.name)
    if watch is not None and isinstance(watch.sought, Unit):
        return f"journalctl -e --unit={watch.sought.name}"
    launch = system.config.launches.get(s.name)
    if launch is None:
        return None
    return how_to_see(s.name, launch.stdout, launch.stderr)


async def _blocking(read: Callable[[], T]) -> T:
    try:
        return await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except StoreError as error:
        raise Refusal(Kind.INTERNAL, str(error)) from error
