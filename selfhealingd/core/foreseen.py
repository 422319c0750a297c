"""What is foreseen of one value with a limit, and how that is said."""

import msgspec

from selfhealingd.core.rules.measures import KINDS, Scope, see
from selfhealingd.core.rules.units import human
from selfhealingd.core.sample import UNITS, Metric
from selfhealingd.core.spans import span
from selfhealingd.core.trend import Forecast

_MINUTE = 60.0
_NAMES = {
    scope: {kind.metric: name for name, kind in kinds.items() if not kind.rest}
    for scope, kinds in KINDS.items()
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One value, how it is and what will become of it.

    ``service`` None: the host's; ``place``: the path of a file system. ``by``: what
    sets the limit. ``looked``: seconds that it was looked at, its warm-up left out.
    ``told``: whether there is a warning. ``found``: None where nothing is foreseen.
    ``age``: seconds since ``value`` was measured.
    """

    service: str | None
    metric: Metric
    value: float
    limit: float
    looked: float
    place: str = ""
    by: str = "its limit"
    told: bool = False
    found: Forecast | None = None
    age: float = 0.0

    @property
    def name(self) -> str:
        """What is measured, by the name that rules have for it."""
        scope = Scope.HOST if self.service is None else Scope.SERVICE
        return f"{_NAMES[scope][self.metric]} {self.place}".rstrip()

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"forecast {self.service or 'host'} {self.name}"


def sentence(seen: Seen) -> str:
    """Say how it is, and when it will be at its limit if that is foreseen."""
    unit = UNITS[seen.metric]
    now = f"{seen.name} is at {human(unit, seen.value)}"
    limit = f"{seen.by} ({human(unit, seen.limit)})"
    if seen.value >= seen.limit:
        return f"{now}: at {limit}"
    if seen.found is None:
        return f"{now} of {limit}"
    return f"{now} and reaches {limit} {_when(seen.found.left)}"


def advice(seen: Seen) -> str:
    """What to type about it."""
    if seen.service is not None:
        return (
            f"see: selfhealctl forecast {seen.service}; when it suits:"
            f" selfhealctl restart {seen.service}"
        )
    measure = seen.name.partition(" ")[0]
    return f"see: selfhealctl forecast; what it is: {see(measure, seen.place)}"


def _when(left: float) -> str:
    if left < _MINUTE:
        return "in less than a minute"
    return f"in about {span(round(left / _MINUTE) * _MINUTE)}"
