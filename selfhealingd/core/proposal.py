"""What a model proposes for a service while its incident is open, and what came of it.

    (none) --advised--> PROPOSED   a person has to approve it
    (none) --advised--> ORDERED    the operator's config allows it by itself
    PROPOSED --approved--> ORDERED --the next attempt begins--> (none)

The end of the incident is the end of both.
"""

from typing import TypeAlias

import msgspec

from selfhealingd.core.breaker import By
from selfhealingd.core.diagnosis import Action

APPROVABLE_SECS = 3600.0
"""For so long a proposal may be approved: what was right an hour ago may not be now."""


MOST_REPLACED = 20


class Replaced(msgspec.Struct, frozen=True):
    """An id that somebody may have read, and why it does not wait any more."""

    id: str
    why: str


class Proposed(msgspec.Struct, frozen=True, kw_only=True, tag="proposed"):
    """Waits for a person's approval, under ``id``, until ``until``.

    ``generation``: that of the service's breaker; ``digest``: of the config that
    concerns the service. Where one has changed, approving it would mean another thing.
    ``replaced``: the last ones in whose place it waits.
    """

    id: str
    incident: str
    action: Action
    at: float
    until: float
    generation: int
    digest: str
    replaced: tuple[Replaced, ...] = ()


class Ordered(msgspec.Struct, frozen=True, kw_only=True, tag="ordered"):
    """Takes the place of the next remedy; ``by`` where a person approved it."""

    incident: str
    action: Action
    at: float
    by: By | None = None


Proposal: TypeAlias = Proposed | Ordered
