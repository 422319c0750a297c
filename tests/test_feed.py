"""Who follows gets every event, unless it is too slow: then it knows how many not."""

from msgspec.structs import replace

from selfhealingd.feed import KEPT, QUEUED, Feed
from selfhealingd.wire.documents import EventDocument


def event(number: int) -> EventDocument:
    return EventDocument(
        at="2026-11-23T13:09:00.123Z",
        seq=number,
        kind="service.transition",
        component="Supervisor",
        service="web",
        words="running",
    )


async def test_a_follower_gets_what_comes_after_it() -> None:
    """Not what came before: that is asked for with ``last``."""
    feed = Feed()
    feed.publish(event(1))
    with feed.follow() as follower:
        feed.publish(event(2))
        assert event(2) == await follower.events.receive()
        assert [event(1), event(2)] == feed.last(10)
        assert [event(2)] == feed.last(1)
        assert [] == feed.last(0)
        other = replace(event(3), service="db")
        feed.publish(other)
        assert ([other], [event(2)]) == (feed.last(1), feed.last(1, {"web"}))


async def test_a_slow_follower_loses_some_and_slows_nobody() -> None:
    """The newest are lost to it alone, and counted; another one has them all."""
    feed = Feed()
    with feed.follow() as slow, feed.follow() as quick:
        for number in range(QUEUED + 7):
            feed.publish(event(number))
            assert event(number) == await quick.events.receive()
        assert (7, 0) == (slow.missed, quick.missed)
        assert event(0) == await slow.events.receive()


async def test_only_the_latest_are_kept_and_nobody_is_told_after_leaving() -> None:
    """Memory is bounded by what is kept."""
    feed = Feed()
    with feed.follow() as gone:
        pass
    for number in range(KEPT + 5):
        feed.publish(event(number))
    assert [event(5), event(KEPT + 4)] == [feed.last(KEPT * 2)[i] for i in (0, -1)]
    assert KEPT == len(feed.last(KEPT * 2))
    assert 0 == gone.events.statistics().current_buffer_used
