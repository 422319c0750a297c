"""One timer a service, in virtual time."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from selfhealingd.timers import Timers


async def _called(
    timers: Timers, nursery: trio.Nursery
) -> trio.MemoryReceiveChannel[tuple[str, float]]:
    send, receive = trio.open_memory_channel[tuple[str, float]](100)

    async def call(name: str) -> None:
        await send.send((name, trio.current_time()))

    nursery.start_soon(timers.run, call)
    await wait_all_tasks_blocked()
    return receive


async def test_each_is_called_at_its_time(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """In the order of times, whatever the order of asking."""
    timers, begin = Timers(), autojump_clock.current_time()
    calls = await _called(timers, nursery)
    for name, after in (("c", 30.0), ("a", 10.0), ("b", 20.0)):
        timers.set(name, begin + after)
    with trio.fail_after(100):
        called = [await calls.receive() for _ in range(3)]
    expected = [("a", begin + 10), ("b", begin + 20), ("c", begin + 30)]
    assert expected == called


async def test_a_new_time_replaces_the_old_one(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Later, earlier, or never: only the latest word counts."""
    timers, begin = Timers(), autojump_clock.current_time()
    calls = await _called(timers, nursery)
    timers.set("later", begin + 5)
    timers.set("later", begin + 50)
    timers.set("earlier", begin + 60)
    timers.set("earlier", begin + 7)
    timers.set("never", begin + 6)
    timers.set("never", None)
    with trio.fail_after(1000):
        called = [await calls.receive() for _ in range(2)]
        assert [("earlier", begin + 7), ("later", begin + 50)] == called
        await trio.sleep(500)
    assert 0 == calls.statistics().current_buffer_used


async def test_a_time_in_the_past_is_now(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """A deadline that was missed is not forgotten."""
    timers, begin = Timers(), autojump_clock.current_time()
    calls = await _called(timers, nursery)
    timers.set("late", begin - 100)
    with trio.fail_after(1):
        assert ("late", begin) == await calls.receive()


async def test_what_is_asked_for_again_and_again_does_not_pile_up(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """The same time asked for a thousand times is one call."""
    timers, begin = Timers(), autojump_clock.current_time()
    calls = await _called(timers, nursery)
    for _ in range(1000):
        timers.set("web", begin + 1)
    with trio.fail_after(100):
        await calls.receive()
        await trio.sleep(10)
    assert 0 == calls.statistics().current_buffer_used
