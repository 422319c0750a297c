"""Why a service is as it is, as the control protocol carries it."""

from selfhealingd.wire.documents import (
    Document,
    EventDocument,
    IncidentDocument,
    ProgramDocument,
)


class HindranceDocument(Document, frozen=True):
    """One thing that holds healing back; ``do``: the command that ends it."""

    words: str
    until: str | None = None
    do: str | None = None


class ExplanationDocument(Document, frozen=True):
    """Why a service is as it is, and what the engine is going to do about it.

    ``words``: the state in sentences. ``ladder``: the remedies, in their order;
    ``rung``: which of them is next, counted from 0. ``limits``: what becomes of it when
    they fail. ``events``: the latest of this service, oldest first.
    """

    program: ProgramDocument
    words: tuple[str, ...]
    hindrances: tuple[HindranceDocument, ...] = ()
    incident: IncidentDocument | None = None
    ladder: tuple[str, ...] = ()
    rung: int | None = None
    limits: str | None = None
    events: tuple[EventDocument, ...] = ()
