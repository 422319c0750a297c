"""What was measured, for whoever shows it."""

import os
from collections.abc import Mapping

import trio

from selfhealingd.anchoring import anchor
from selfhealingd.commands.common import programs
from selfhealingd.control.registry import Call
from selfhealingd.core.evidence import sampled
from selfhealingd.core.raster import Raster, raster
from selfhealingd.core.sample import KEPT, NO_SAMPLE, Metric, Needs, Series
from selfhealingd.system import System
from selfhealingd.wire import measured as doc
from selfhealingd.wire import methods

HOST = frozenset({Metric.LOAD, Metric.MEMORY, Metric.SWAP})
"""What is shown of the host beside its services."""


_NOTHING_KEPT = Series()


async def samples(
    system: System, _call: Call, params: methods.Samples
) -> doc.MeasuredDocument:
    """The last minutes of the named programs, and the host as it is now."""
    names = programs(system, params.names) if params.names else ()
    sampler = system.sampler
    host = await sampler.host(Needs(HOST))
    services = []
    for name in names:
        services.append(_service(system, name, params.last))
        await trio.lowlevel.checkpoint()  # a thousand of them hold up nobody else
    return doc.MeasuredDocument(
        enabled=sampler.enabled(),
        interval=sampler.interval,
        host=doc.HostDocument(values=_words(host.values), limits=_words(host.limits)),
        services=tuple(services),
    )


async def history(
    system: System, _call: Call, params: methods.History
) -> doc.HistoryDocument:
    """The last minutes of services and host, in few points for each."""
    names = params.names or tuple(system.loop.policy.programs)
    names = programs(system, names) if names else ()
    sampler, clock = system.sampler, anchor()
    spans = raster(
        trio.current_time(), interval=sampler.interval, kept=KEPT, points=params.points
    )
    services = []
    for name in names:
        services.append(_course(name, sampler.series(name), spans))
        await trio.lowlevel.checkpoint()  # as above
    host = sampler.host_series
    return doc.HistoryDocument(
        enabled=sampler.enabled(),
        interval=sampler.interval,
        step=spans.step,
        times=tuple(map(clock.rfc3339, spans.starts())),
        host=doc.HostCourseDocument(
            cores=os.cpu_count() or 1,
            memory_total=_whole(sampler.host_limits.get(Metric.MEMORY)),
            load=_points(host, Metric.LOAD, spans),
            cpu=_points(host, Metric.CPU, spans),
            memory=tuple(map(_whole, spans.highest(host.column(Metric.MEMORY)))),
        ),
        services=tuple(services),
    )


def _course(name: str, kept: Series | None, spans: Raster) -> doc.CourseDocument:
    series = kept or _NOTHING_KEPT
    return doc.CourseDocument(
        name=name,
        cpu=_points(series, Metric.CPU, spans),
        memory=tuple(map(_whole, spans.highest(series.column(Metric.MEMORY)))),
    )


def _points(series: Series, metric: Metric, spans: Raster) -> tuple[float | None, ...]:
    values = spans.highest(series.column(metric))
    return tuple(None if value is None else round(value, 2) for value in values)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _service(system: System, name: str, last: int) -> doc.ServiceDocument:
    kept, latest = system.sampler.series(name), system.sampler.latest(name)
    rows = [] if kept is None else kept.samples(last=last)
    return doc.ServiceDocument(
        name=name,
        limits=_words((latest or NO_SAMPLE).limits),
        samples=sampled(rows, trio.current_time(), most=last),
    )


def _words(values: Mapping[Metric, float]) -> dict[str, float]:
    return {metric.value: value for metric, value in values.items()}
