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


class CourseDocument(Document, frozen=True):
    """What a service's main process used: one value for each of the times.

    ``cpu``: percent of one core, ``memory``: resident bytes; None where nothing was
    measured.
    """

    name: str
    cpu: tuple[float | None, ...]
    memory: tuple[int | None, ...]


class HostCourseDocument(Document, frozen=True):
    """The host: ``load`` of one minute, ``cpu`` in percent of all ``cores``.

    ``memory``: bytes that new programs can't have, of ``memory_total`` if known.
    """

    cores: int
    memory_total: int | None
    load: tuple[float | None, ...]
    cpu: tuple[float | None, ...]
    memory: tuple[int | None, ...]


class HistoryDocument(Document, frozen=True):
    """The last minutes in few points: each the highest of ``step`` seconds.

    ``times``: when each begins, the oldest first; the last goes on.
    """

    enabled: bool
    interval: float
    step: float
    times: tuple[str, ...]
    host: HostCourseDocument
    services: tuple[CourseDocument, ...] = ()


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
