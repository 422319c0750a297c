import threading

from trio.testing import MockClock

from selfhealingd.observe.slow import Slow


async def test_an_answer_is_passed_on() -> None:
    """And an OSError is none."""

    def fails() -> int:
        raise FileNotFoundError

    slow = Slow()
    assert 7 == await slow.call("seven", lambda: 7)
    assert await slow.call("gone", fails) is None


async def test_what_hangs_is_left_alone(autojump_clock: MockClock) -> None:
    """It is given up after its time, and not called again before it came back."""
    autojump_clock.autojump_threshold = 0.05
    calls = []
    free, back = threading.Event(), threading.Event()

    def hangs() -> int:
        calls.append(1)
        free.wait()
        back.set()
        return 1

    slow = Slow()
    assert await slow.call("disk", hangs) is None
    assert await slow.call("disk", hangs) is None
    assert [1] == calls
    free.set()
    assert back.wait(20)
