"""Diagnosis by a model: how it stands, what would be sent, and to ask it."""

# ruff: noqa: PLC0415
from selfhealctl.errors import UsageError
from selfhealctl.operation import Order, operate
from selfhealctl.options import LlmArgument, LlmDo, OfIncident, Reason
from selfhealctl.output import write_words
from selfhealctl.session import Session, read
from selfhealctl.typed import required_reason
from selfhealingd.wire.methods import Approve, IncidentId, Trust


def llm(
    session: Session,
    do: LlmArgument = LlmDo.STATUS,
    of: OfIncident = None,
    reason: Reason = None,
) -> None:
    """See how diagnosis by a model stands, what it would be sent, or ask it.

    status: mode, model, budget, and what waits for approval. keys: each by its
    fingerprint. preview: print what would be sent about an incident, to the byte, and
    send nothing. diagnose: ask now. A service's name stands for its latest incident.
    approve: have done what it proposes, by the id that status tells. trust: let it act
    again on a service on which it acted in vain. Both need a reason.
    """
    match do:
        case LlmDo.STATUS | LlmDo.KEYS:
            raw = session.ask("llm")
            if not session.wrote_json(raw):
                from selfhealctl.views.llm import show_llm
                from selfhealingd.wire.diagnosis import LlmDocument

                show_llm(read(raw, LlmDocument), keys_alone=do is LlmDo.KEYS)
        case LlmDo.PREVIEW:
            raw = session.ask("llm-preview", _named(do, of))
            if session.chosen_json:
                session.wrote_json(raw)
                return
            from selfhealingd.wire.diagnosis import PreviewDocument

            write_words(read(raw, PreviewDocument).body)
        case LlmDo.DIAGNOSE:
            operate(session, Order("llm-diagnose", _named(do, of), answer=True))
        case LlmDo.APPROVE | LlmDo.TRUST:
            _allow(session, do, of, reason)


def _allow(session: Session, do: LlmDo, of: str | None, reason: str | None) -> None:
    what = "proposal" if do is LlmDo.APPROVE else "service"
    if of is None:
        raise UsageError(f"{do} which {what}?", "which there are: selfhealctl llm")
    example = f'selfhealctl llm {do} {of} --reason "it is right"'
    why = required_reason(f"{do} it", reason, example)
    params = (
        Approve(id=of, reason=why)
        if do is LlmDo.APPROVE
        else Trust(name=of, reason=why)
    )
    raw = session.order(f"llm-{do}", params)
    if not session.wrote_json(raw):
        from selfhealctl.views.work import show_done
        from selfhealingd.wire.operation import Done

        show_done(read(raw, Done))


def _named(do: LlmDo, of: str | None) -> IncidentId:
    if of is None:
        raise UsageError(
            f"{do} of which incident, or service?",
            f"selfhealctl llm {do} INCIDENT; which there are: selfhealctl incidents",
        )
    return IncidentId(id=of)
