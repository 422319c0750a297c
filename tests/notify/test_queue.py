"""What waits is bounded, in number and in speed."""

import trio
from trio.testing import MockClock

from selfhealingd.notify.queue import FOR_PEOPLE, QUEUED, USUAL, Queue


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
    assert [0.0] * USUAL.burst == times[: USUAL.burst]
    took = (QUEUED - USUAL.burst) / USUAL.per_second
    assert abs(times[-1] - took) < 0.01


async def test_calm_gives_the_burst_back(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Whoever rested may be as quick as at first."""
    queue = Queue[int]()
    for _ in range(2):
        for number in range(USUAL.burst):
            queue.put(number)
        began = trio.current_time()
        for _ in range(USUAL.burst):
            await queue.get()
        assert began == trio.current_time()
        await trio.sleep(USUAL.burst / USUAL.per_second)


async def test_it_can_be_told_to_hurry(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Who waits for its time goes on at once, and nobody waits after that."""
    queue = Queue[int](FOR_PEOPLE)
    for number in range(2 * FOR_PEOPLE.burst):
        queue.put(number)
    for _ in range(FOR_PEOPLE.burst):
        await queue.get()
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.get)
        await trio.sleep(1)
        queue.hurry()
    for _ in range(FOR_PEOPLE.burst - 1):
        await queue.get()
    await queue.pause(1000)
    assert began + 1 == trio.current_time()
