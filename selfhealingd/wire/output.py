"""What is answered about programs' output, and the notifications that carry it."""

from selfhealingd.wire.documents import Document


class LogDocument(Document, frozen=True):
    """One log that is shown.

    A file that several write to is shown once, as that of the first.
    """

    name: str
    stream: str
    path: str


class ElsewhereDocument(Document, frozen=True):
    """Output that is in no log; ``hint`` is the command that shows it, if one does."""

    name: str
    stream: str
    words: str
    hint: str | None = None


class Tailing(Document, frozen=True):
    """What is shown from here on, by notifications, and what cannot be."""

    logs: tuple[LogDocument, ...]
    elsewhere: tuple[ElsewhereDocument, ...] = ()


class OutputDocument(Document, frozen=True):
    """Notification ``output``: some of a log, in order. ``data`` is base64."""

    name: str
    stream: str
    data: bytes


class SkippedDocument(Document, frozen=True):
    """Notification ``skipped``: at this place some of a log is missing."""

    name: str
    stream: str
    words: str


class EndedDocument(Document, frozen=True):
    """Notification ``ended``: no more comes of a log; ``problem``: why too soon."""

    name: str
    stream: str
    problem: str | None = None
