"""A history has the lowest of each half minute, and remembers where it was."""

from selfhealingd.core.history import (
    BLOCK,
    BLOCKS,
    BUCKET_SECS,
    BUCKETS,
    GAP,
    WARM_UP_SECS,
    History,
)

WARM = int(WARM_UP_SECS / BUCKET_SECS)


def full(number: int) -> History:
    """A history of so many half minutes, of which each has its number as value."""
    history = History(0)
    for n in range(number + 1):
        history.add(n * BUCKET_SECS, n)
    return history


def test_the_lowest_counts() -> None:
    """A spike within a half minute is not seen; its end is what completes it."""
    history = History(-1000)
    added = [history.add(at, v) for at, v in ((0, 5), (5, 3), (10, 99), (30, 7))]
    assert [False, False, False, True] == added
    assert [(5, 3)] == history.points()


def test_the_warm_up_is_no_trend() -> None:
    """It is remembered as where the run has been, though."""
    history = full(WARM + 3)
    assert [WARM, WARM + 1, WARM + 2] == [value for _, value in history.points()]
    assert list(range(WARM)) == history.before()


def test_what_is_older_than_an_hour() -> None:
    """Ten minutes at a time are remembered by the highest but one."""
    history = full(BUCKETS + BLOCK + 2)
    assert BUCKETS == len(history.points())
    assert [BLOCK - 2] * BLOCK + [BLOCK, BLOCK + 1] == history.before()


def test_a_day_is_enough() -> None:
    """However long it runs, no more is kept."""
    history = full(BUCKETS + BLOCK * BLOCKS + 5 * BLOCK)
    assert BLOCKS * BLOCK == len(history.before())


def test_a_gap_begins_anew() -> None:
    """What nobody looked at for minutes may have been anything meanwhile."""
    history = full(WARM + 5)
    later = (WARM + 5 + GAP + 1) * BUCKET_SECS
    assert not history.add(later, 1)
    assert [] == history.points()
    assert [] == history.before()
    assert history.add(later + BUCKET_SECS, 2)


def test_a_slower_pace() -> None:
    """For what moves slowly all of it takes longer."""
    history = History(0, pace=10)
    ats = [at for at in range(0, 3000, 100) if history.add(at, 1)]
    assert [300 * n for n in range(1, 10)] == ats
