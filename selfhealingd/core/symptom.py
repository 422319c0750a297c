"""What is seen to be wrong with a service, for as long as it is."""

import msgspec

from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Program
from selfhealingd.core.remedy import Hold, Ladder


class Symptom(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong; who looks for it tells when it comes and when it goes.

    ``key`` tells it from the service's others: ``liveness``, ``rule memory > 500MiB``.
    ``words`` say what was seen, ``at`` is since when. ``notice_secs``: how long its
    absence says nothing, since whoever looks needs that time to see it again.
    ``ladder``: what to try; empty for the service's own. ``of_starts``: it is about how
    often the service starts, so it is wrong while that is down, too.
    """

    key: str
    cause: Cause
    words: str
    at: float
    notice_secs: float = 0.0
    ladder: Ladder = ()
    of_starts: bool = False

    @property
    def quiet(self) -> bool:
        """Whether it is only told, and left to a person."""
        return bool(self.ladder) and isinstance(self.ladder[0], Hold)

    @property
    def failing(self) -> bool:
        """Whether its service is not well now, rather than soon or a little."""
        return not self.quiet and self.cause is not Cause.PREDICTION


def ladder(program: Program, symptom: Symptom | None) -> Ladder:
    """Return what is tried: the symptom's own remedies, or those of its service."""
    return (symptom.ladder if symptom else ()) or program.healing.ladder
