"""What is pretended of a service's memory, from sample to sample."""

from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.leak import BEYOND, LEAKING, Leak, noticing
from selfhealingd.core.rules.grammar import rule
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import Metric, Sample, Series

MIB = 1024.0**2
M = Metric


def rules(*whens: str) -> tuple[Rule, ...]:
    return tuple(rule(when, None, Scope.SERVICE) for when in whens)


def leak(*whens: str) -> Leak:
    return Leak(rules=rules(*whens), began=100.0, rise=10.0)


def sample(at: float, own: float, total: float | None = None) -> Sample:
    values = {M.CPU: 5.0, M.MEMORY: own * MIB}
    if total is not None:
        values[M.MEMORY_TOTAL] = total * MIB
    return Sample(at=at, run=1, values=values, limits={M.MEMORY: 400 * MIB})


def mib(one: Leak, of: Sample) -> dict[Metric, float]:
    return {metric: size / MIB for metric, size in one.added(of).items()}


def test_rules_that_notice_a_leak() -> None:
    """Those that are met by more memory of its own processes, and no other."""
    found = rules("memory > 5MiB", "total memory >= 50% of limit")
    others = rules("memory < 5MiB", "pss > 5MiB", "cpu > 9%", "restarts > 5 in 1h")
    assert found == noticing((*others, *found))


def test_it_grows_to_just_beyond_the_threshold_and_stays_there() -> None:
    """However much of it is real."""
    one = leak("memory > 60MiB")
    assert [0, 10.25, 20.5, 41, 41, 31] == [
        mib(one, sample(at, own))[M.MEMORY]
        for at, own in [
            (100, 20),
            (102.5, 20),
            (105, 20),
            (110, 20),
            (500, 20),
            (9e3, 30),
        ]
    ]
    assert 0 == mib(one, sample(110, 90))[M.MEMORY]


def test_the_lowest_threshold_counts_and_all_memory_leaks() -> None:
    """Of its own process, and so of all; nothing else of it changes."""
    one = leak("memory > 50% of limit", "total memory > 130MiB")
    late = sample(110, 20, 100)
    assert dict.fromkeys(LEAKING, 31) == mib(one, late)
    assert one.rules[1] is one.lowest(late)
    # What is not measured at all is not pretended.
    assert {M.MEMORY: 181} == mib(one, sample(110, 20))


def test_what_is_unknown_is_left_so() -> None:
    """Without the limit that a threshold is a share of, nothing is pretended."""
    one = leak("memory > 50% of limit", "memory > 60% of limit")
    bare = Sample(at=110.0, values={M.MEMORY: MIB})
    assert {} == one.added(bare)
    assert one.lowest(bare) is None
    assert leak("memory > 5MiB").lowest(Sample(at=1.0)) is not None


@given(st.floats(100, 200), st.floats(0, 60))
def test_it_never_goes_further(at: float, own: float) -> None:
    """At no time is more pretended than it takes."""
    added = leak("memory > 60MiB", "memory > 62MiB").added(sample(at, own))[M.MEMORY]
    assert 0 <= added
    assert own * MIB + added < 60 * MIB + BEYOND + 1


def test_what_is_pretended_is_not_kept() -> None:
    """A series, and so evidence and views, has what was measured."""
    kept = Series()
    kept.add(Sample(at=1.0, run=1, values={M.MEMORY: 8.0}, pretended={M.MEMORY: 99.0}))
    assert [Sample(at=1.0, run=1, values={M.MEMORY: 8.0})] == kept.samples()
    assert [(1.0, 8.0)] == kept.column(M.MEMORY)
