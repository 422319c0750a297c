"""What waits is bounded, in number and in speed."""

import trio
from trio.testing import MockClock

from selfhealingd.notify.queue import BURST, PER_SECOND, QUEUED, Queue


async def test_in_order(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """First in, first out; who comes early waits."""
    queue = Queue[int]()
    got = []

    async def take() -> None:
        got.extend([await queue.get() for _ in range(3)])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        for number in range(3):
            await trio.sleep(1)
            assert not queue.put(number)
    assert [0, 1, 2] == got


async def test_the_oldest_are_dropped(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """A full queue has the latest, and knows how many are lost."""
    queue = Queue[int]()
    dropped = [queue.put(number) for number in range(QUEUED + 5)]
    assert [False] * QUEUED + [True] * 5 == dropped
    assert (QUEUED, 5) == (len(queue), queue.dropped)
    assert await queue.get() == 5


async def test_a_storm_is_slowed_down(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """After a burst at once, only so many a second."""
    queue = Queue[int]()
    for number in range(QUEUED):
        queue.put(number)
    began = trio.current_time()
    times = []
    for _ in range(QUEUED):
        await queue.get()
        times.append(trio.current_time() - began)
    assert [0.0] * BURST == times[:BURST]
    took = (QUEUED - BURST) / PER_SECOND
    assert abs(times[-1] - took) < 0.01


async def test_calm_gives_the_burst_back(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Whoever rested may be as quick as at first."""
    queue = Queue[int]()
    for _ in range(2):
        for number in range(BURST):
            queue.put(number)
        began = trio.current_time()
        for _ in range(BURST):
            await queue.get()
        assert began == trio.current_time()
        await trio.sleep(BURST / PER_SECOND)
