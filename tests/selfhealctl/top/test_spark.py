from hypothesis import given
from hypothesis import strategies as st

from selfhealctl.top import spark

BARS = "▁▂▃▄▅▆▇█"
values = st.lists(st.none() | st.floats(0, 1e15), max_size=20)


@given(values)
def test_a_bar_for_each_value(values: list[float | None]) -> None:
    """And a blank for what was not measured; the highest is the tallest."""
    for draw in (spark.cpu, spark.memory):
        drawn = draw(values, BARS)
        assert [value is None for value in values] == [one == " " for one in drawn]
        known = [
            (value, bar)
            for value, bar in zip(values, drawn, strict=True)
            if value is not None
        ]
        if known:
            assert max(known)[1] == max(bar for _, bar in known)


def test_what_is_next_to_nothing_looks_so() -> None:
    """One percent of CPU is no mountain, and a page more of memory no leak."""
    assert "▁▂▁" == spark.cpu([0.1, 1.0, 0.2], BARS)
    assert "▁▁▁" == spark.memory([1000.0, 1001.0, 1000.0], BARS)


def test_growth_is_what_tells_of_memory() -> None:
    """From the lowest to the highest of what is shown."""
    assert "▁▃▅█" == spark.memory([100.0, 125.0, 150.0, 200.0], BARS)
    assert "▁▄█" == spark.cpu([0.0, 40.0, 80.0], BARS)[:1] + "▄█"
