"""Threads that fork stay, are few, and hold nothing up."""

import threading

import pytest
import trio

from selfhealingd.supervise.forkers import begin_in_forker, in_forker


async def test_threads_stay_and_are_used_again() -> None:
    """One after the other, work is done in the same thread, which goes on living."""
    one = trio.CapacityLimiter(1)
    first = await in_forker(threading.current_thread, one)
    assert first.is_alive()
    assert first is not threading.main_thread()
    assert {first} == {await in_forker(threading.current_thread, one) for _ in range(9)}


async def test_no_more_at_once_than_allowed() -> None:
    """Work beyond the limit waits; what is done makes room."""
    two = trio.CapacityLimiter(2)
    done = []

    async def work(barrier: threading.Barrier) -> None:
        done.append(await in_forker(barrier.wait, two))

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            barrier = threading.Barrier(2)  # broken by any other number at once
            for _ in range(10):
                nursery.start_soon(work, barrier)
    assert [0] * 5 + [1] * 5 == sorted(done)
    assert 0 == two.borrowed_tokens


async def test_what_it_raises() -> None:
    """An error of the work is raised where it is awaited; the thread goes on."""
    one = trio.CapacityLimiter(1)
    with pytest.raises(ZeroDivisionError):
        await in_forker(lambda: 1 // 0, one)
    assert 1 == await in_forker(lambda: 1, one)


async def test_work_that_is_begun_at_once() -> None:
    """It is done without anybody waiting for it; beyond the limit it is refused."""
    one = trio.CapacityLimiter(1)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go_on.wait(20)

    task = begin_in_forker(work, one)
    with pytest.raises(trio.WouldBlock):
        begin_in_forker(work, one)
    assert begun.wait(20)  # in this thread: no other task has run
    go_on.set()
    assert await task.result()
    assert 0 == one.borrowed_tokens


async def test_cancelled_work_is_left_alone() -> None:
    """Cancelled, the wait ends at once; the token comes back when the work is done."""
    one = trio.CapacityLimiter(1)
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(20)

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(in_forker, work, one)
            await trio.to_thread.run_sync(begun.wait)
            nursery.cancel_scope.cancel()
        assert 1 == one.borrowed_tokens
        go_on.set()
        assert 1 == await in_forker(lambda: 1, one)
