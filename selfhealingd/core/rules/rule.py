"""A rule: what is measured, from where on it is too much, and for how long."""

from enum import Enum
from typing import TypeAlias, assert_never

import msgspec

from selfhealingd.core.remedy import Ladder
from selfhealingd.core.rules.measures import KINDS, Kind, Of, Scope
from selfhealingd.core.rules.units import exact
from selfhealingd.core.sample import Unit


class Op(Enum):
    """How a value is compared."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    @property
    def upward(self) -> bool:
        """Whether more is worse."""
        return self in {Op.ABOVE, Op.AT_LEAST}

    @property
    def opposite(self) -> "Op":
        """What holds exactly where this doesn't."""
        return _OPPOSITES[self]

    def holds(self, value: float, bound: float) -> bool:
        """Whether ``value`` is so, compared with ``bound``."""
        match self:
            case Op.ABOVE:
                return value > bound
            case Op.AT_LEAST:
                return value >= bound
            case Op.BELOW:
                return value < bound
            case Op.AT_MOST:
                return value <= bound
            case _:
                assert_never(self)


_OPPOSITES = {
    Op.ABOVE: Op.AT_MOST,
    Op.AT_LEAST: Op.BELOW,
    Op.BELOW: Op.AT_LEAST,
    Op.AT_MOST: Op.ABOVE,
}


class Measure(msgspec.Struct, frozen=True):
    """What is measured; ``place`` is a path where ``name`` needs one."""

    name: str
    place: str = ""

    def __str__(self) -> str:
        if not self.place:
            return self.name
        plain = self.place.isprintable() and not set(self.place) & set(' "')
        return f"{self.name} {self.place}" if plain else f'{self.name} "{self.place}"'


class Threshold(msgspec.Struct, frozen=True):
    """A value to compare with, in the base unit: bytes, seconds, percent."""

    value: float
    unit: Unit
    of: Of = Of.ITSELF

    def __str__(self) -> str:
        return f"{exact(self.unit, self.value)} {self.of.value}".rstrip()


class Samples(msgspec.Struct, frozen=True, tag="samples"):
    """For so many of the latest samples; ``count`` = ``of``: in a row."""

    count: int = 1
    of: int = 1

    def __str__(self) -> str:
        if self.of > self.count:
            return f"for {self.count} of {self.of} samples"
        if self.count > 1:
            return f"for {self.count} samples"
        return ""


class Lasting(msgspec.Struct, frozen=True, tag="lasting"):
    """For so long, without a sample that says otherwise."""

    secs: float

    def __str__(self) -> str:
        return f"for {exact(Unit.SECONDS, self.secs)}"


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """So many within the latest seconds."""

    secs: float

    def __str__(self) -> str:
        return f"in {exact(Unit.SECONDS, self.secs)}"


Window: TypeAlias = Samples | Lasting | Counted


class Clause(msgspec.Struct, frozen=True):
    """What has to be seen, and for how long: ``memory > 500MiB for 3 of 5 samples``."""

    measure: Measure
    op: Op
    threshold: Threshold
    window: Window = Samples()

    def __str__(self) -> str:
        words = f"{self.measure} {self.op.value} {self.threshold} {self.window}"
        return words.rstrip()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """``when`` makes it a symptom; ``clear`` ends it, None: as many good samples.

    ``ladder``: what to try; empty for the service's own. ``critical``: how bad it is,
    of the host.
    """

    scope: Scope
    when: Clause
    clear: Clause | None = None
    ladder: Ladder = ()
    critical: bool = False

    def __str__(self) -> str:
        return str(self.when)

    @property
    def key(self) -> str:
        """Its symptom's key."""
        return f"rule {self.when}"

    @property
    def kind(self) -> Kind:
        """What is known of its measure."""
        return KINDS[self.scope][self.when.measure.name]

    @property
    def until(self) -> Clause:
        """What clears it, also where that is not written."""
        if self.clear is not None:
            return self.clear
        match self.when.window:
            case Samples(count=count):
                window: Window = Samples(count, count)
            case Lasting() | Counted() as same:
                window = same
            case _:
                assert_never(self.when.window)
        return msgspec.structs.replace(
            self.when, op=self.when.op.opposite, window=window
        )

    def window_secs(self, interval: float) -> float:
        """Seconds in which it can be seen again, sampled each ``interval`` seconds."""
        match self.when.window:
            case Samples(of=of):
                return of * interval
            case Lasting(secs=secs):
                return secs + interval
            case Counted():
                return 0.0
            case _:
                assert_never(self.when.window)
