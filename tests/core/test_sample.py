from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.sample import (
    LIMITED_OF_HOST,
    LIMITED_OF_SERVICE,
    NOTHING,
    OF_HOST,
    OF_SERVICE,
    UNITS,
    Metric,
    Needs,
    Sample,
    Series,
    Unit,
)

CPU, MEMORY = Metric.CPU, Metric.MEMORY


def sample(at: float, values: Mapping[Metric, float], run: int = 1) -> Sample:
    return Sample(at=at, run=run, values=values)


floats = st.floats(0, 2**24, width=32)
rows = st.lists(
    st.tuples(
        st.integers(1, 3), st.dictionaries(st.sampled_from([*Metric][:4]), floats)
    ),
    max_size=30,
)


@given(rows, st.integers(1, 12))
def test_a_series_holds_the_last_samples(
    rows: list[tuple[int, dict[Metric, float]]], kept: int
) -> None:
    """It is a list that forgets its head, whatever is known in each sample."""
    series = Series(kept)
    expected = []
    for number, (run, values) in enumerate(rows):
        series.add(sample(number, values, run))
        expected.append(sample(number, values, run))
        expected = expected[-kept:]
        assert expected == series.samples()
        assert len(expected) == len(series)
    for metric in Metric:
        known = [(s.at, s.values[metric]) for s in expected if metric in s.values]
        assert known == series.column(metric)
    assert [s for s in expected if s.run == 2] == series.samples(run=2)


def test_an_unknown_value_is_no_zero() -> None:
    """A sample in which a metric could not be read does not show in its column."""
    series = Series()
    series.add(sample(1, {MEMORY: 10}))
    series.add(sample(2, {}))
    series.add(sample(3, {MEMORY: 30, CPU: 0}))
    assert [(1, 10), (3, 30)] == series.column(MEMORY)
    assert [(3, 0)] == series.column(CPU)


def test_a_run_has_its_own_samples() -> None:
    """What an earlier run did is not taken for the slope of this one."""
    series = Series()
    series.add(sample(1, {MEMORY: 900}, run=1))
    series.add(sample(2, {MEMORY: 10}, run=2))
    assert [(2, 10)] == series.column(MEMORY, run=2)


def test_needs_add_up() -> None:
    """Several who ask are served by one read."""
    one = Needs(metrics=frozenset({CPU}))
    other = Needs(limits=frozenset({MEMORY}), paths=frozenset({"/"}))
    both = Needs(frozenset({CPU}), frozenset({MEMORY}), frozenset({"/"}))
    assert both == one | other
    assert one
    assert not NOTHING
    assert NOTHING | one == one


@pytest.mark.parametrize("metric", Metric)
def test_each_metric_is_of_something_and_has_a_unit(metric: Metric) -> None:
    """No word of a rule is left without a meaning."""
    assert metric in OF_SERVICE | OF_HOST
    assert UNITS[metric] in Unit


def test_limits_are_of_what_there_is() -> None:
    """Nothing has a limit that isn't measured."""
    assert LIMITED_OF_SERVICE <= OF_SERVICE
    assert LIMITED_OF_HOST <= OF_HOST
