"""What is kept of an incident, and what is told of it; keys are camelCase as all are.

The evidence itself holds lines of logs, command lines and names of files: it is for
operators. Its summary holds none of them.
"""

import msgspec

from selfhealingd.wire.diagnosis import ReportDocument
from selfhealingd.wire.documents import Document, IncidentDocument


class SaidDocument(Document, frozen=True):
    """The last lines of one log, oldest first; ``cut``: there was more."""

    path: str
    lines: tuple[str, ...] = ()
    cut: bool = False


class ProcessDocument(Document, frozen=True):
    """One process of a program's tree. ``memory``: resident bytes.

    ``wchan``: the kernel function in which it waits, where that is known.
    """

    pid: int
    parent: int
    state: str
    name: str
    command: str = ""
    threads: int = 1
    memory: int | None = None
    wchan: str | None = None


class OpenedDocument(Document, frozen=True):
    """What is open so many times: a file, or a socket with its ends and state."""

    what: str
    count: int


class FilesDocument(Document, frozen=True):
    """What a process has open. ``looked_at``: so many of them, if there are too many.

    ``most``: what is open most often first.
    """

    open: int
    limit: int | None = None
    looked_at: int | None = None
    most: tuple[OpenedDocument, ...] = ()


class SamplesDocument(Document, frozen=True):
    """What was measured in the last minutes, oldest first; None: not known then."""

    columns: tuple[str, ...]
    rows: tuple[tuple[float | None, ...], ...]


class EvidenceDocument(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """All that was seen of one incident, at most 64 KiB of it.

    ``alive``: its process was there to be looked at. ``seconds``: how long gathering
    took. ``end``: how the run ended, in words; ``core``: where its core dump is, or
    why there is none; ``oom``: that memory was short. ``telling``: the lines of
    ``output`` that say most. ``files``, ``limits``, ``process``, ``kernel_stack`` and
    ``python_stack`` are of the program's own process, ``tree`` is all of it.
    ``changed``: what was different from before. ``missing``: what could not be had,
    and why. ``redacted``: what is secret was taken out before it was kept.
    """

    incident: str
    service: str
    run: int
    taken: str
    seconds: float = 0.0
    alive: bool = False
    pid: int | None = None
    end: str | None = None
    core: str | None = None
    oom: str | None = None
    telling: tuple[str, ...] = ()
    output: tuple[SaidDocument, ...] = ()
    kernel: tuple[str, ...] = ()
    process: dict[str, str] = {}
    kernel_stack: tuple[str, ...] = ()
    python_stack: tuple[str, ...] = ()
    tree: tuple[ProcessDocument, ...] = ()
    files: FilesDocument | None = None
    limits: dict[str, str] = {}
    samples: SamplesDocument | None = None
    host: dict[str, str] = {}
    changed: tuple[str, ...] = ()
    missing: dict[str, str] = {}
    redacted: bool = False


class EvidenceSummary(Document, frozen=True):
    """What there is in the evidence, for those who may not see all of it."""

    taken: str
    alive: bool
    end: str | None
    oom: str | None
    kept: tuple[str, ...]
    missing: tuple[str, ...] = ()


class MomentDocument(Document, frozen=True):
    """One thing that happened while an incident was open."""

    at: str
    words: str
    level: str = "info"


class InquestDocument(Document, frozen=True):
    """One incident from its beginning to its end, or to now.

    ``left_out``: moments in the middle that would be too many to show. ``next``: what
    the engine does next, where that is known; ``do``: what to type. ``diagnosis``:
    what probably went wrong, by rules; its lines are for operators alone.
    ``model_diagnosis``: the same by a model, where one was asked; all of it is for
    operators alone. ``notes``: what more there is to say of what is shown, or of what
    can't be.
    """

    incident: IncidentDocument
    timeline: tuple[MomentDocument, ...] = ()
    left_out: int = 0
    evidence: EvidenceSummary | None = None
    next: str | None = None
    do: tuple[str, ...] = ()
    diagnosis: ReportDocument | None = None
    model_diagnosis: ReportDocument | None = None
    notes: tuple[str, ...] = ()
