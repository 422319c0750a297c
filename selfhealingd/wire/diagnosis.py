"""What probably went wrong, and how asking a model stands; keys are camelCase."""

from selfhealingd.wire.documents import ApprovalDocument, Document, KeyManagement


class CitedDocument(Document, frozen=True):
    """One line that shows the cause, by the number that cites it."""

    number: int
    part: str
    words: str


class ReportDocument(Document, frozen=True):
    """What probably went wrong. ``by``: ``model`` or ``rules``.

    ``action`` is advice, whatever becomes of it; ``next_commands``: what to type.
    ``of``: the name of the model; ``at``: when it was asked; ``same_as``: about which
    incident, where that was the same as this one. ``tokens``: what the call took;
    ``cost``: the same by the prices in the config then.
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
    same_as: str | None = None
    tokens: int | None = None
    cost: float | None = None


class KeyDocument(Document, frozen=True):
    """One key by its fingerprint, where it is from, and how it is."""

    fingerprint: str
    source: str
    state: str


class AllowedDocument(Document, frozen=True):
    """What a model may do about a service by itself."""

    service: str
    actions: tuple[str, ...]


class InVainDocument(Document, frozen=True):
    """A call that brought no report: about which incident, when, and why."""

    incident: str
    at: str
    words: str


class LlmDocument(Document, frozen=True):
    """Diagnosis by a model as it stands. ``calls_left`` in this hour, tokens today.

    Costs are None where the config has no prices. Today: in the last 24 hours; the
    month is UTC's. What a call may cost counts until it is known what it did.

    ``refused``: why keys were not taken from where they are looked for, and what to
    type. ``approvals``: what waits for one. ``allowed``: what it may do by itself in
    mode ``act``; ``demoted``: where it only advises, having acted in vain.
    ``last_failure``: of the calls that brought no report the last one.
    """

    mode: str
    model: str
    endpoint: str
    breaker: str
    calls_left: int
    tokens_left: int
    key_management: KeyManagement
    keys: tuple[KeyDocument, ...] = ()
    refused: tuple[str, ...] = ()
    problem: str | None = None
    cost_today: float | None = None
    cost_this_month: float | None = None
    cost_per_day: float | None = None
    approvals: tuple[ApprovalDocument, ...] = ()
    allowed: tuple[AllowedDocument, ...] = ()
    demoted: tuple[str, ...] = ()
    last_failure: InVainDocument | None = None


class PreviewDocument(Document, frozen=True):
    """What would be sent about an incident: ``body`` is it, to the byte.

    ``left_out``: lines of evidence that there is no room for.
    """

    incident: str
    service: str
    endpoint: str
    body: str
    left_out: int = 0
