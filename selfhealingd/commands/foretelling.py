"""The method that looks ahead."""

from msgspec.structs import replace

from selfhealingd.commands.common import programs
from selfhealingd.control.registry import Call
from selfhealingd.core.foreseen import Seen, sentence
from selfhealingd.core.sample import UNITS
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import ForecastDocument

_HOUR = 3600.0

STALE_SECS = 300.0
"""Nothing is foreseen by what was measured so long ago."""


async def forecast(
    system: System, _call: Call, params: methods.Some
) -> tuple[ForecastDocument, ...]:
    """All that has a limit, what is soonest at it first; of these services alone."""
    names = frozenset(programs(system, params.names)) if params.names else None
    known = await looked_at(system, names)
    return tuple(_document(one) for one in sorted(known, key=_order))


async def looked_at(system: System, names: frozenset[str] | None) -> tuple[Seen, ...]:
    """All that has a limit, as it is now; None: of every service and of the host."""
    found = await system.judging.foresight.seen(names)
    return tuple(
        replace(one, found=None) if one.age > STALE_SECS else one for one in found
    )


def _order(seen: Seen) -> tuple[float, str, str]:
    left = float("inf") if seen.found is None else seen.found.left
    return left, seen.service or "", seen.name


def _document(seen: Seen) -> ForecastDocument:
    found = seen.found
    return ForecastDocument(
        service=seen.service,
        what=seen.name,
        unit=UNITS[seen.metric].value,
        value=seen.value,
        limit=seen.limit,
        limit_by=seen.by,
        looked=seen.looked,
        words=sentence(seen),
        told=seen.told,
        age=seen.age,
        per_hour=None if found is None else found.slope * _HOUR,
        left=None if found is None else found.left,
        earliest=None if found is None else found.earliest,
        latest=None if found is None else found.latest,
        confidence=None if found is None else found.confidence,
    )
