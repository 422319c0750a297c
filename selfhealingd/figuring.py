"""What metrics are made of, collected: nothing in here decides or waits for long."""

import trio
from msgspec.structs import replace

from selfhealingd.anchoring import anchor
from selfhealingd.commands.foretelling import looked_at
from selfhealingd.commands.hooks import documents
from selfhealingd.core.budget import Left
from selfhealingd.core.report import at_rest
from selfhealingd.spending import CannotAsk
from selfhealingd.system import System
from selfhealingd.web.figures import Figures
from selfhealingd.wire.documents import Status

PATIENCE_SECS = 5.0
"""For the loop to come to it; who waits for longer has read enough."""


async def figures(system: System, status: Status) -> Figures:
    """Take a look, beside the ``status`` that there is."""
    counts = system.counts
    policy = system.loop.policy
    found = Figures(
        lag=0.0,
        status=status,
        hooks=documents(system, anchor()),
        limits=await looked_at(system, None),
        events=dict(counts.events),
        opened=dict(counts.opened),
        ended=dict(counts.ended),
        attempts=dict(counts.attempts),
        essential=frozenset(
            name for name, one in policy.programs.items() if one.essential
        ),
        at_rest=at_rest(policy, system.loop.host),
        dormant_after=policy.dormant_after,
        left=await _left(system),
        priced=system.diagnosis.settings.prices is not None,
    )
    return replace(found, lag=await _lag(system))


async def _lag(system: System) -> float:
    begun = trio.current_time()
    with trio.move_on_after(PATIENCE_SECS):
        await system.loop.pulse()
    return trio.current_time() - begun


async def _left(system: System) -> Left | None:
    if not system.diagnosis.keys.ring:
        return None
    try:
        return await system.diagnosis.spending.left()
    except CannotAsk:
        return None  # status says why
