"""A leak that is only pretended: bytes that rules are told of, and nobody has.

What is measured stays as it is; a sample carries the bytes beside it, for rules alone.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from selfhealingd.core.rules.reading import bound
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import Metric, Sample

LEAKING = frozenset({Metric.MEMORY, Metric.MEMORY_TOTAL})
"""What more memory of its process adds to, byte for byte."""

RISE = 5
"""Samples over which it grows: it has to be seen to, and nobody waits for longer."""

BEYOND = 1024.0**2
"""Bytes beyond the threshold: it is met, and hardly any other is."""


def noticing(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return those of a service's rules that notice that it leaks."""
    return tuple(
        rule for rule in rules if rule.kind.metric in LEAKING and rule.when.op.upward
    )


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """What is pretended of a run.

    ``rules``: those that notice it. ``began``: seconds on trio's clock; it grows for
    ``rise`` seconds.
    """

    rules: tuple[Rule, ...]
    began: float
    rise: float

    def added(self, sample: Sample) -> Mapping[Metric, float]:
        """Return what is added to a sample, in bytes; it may be nothing."""
        lacks = [lack for lack, _ in self._lacks(sample)]
        if not lacks:
            return {}
        share = min((sample.at - self.began) / self.rise, 1.0)
        size = share * max(min(lacks) + BEYOND, 0.0)
        return dict.fromkeys(LEAKING & sample.values.keys(), size)

    def lowest(self, sample: Sample) -> Rule | None:
        """Return the rule that is met first; None where that isn't known."""
        if len(self.rules) == 1:
            return self.rules[0]
        lacks = sorted(self._lacks(sample), key=lambda one: one[0])
        return lacks[0][1] if lacks else None

    def _lacks(self, sample: Sample) -> Iterator[tuple[float, Rule]]:
        """How many bytes each rule is from its threshold, where that is known."""
        for rule in self.rules:
            metric = rule.kind.metric
            if metric is None or metric not in sample.values:
                continue
            limit = sample.limits.get(metric)
            most = bound(metric, rule.when.threshold, limit, cores=1)
            if most is not None:
                yield most - sample.values[metric], rule
