"""A time is shown alike at each look, and right once a clock was set."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.anchoring import JUMP_SECS, Anchoring, anchor

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SMALL = st.floats(-JUMP_SECS / 2, JUMP_SECS / 2)


@given(late=st.lists(st.tuples(st.floats(0, 1e6), SMALL)), first=SMALL)
def test_clocks_that_are_read_one_after_the_other(
    late: list[tuple[float, float]], first: float
) -> None:
    """What passes in between is not seen, however often one looks."""
    anchoring = Anchoring()
    kept = anchoring.at(5.0, NOON + timedelta(seconds=first))
    for now, off in late:
        utc = NOON + timedelta(seconds=now + off)
        assert kept is anchoring.at(5.0 + now, utc)


def test_a_clock_that_was_set() -> None:
    """From then on times are told by it."""
    anchoring = Anchoring()
    anchoring.at(5.0, NOON)
    after = anchoring.at(6.0, NOON + timedelta(seconds=1.5))
    assert NOON + timedelta(seconds=1.5) == after.to_utc(6.0)
    assert after is anchoring.at(7.0, NOON + timedelta(seconds=2.5))


async def test_two_looks_at_the_clocks() -> None:
    """Are the same one."""
    assert anchor() is anchor()
