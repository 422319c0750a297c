"""What probably went wrong, as it is told; keys are camelCase as all are."""

from selfhealingd.wire.documents import Document


class CitedDocument(Document, frozen=True):
    """One line that shows the cause, by the number that cites it."""

    number: int
    part: str
    words: str


class ReportDocument(Document, frozen=True):
    """What probably went wrong. ``by``: ``model`` or ``rules``.

    ``action`` is advice, and nothing does it by itself; ``next_commands``: what to
    type. ``of``: the name of the model; ``at``: when it was asked.
    """

    cause: str
    summary: str
    confidence: float
    action: str
    by: str
    cited: tuple[CitedDocument, ...] = ()
    next_commands: tuple[str, ...] = ()
    of: str | None = None
    at: str | None = None
