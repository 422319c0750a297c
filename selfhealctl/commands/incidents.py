"""Commands about incidents.

Their views load when they are needed, and with them what no other command needs.
"""

# ruff: noqa: PLC0415
from functools import partial

from selfhealctl.errors import Refused
from selfhealctl.options import (
    IncidentArgument,
    Last,
    OnlyOpen,
    Since,
    SomePrograms,
    Watch,
)
from selfhealctl.paging import page
from selfhealctl.session import Session, read
from selfhealctl.typed import seconds_of
from selfhealctl.watching import repeat
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.methods import IncidentId, Recent


def incidents(
    session: Session,
    names: SomePrograms = None,
    last: Last = 20,
    only_open: OnlyOpen = False,
    since: Since = None,
    watch: Watch = None,
) -> None:
    """Show the open incidents and the last ended ones."""
    wanted = Recent(
        limit=last,
        names=tuple(names or ()),
        open=only_open,
        since_secs=None if since is None else seconds_of(since),
    )
    repeat(session, watch, partial(_incidents, wanted=wanted))


def _incidents(session: Session, *, wanted: Recent) -> None:
    raw = session.ask("incidents", wanted)
    if not session.wrote_json(raw):
        from selfhealctl.views.lists import show_incidents

        show_incidents(read(raw, tuple[IncidentDocument, ...]), wide=session.wide)


def show(session: Session, incident: IncidentArgument) -> None:
    """Show one incident: what happened, was tried, was probably wrong; what to do."""
    page(session, partial(_show, session, incident))


def _show(session: Session, incident: str) -> None:
    raw = session.ask("incident", IncidentId(id=incident))
    if session.wrote_json(raw):
        return
    from selfhealctl.views.incident import show_inquest
    from selfhealctl.views.llm import show_report
    from selfhealingd.wire.evidence import EvidenceDocument, InquestDocument

    found = read(raw, InquestDocument)
    kept, withheld = None, False
    if found.evidence is not None:
        try:
            raw = session.ask("evidence", IncidentId(id=found.incident.id))
            kept = read(raw, EvidenceDocument)
        except Refused as error:
            # What was said, and where, is for operators; the story is for all.
            withheld = error.kind is Kind.NOT_PERMITTED
    show_inquest(found, kept, withheld=withheld)
    if found.model_diagnosis is not None:
        show_report(found.model_diagnosis)


def evidence(session: Session, incident: IncidentArgument) -> None:
    """Show all that was kept of an incident: output, processes, files, stacks."""
    page(session, partial(_evidence, session, incident))


def _evidence(session: Session, incident: str) -> None:
    raw = session.ask("evidence", IncidentId(id=incident))
    if not session.wrote_json(raw):
        from selfhealctl.views.incident import show_evidence
        from selfhealingd.wire.evidence import EvidenceDocument

        show_evidence(read(raw, EvidenceDocument))
