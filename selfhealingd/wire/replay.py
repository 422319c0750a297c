"""What a replay of the journal tells; keys are camelCase as all are."""

import msgspec

from selfhealingd.wire.documents import Document
from selfhealingd.wire.evidence import MomentDocument


class TallyDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of one service, or of all. ``down``: seconds wanted, but not up.

    ``opened``: how often its breaker opened; ``permanent``: how often for good.
    """

    starts: int = 0
    attempts: int = 0
    healings: int = 0
    failed: int = 0
    incidents: int = 0
    healed: int = 0
    given_up: int = 0
    opened: int = 0
    permanent: int = 0
    down: float = 0.0


class EngineDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of the engine. ``dormant``: how often; for ``dormant_secs`` in all."""

    opened: int = 0
    dormant: int = 0
    dormant_secs: float = 0.0


class ComparedDocument(Document, frozen=True):
    """One service as it was, and as it would have been; None: not compared."""

    name: str
    recorded: TallyDocument | None = None
    otherwise: TallyDocument | None = None


class PartingDocument(Document, frozen=True):
    """Where the two first differ; None: there was nothing, or nothing more."""

    at: str
    service: str | None
    recorded: str | None
    otherwise: str | None


class MismatchDocument(Document, frozen=True):
    """A decision that comes out otherwise than it was recorded."""

    at: str
    recorded: str | None
    decided: str | None


class ReplayDocument(Document, frozen=True):
    """What was recorded from ``since`` to ``until``, decided once more.

    ``records``: from when on there are any. ``lives``: how many daemons wrote them, of
    these ``versions``. ``events`` were decided again; ``mismatches`` of them came out
    otherwise, the first of which are shown. ``unread``: records of no use. ``parting``:
    where the other config first made a difference. ``unknown``: what nobody can know.
    """

    records: str | None
    since: str | None
    until: str | None
    config: str | None = None
    lives: int = 0
    versions: tuple[str, ...] = ()
    events: int = 0
    mismatches: int = 0
    unread: int = 0
    shown: tuple[MismatchDocument, ...] = ()
    engine: EngineDocument = EngineDocument()
    engine_otherwise: EngineDocument | None = None
    total: TallyDocument = TallyDocument()
    total_otherwise: TallyDocument | None = None
    services: tuple[ComparedDocument, ...] = ()
    services_left_out: int = 0
    parting: PartingDocument | None = None
    timeline: tuple[MomentDocument, ...] = ()
    timeline_left_out: int = 0
    unknown: tuple[str, ...] = ()


class Replayed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a replay; or why nothing did, ``mistakes`` in the other config."""

    replay: ReplayDocument | None = None
    problem: str | None = None
    mistakes: tuple[str, ...] = ()


class ReplayedDocument(Document, frozen=True):
    """Notification ``replayed``: the end of that operation, as ``Replayed``."""

    operation: int
    replay: ReplayDocument | None = None
    problem: str | None = None
    mistakes: tuple[str, ...] = ()
