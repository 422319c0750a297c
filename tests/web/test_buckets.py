"""Token buckets: so many at once, then so many a second, of each address."""

from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.web.buckets import Buckets, Rate

RATE = Rate(burst=3, a_second=2)


def test_a_burst_then_a_rate() -> None:
    """What is refused costs nothing; waiting as long as told is enough."""
    buckets = Buckets(RATE)
    assert [0, 0, 0, 0.5, 0.5] == [buckets.take("a", 10) for _ in range(5)]
    assert 0 == buckets.take("a", 10.5)
    assert 0.25 == buckets.take("a", 10.75)
    assert 0 == buckets.take("b", 10.75)
    assert [0, 0, 0, 0.5] == [buckets.take("a", 1000) for _ in range(4)]


def test_few_addresses_are_remembered() -> None:
    """Whoever has many costs no memory; the one seen longest ago is forgotten."""
    buckets = Buckets(Rate(burst=1, a_second=1), most=2)
    assert [0, 0, 1, 0, 0] == [buckets.take(one, 0) for one in "abbcd"]
    assert 0 == buckets.take("a", 0)


@given(st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_allowed(steps: list[float]) -> None:
    """In any time from the first on: the burst, and the rate times that time."""
    buckets, now, taken = Buckets(RATE), 0.0, 0
    for step in steps:
        now += step
        taken += buckets.take("a", now) == 0
        assert taken <= RATE.burst + RATE.a_second * now + 1e-6
