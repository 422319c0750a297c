"""What metrics are made of: the status, and what is counted or costs a look."""

from collections.abc import Mapping

import msgspec

from selfhealingd.core.budget import Left
from selfhealingd.core.foreseen import Seen
from selfhealingd.wire.documents import HookDocument, Status


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One moment. ``lag``: seconds that the loop took to answer.

    ``limits``: all that has one. ``events``, ``opened``, ``ended``, ``attempts``: see
    ``counting``. ``essential``: services whose end for good is the daemon's;
    ``at_rest``: those that are down as they should be.
    ``dormant_after``: so many failures in a row make the engine dormant.
    ``left``: of a model's budget, None where none is asked; ``priced``: what its calls
    cost is known.
    """

    lag: float
    status: Status
    hooks: tuple[HookDocument, ...] = ()
    limits: tuple[Seen, ...] = ()
    events: Mapping[str, int] = {}
    opened: Mapping[str, int] = {}
    ended: Mapping[str, int] = {}
    attempts: Mapping[tuple[str, str], int] = {}
    essential: frozenset[str] = frozenset()
    at_rest: frozenset[str] = frozenset()
    dormant_after: int
    left: Left | None = None
    priced: bool = False
