"""Signals that come while the daemon is still being loaded."""

import os
import signal

import pytest
import trio
from harness import House, soon, well
from harness import house as open_house

from selfhealingd.entry import HELD

pytestmark = pytest.mark.process


def blocked(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123
        [line] = [line for line in status if line.startswith("SigBlk:")]
    return int(line.split()[1], 16)


def mask(*numbers: int) -> int:
    return sum(1 << (number - 1) for number in numbers)


async def holds(house: House) -> trio.Process:
    """Start it; return it once signals wait, long before anything is loaded."""
    daemon = await house.spawn()
    await soon(lambda: blocked(daemon.pid) & mask(*HELD) == mask(*HELD))
    return daemon


async def test_an_early_sigterm_is_obeyed_in_order() -> None:
    """It neither kills without a word nor is lost: up, then down, status 0."""
    async with open_house() as house:
        house.write({"web": well()})
        await holds(house)
        house.signal(signal.SIGTERM)
        assert 0 == await house.wait()
        assert "shutting down" in house.log()
        assert {} == house.marked()


@pytest.mark.skipif(os.geteuid() != 0, reason="a pid namespace takes root")
async def test_an_early_sigterm_as_pid_1() -> None:
    """Where a signal without a handler is dropped by the kernel."""
    async with open_house() as house:
        house.write({"web": well()})
        unshare = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
        wrapper = await house.spawn(prefix=unshare)
        inner = trio.Path(f"/proc/{wrapper.pid}/task/{wrapper.pid}/children")

        async def held() -> bool:
            pids = (await inner.read_text()).split()
            return bool(pids) and blocked(int(pids[0])) & mask(*HELD) == mask(*HELD)

        await soon(held)
        os.kill(int((await inner.read_text()).split()[0]), signal.SIGTERM)
        assert 0 == await house.wait()
        assert "shutting down" in house.log()


async def test_programs_are_started_with_no_signal_held() -> None:
    """A mask is inherited, and a program that can't be stopped would be the end."""
    async with open_house() as house:
        house.write({"web": well()})
        await house.start()
        web = (await house.running("web"))["web"]
        assert 0 == blocked(web)
        assert 0 == blocked(house.pid) & mask(*HELD)
        assert 0 == await house.stop()
