"""What was measured, for whoever shows it.

Units: percent of one core, bytes, bytes a second, seconds, or a number of things.
"""

from selfhealingd.wire.documents import Document
from selfhealingd.wire.evidence import SamplesDocument


class ServiceDocument(Document, frozen=True):
    """A service's last samples, and those limits that are known.

    ``samples`` is None where nothing was measured.
    """

    name: str
    limits: dict[str, float]
    samples: SamplesDocument | None


class HostDocument(Document, frozen=True):
    """The host now: values by metric, and what there is of each at most."""

    values: dict[str, float]
    limits: dict[str, float]


class MeasuredDocument(Document, frozen=True):
    """Services and host. ``enabled``: by its flag; ``interval``: seconds."""

    enabled: bool
    interval: float
    host: HostDocument
    services: tuple[ServiceDocument, ...] = ()
