"""From what the sampler read to what a rule compares."""

from collections.abc import Iterable

from selfhealingd.core.rules.measures import KINDS, Kind, Of, Scope
from selfhealingd.core.rules.rule import Clause, Rule, Threshold
from selfhealingd.core.rules.units import human
from selfhealingd.core.sample import (
    NOTHING,
    UNITS,
    HostSample,
    Metric,
    Needs,
    Sample,
    Unit,
)


def needs(rules: Iterable[Rule]) -> Needs:
    """What has to be measured for these rules, which are of one service or the host."""
    whole = NOTHING
    for rule in rules:
        for clause in (rule.when, rule.until):
            whole |= _needs(rule.scope, clause)
    return whole


def _needs(scope: Scope, clause: Clause) -> Needs:
    kind = KINDS[scope][clause.measure.name]
    if kind.metric is None:
        return NOTHING
    if kind.place:
        return Needs(paths=frozenset({clause.measure.place}))
    metrics = frozenset({kind.metric})
    limited = kind.rest or _is_share(kind.metric, clause.threshold)
    return Needs(metrics=metrics, limits=metrics if limited else frozenset())


def measured(
    kind: Kind, place: str, sample: Sample
) -> tuple[float | None, float | None]:
    """Return value and limit of a measure in a sample, each None where unknown.

    What a drill pretends is part of the value.
    """
    found: Sample | None = sample
    if kind.place:
        paths = sample.paths if isinstance(sample, HostSample) else {}
        found = paths.get(place)
    if found is None or kind.metric is None:
        return None, None
    value, limit = found.values.get(kind.metric), found.limits.get(kind.metric)
    if value is not None and sample.pretended:
        value += sample.pretended.get(kind.metric, 0.0)
    if kind.rest and value is not None:
        value = None if limit is None else max(limit - value, 0.0)
    return value, limit


def bound(
    metric: Metric, threshold: Threshold, limit: float | None, cores: int
) -> float | None:
    """Return a threshold in the metric's unit; None where its limit is unknown."""
    if _is_share(metric, threshold):
        return None if limit is None else threshold.value / 100 * limit
    return threshold.value * (cores if threshold.of is Of.CORE else 1)


def pretended(rule: Rule, sample: Sample) -> str:
    """Say how much of a value is only pretended; nothing, where none of it is."""
    metric = rule.kind.metric
    size = sample.pretended.get(metric, 0.0) if metric is not None else 0.0
    if metric is None or not size:
        return ""
    return f", of which a drill only pretends {human(UNITS[metric], size)}"


def words(rule: Rule, value: float, limit: float | None) -> str:
    """Say what was measured where a rule is met: ``threads: 99 (threads > 80)``."""
    kind = rule.kind
    said = _said(kind, rule.when.threshold, value, limit)
    place = f" on {rule.when.measure.place}" if rule.when.measure.place else ""
    return f"{kind.words}{place}: {said} ({rule.when})"


def _said(kind: Kind, threshold: Threshold, value: float, limit: float | None) -> str:
    if kind.metric is None:
        return human(Unit.COUNT, value)
    plain = human(UNITS[kind.metric], value)
    if limit and _is_share(kind.metric, threshold):
        return f"{plain}, {human(Unit.PERCENT, 100 * value / limit)} of its limit"
    return plain


def _is_share(metric: Metric, threshold: Threshold) -> bool:
    """Whether a threshold is a share of what the metric has at most."""
    if threshold.of is Of.LIMIT:
        return True
    return threshold.unit is Unit.PERCENT and UNITS[metric] is not Unit.PERCENT
