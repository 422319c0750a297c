"""Methods of diagnosis by a model: how it stands, what it would send, and to ask it."""

import msgspec
import trio

from selfhealingd import logs, proposals
from selfhealingd.anchoring import anchor
from selfhealingd.commands import incidents
from selfhealingd.commands.common import (
    asker,
    done,
    need_reason,
    no_such,
    record,
    refuse_at_the_end,
)
from selfhealingd.consulting import ask_and_keep, kept_report
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core import consent, keyring
from selfhealingd.core.budget import Left
from selfhealingd.core.events import ApproveAsked, TrustAsked
from selfhealingd.core.words import approve_command, trust_command
from selfhealingd.diagnosing import Question
from selfhealingd.spending import CannotAsk
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.diagnosis import (
    AllowedDocument,
    KeyDocument,
    LlmDocument,
    PreviewDocument,
    ReportDocument,
)
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.operation import Done, Finished, Outcome, Started

MARGIN_SECS = 15.0

log = logs.get("Diagnosis")


async def llm(system: System, _call: Call, _params: methods.Nothing) -> LlmDocument:
    """How it stands: mode, model, budget, and keys by their fingerprints."""
    its, now = system.diagnosis, trio.current_time()
    problem = None if its.off is None else f"switched off: {its.off}"
    left = Left(calls=0, tokens=0, cost_today=0.0, cost_this_month=0.0)
    try:
        left = await its.spending.left()
    except CannotAsk as error:
        problem = f"{error}; {error.hint}"
    priced = its.settings.prices is not None and problem is None
    return LlmDocument(
        mode=its.settings.mode if its.off is None else "off",
        model=its.settings.model,
        endpoint=its.settings.endpoint,
        breaker=its.endpoint.breaker.label,
        calls_left=left.calls,
        tokens_left=left.tokens,
        key_management=keyring.management(its.keys.ring, now),
        keys=tuple(
            KeyDocument(
                fingerprint=key.fingerprint,
                source=key.source,
                state=keyring.in_words(key, now),
            )
            for key in its.keys.ring
        ),
        refused=its.keys.refused,
        problem=problem,
        cost_today=left.cost_today if priced else None,
        cost_this_month=left.cost_this_month if priced else None,
        cost_per_day=its.settings.cost_per_day,
        approvals=proposals.waiting(system, anchor()),
        allowed=_allowed(system),
        demoted=proposals.demoted(system),
        last_failure=its.endpoint.in_vain[-1] if its.endpoint.in_vain else None,
    )


async def approve(system: System, call: Call, params: methods.Approve) -> Done:
    """Carry out what a model proposed."""
    refuse_at_the_end(system)
    reason = need_reason(params.reason, approve_command(params.id[:20]))
    by = asker(call)
    [answer] = await system.loop.ask(
        lambda number: ApproveAsked(
            at=trio.current_time(),
            request=number,
            by=by,
            reason=reason,
            proposal=params.id[:100],
            digest=proposals.approval_digest(system, params.id),
        )
    )
    return done(answer)


async def trust(system: System, call: Call, params: methods.Trust) -> Done:
    """Let a model act again on a service on which it acted in vain."""
    reason = need_reason(params.reason, trust_command(params.name[:100]))
    if params.name not in system.loop.host.services:
        known = system.loop.host.services
        raise no_such("service", params.name, known, "selfhealctl llm")
    by = asker(call)
    [answer] = await system.loop.ask(
        lambda number: TrustAsked(
            at=trio.current_time(),
            request=number,
            by=by,
            reason=reason,
            service=params.name,
        )
    )
    return done(answer)


def _allowed(system: System) -> tuple[AllowedDocument, ...]:
    policy = system.loop.policy
    found = ((name, consent.allowed(policy, name)) for name in policy.programs)
    return tuple(AllowedDocument(service=n, actions=its) for n, its in found if its)


async def preview(
    system: System, call: Call, params: methods.IncidentId
) -> PreviewDocument:
    """What would be sent, to the byte; nothing is."""
    incident, found = await _known(system, call, params)
    asked = await _question(system, incident, found)
    return PreviewDocument(
        incident=incident.id,
        service=incident.service,
        endpoint=system.diagnosis.settings.endpoint,
        body=asked.body.decode(),
        left_out=asked.bundle.left_out,
    )


async def report(
    system: System, call: Call, params: methods.IncidentId
) -> tuple[ReportDocument, ...]:
    """What the model said of an incident; none if it has not been asked."""
    incident, _ = await _known(system, call, params)
    told = await kept_report(system, incident.id)
    return () if told is None else (told,)


async def diagnose(system: System, call: Call, params: methods.IncidentId) -> Started:
    """Ask the model about an incident; its report is kept, and shown with it.

    An incident that has a report is not asked about again.
    """
    refuse_at_the_end(system)
    incident, found = await _known(system, call, params)
    begun = system.operations.begin(())
    tries = max(len(system.diagnosis.keys.ring), 1)
    seconds = tries * (system.diagnosis.settings.timeout + MARGIN_SECS)
    started = msgspec.structs.replace(begun, deadline=seconds)
    known = await kept_report(system, incident.id)
    if known is None:
        system.diagnosis.keys.forgive()
        await record(system, call, "llm diagnose", incident.id)

    async def carry_out() -> None:
        words, ok = "a defect of ours, see the daemon's log", False
        hint: str | None = None
        try:
            told = known or await ask_and_keep(system, incident, found)
            words, ok = f"{told.cause}: {told.summary}", True
            if told.same_as is not None:
                words += f" (the same as {told.same_as}, from the cache)"
            hint = f"selfhealctl show {incident.id}"
            await proposals.propose(system, incident.service, incident.id, told.action)
            await system.loop.settled()  # an id that is told survives a kill -9
            becomes = proposals.becomes(system, incident.service, incident.id)
            hint = hint if becomes is None else f"{hint}; {becomes}"
        except CannotAsk as error:
            words = str(error)
            hint = error.hint or f"what rules say: selfhealctl show {incident.id}"
        except Exception:
            log.exception("a defect of ours ended a diagnosis")
        outcome = Outcome(name=incident.id, ok=ok, words=words, hint=hint)
        call.notify(
            "finished", Finished(operation=started.operation, outcomes=(outcome,))
        )

    system.nursery.start_soon(carry_out)
    return started


async def _known(
    system: System, call: Call, params: methods.IncidentId
) -> tuple[IncidentDocument, EvidenceDocument | None]:
    known = await incidents.incident(system, call, params)
    wanted = methods.IncidentId(id=known.incident.id)
    found = None
    if known.evidence is not None:
        found = await incidents.evidence(system, call, wanted)
    return known.incident, found


async def _question(
    system: System, incident: IncidentDocument, found: EvidenceDocument | None
) -> Question:
    try:
        return await system.diagnosis.question(incident, found)
    except CannotAsk as error:
        raise Refusal(Kind.REFUSED, str(error), error.hint) from error
