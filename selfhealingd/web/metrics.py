"""Figures as Prometheus reads them.

A part of a metric at a time, so that thousands of services hold up nobody: each takes
a thousandth of a second or two, and others have their turn in between.
"""

from collections.abc import Awaitable, Callable, Iterator

import trio
from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from selfhealingd.web.catalogue import CATALOGUE
from selfhealingd.web.figures import Figures
from selfhealingd.web.rows import Row
from selfhealingd.wire.documents import Status

__all__ = ["CONTENT_TYPE", "PROCESS", "Metrics", "expose"]

FRESH_SECS = 1.0
"""Whoever asks sooner again is given the same: nobody asks Prometheus for less."""

AT_ONCE = 500
"""Samples that are written in one go."""

PROCESS = ProcessCollector(registry=None)
"""The daemon's own process, by the names that every program has for these."""


class Metrics:
    """What is served at ``/metrics``. ``figures`` takes a look beside a status."""

    def __init__(
        self,
        status: Callable[[], Awaitable[Status]],
        figures: Callable[[Status], Awaitable[Figures]],
    ) -> None:
        self._status = status
        self._figures = figures
        self._one = trio.Lock()
        self._text = b""
        self._until = float("-inf")

    async def text(self) -> bytes:
        """Return them as text, of now or of a moment ago."""
        async with self._one:
            if trio.current_time() >= self._until:
                self._text = await expose(await self._figures(await self._status()))
                self._until = trio.current_time() + FRESH_SECS
            return self._text


async def expose(figures: Figures) -> bytes:
    """Write figures in Prometheus's text format."""
    texts = []
    for family in _families(figures):
        for at in range(0, max(len(family.samples), 1), AT_ONCE):
            part = Metric(family.name, family.documentation, family.type)
            part.samples = family.samples[at : at + AT_ONCE]
            text = generate_latest(_Alone(part))
            texts.append(text if at == 0 else _without_head(text))
            await trio.lowlevel.checkpoint()
    return b"".join(texts)


def _without_head(text: bytes) -> bytes:
    """Leave out what is said once of a metric: its help and its type."""
    return text.split(b"\n", 2)[2]


def _families(figures: Figures) -> Iterator[Metric]:
    for row in CATALOGUE:
        yield _family(row, figures)
    yield from PROCESS.collect()


def _family(row: Row, figures: Figures) -> Metric:
    kind = CounterMetricFamily if row.counts else GaugeMetricFamily
    family = kind(row.name, row.help, labels=row.labels)
    for labels, value in row.find(figures):
        family.add_metric(labels, value)
    return family


class _Alone(CollectorRegistry):
    """A registry of one metric, as that is what can be written."""

    def __init__(self, family: Metric) -> None:
        super().__init__()
        self._family = family

    def collect(self) -> Iterator[Metric]:
        """Give it."""
        yield self._family
