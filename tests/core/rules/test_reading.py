"""What has to be read for rules, and what they compare."""

import pytest

from selfhealingd.core.rules.grammar import parse, rule
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.reading import bound, measured, needs, words
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import NOTHING, HostSample, Metric, Needs, Sample

M = Metric
MIB = 1024**2


def of(when: str, clear: str | None = None) -> Rule:
    return rule(when, clear, Scope.SERVICE)


def host(when: str) -> Rule:
    return rule(when, None, Scope.HOST)


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        (of("memory > 5MiB"), Needs(frozenset({M.MEMORY}))),
        (
            of("fds > 80% of limit"),
            Needs(frozenset({M.FDS}), frozenset({M.FDS})),
        ),
        (of("cpu > 90%"), Needs(frozenset({M.CPU}))),
        (of("cpu > 90% of limit"), Needs(frozenset({M.CPU}), frozenset({M.CPU}))),
        (of("restarts > 5 in 1h"), NOTHING),
        (host("memory > 90%"), Needs(frozenset({M.MEMORY}), frozenset({M.MEMORY}))),
        (host("memory > 1GiB"), Needs(frozenset({M.MEMORY}))),
        (
            host("free memory < 1GiB"),
            Needs(frozenset({M.MEMORY}), frozenset({M.MEMORY})),
        ),
        (host("disk /var > 90%"), Needs(paths=frozenset({"/var"}))),
        (host("io pressure > 9%"), Needs(frozenset({M.PSI_IO_SOME}))),
    ],
)
def test_only_what_is_compared_is_read(which: Rule, wanted: Needs) -> None:
    """A limit is asked for where a share of it is meant, and nowhere else."""
    assert wanted == needs([which])
    assert wanted == needs([which, which])


VAR = Sample(
    at=0.0,
    values={M.DISK: 30.0 * MIB, M.INODES: 10.0},
    limits={M.DISK: 40.0 * MIB, M.INODES: 100.0},
)
HERE = HostSample(
    at=0.0,
    values={M.MEMORY: 600.0 * MIB, M.LOAD: 5.0, M.PSI_CPU_SOME: 7.0},
    limits={M.MEMORY: 1000.0 * MIB},
    paths={"/var": VAR},
)


@pytest.mark.parametrize(
    ("when", "value", "against", "said"),
    [
        ("memory > 50%", 600 * MIB, 500 * MIB, "memory in use: 600 MiB, 60 % of its"),
        ("memory > 1MiB", 600 * MIB, MIB, "memory in use: 600 MiB (memory > 1MiB)"),
        ("free memory < 50%", 400 * MIB, 500 * MIB, "memory left: 400 MiB, 40 % of"),
        ("free memory < 1MiB", 400 * MIB, MIB, "memory left: 400 MiB (free memory"),
        ("disk /var > 75%", 30 * MIB, 30 * MIB, "space in use on /var: 30 MiB, 75 %"),
        ("free disk /var < 5MiB", 10 * MIB, 5 * MIB, "space left on /var: 10 MiB (fr"),
        ("inodes /var > 50%", 10, 50, "inodes in use on /var: 10, 10 % of its limit"),
        ("load > 2 per core", 5, 8, "load of 1 min: 5 (load > 2 per core)"),
        ("load > 3", 5, 3, "load of 1 min: 5 (load > 3)"),
        ("cpu pressure > 5%", 7, 5, "cpu pressure: 7 % (cpu pressure > 5%)"),
    ],
)
def test_shares_and_rests_of_the_host(
    when: str, value: float, against: float, said: str
) -> None:
    """A percentage of what isn't one is of its whole; "free" is what is left of it."""
    which = host(when)
    kind, metric = which.kind, which.kind.metric
    assert metric is not None
    found, limit = measured(kind, which.when.measure.place, HERE)
    assert value == found
    assert against == bound(metric, which.when.threshold, limit, cores=4)
    assert words(which, value, limit).startswith(said)


@pytest.mark.parametrize("when", ["fds > 5", "fds > 5% of limit", "cpu > 5%"])
def test_what_is_not_there_is_unknown(when: str) -> None:
    """Neither zero nor a failure."""
    which = of(when)
    assert (None, None) == measured(which.kind, "", Sample(at=0.0))


def test_a_disk_that_does_not_answer_is_unknown() -> None:
    """So is one whose limit is not known, where that is needed."""
    for when in ("disk /srv > 5%", "free disk /srv < 5MiB"):
        assert (None, None) == measured(host(when).kind, "/srv", HERE)
    kind = host("free memory < 5MiB").kind
    blind = HostSample(at=0.0, values={M.MEMORY: 5.0})
    assert (None, None) == measured(kind, "", blind)
    half = parse("memory > 50%", Scope.HOST).threshold
    assert bound(M.MEMORY, half, None, cores=4) is None


def test_restarts_are_told_as_a_number() -> None:
    """What is counted has no metric."""
    said = words(of("restarts > 5 in 10min"), 6, None)
    assert "restarts: 6 (restarts > 5 in 10min)" == said
