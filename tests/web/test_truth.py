"""The status is made no more often than the daemon can afford."""

from typing import cast

import trio
from trio.testing import MockClock

from selfhealingd.web.backend import Backend
from selfhealingd.web.truth import SHARE, Truth
from selfhealingd.wire.documents import Status


class Slow:
    """A daemon whose status takes a while, of which it can do nothing else."""

    def __init__(self, clock: MockClock, takes: float) -> None:
        self.made = 0
        self._clock = clock
        self._takes = takes

    def status(self) -> Status:
        self.made += 1
        self._clock.jump(self._takes)
        return cast(Status, self.made)  # noqa: TC006 - nothing looks into it

    async def settled(self) -> None:
        await trio.lowlevel.checkpoint()


async def test_many_who_ask_cost_a_tenth(mock_clock: MockClock) -> None:
    """However often they ask; each is shown one that is good enough."""
    slow = Slow(mock_clock, takes=0.03)
    truth = Truth(cast(Backend, slow))  # noqa: TC006
    for _ in range(1000):
        await truth.status()
        mock_clock.jump(0.001)
    assert 1 < slow.made <= 1 + trio.current_time() / (0.03 * (SHARE + 1))


async def test_a_change_by_us_is_seen_at_once(mock_clock: MockClock) -> None:
    """What is shown next knows of it."""
    slow = Slow(mock_clock, takes=0.03)
    truth = Truth(cast(Backend, slow))  # noqa: TC006
    assert 1 == cast(object, await truth.status())  # noqa: TC006
    assert 1 == cast(object, await truth.status())  # noqa: TC006
    truth.forget()
    assert 2 == cast(object, await truth.status())  # noqa: TC006
