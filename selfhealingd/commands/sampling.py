"""What was measured, for whoever shows it."""

from collections.abc import Mapping

import trio

from selfhealingd.commands.common import programs
from selfhealingd.control.registry import Call
from selfhealingd.core.evidence import sampled
from selfhealingd.core.sample import NO_SAMPLE, Metric, Needs
from selfhealingd.system import System
from selfhealingd.wire import measured as doc
from selfhealingd.wire import methods

HOST = frozenset({Metric.LOAD, Metric.MEMORY, Metric.SWAP})
"""What is shown of the host beside its services."""


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
