"""What was measured, for whoever shows it."""

from collections.abc import Mapping

import trio

from selfhealingd.commands.common import programs
from selfhealingd.control.registry import Call
from selfhealingd.core.sample import NO_SAMPLE, Metric, Needs, Sample
from selfhealingd.system import System
from selfhealingd.wire import documents as doc
from selfhealingd.wire import methods

HOST = frozenset({Metric.LOAD, Metric.MEMORY, Metric.SWAP})
"""What is shown of the host beside its services."""


async def samples(
    system: System, _call: Call, params: methods.Samples
) -> doc.SamplesDocument:
    """The last minutes of the named programs, and the host as it is now."""
    names = programs(system, params.names) if params.names else ()
    sampler = system.sampler
    host = await sampler.host(Needs(HOST))
    services = []
    for name in names:
        services.append(_service(system, name, params.last))
        await trio.lowlevel.checkpoint()  # a thousand of them hold up nobody else
    return doc.SamplesDocument(
        enabled=sampler.enabled(),
        interval=sampler.interval,
        host=doc.HostDocument(values=_words(host.values), limits=_words(host.limits)),
        services=tuple(services),
    )


def _service(system: System, name: str, last: int) -> doc.SeriesDocument:
    now = trio.current_time()
    kept = system.sampler.series(name)
    rows = [] if kept is None else kept.samples(last=last)
    metrics = dict.fromkeys(metric for row in rows for metric in row.values)
    latest = system.sampler.latest(name)
    return doc.SeriesDocument(
        name=name,
        run=rows[-1].run if rows else 0,
        ago=tuple(round(now - row.at, 2) for row in rows),
        values={metric.value: _column(metric, rows) for metric in metrics},
        limits=_words((latest or NO_SAMPLE).limits),
    )


def _column(metric: Metric, rows: list[Sample]) -> tuple[float | None, ...]:
    return tuple(
        None if (value := row.values.get(metric)) is None else round(value, 2)
        for row in rows
    )


def _words(values: Mapping[Metric, float]) -> dict[str, float]:
    return {metric.value: value for metric, value in values.items()}
