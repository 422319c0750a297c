"""What the manager hears from a daemon, and when."""

import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
from harness import DEADLINE, House, Refused, sh, well

pytestmark = pytest.mark.process


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._sock = sock

    async def next(self) -> list[str]:
        """Wait for a message; return its lines."""
        with trio.fail_after(DEADLINE):
            return (await self._sock.recv(4096)).decode().splitlines()

    async def until(self, wanted: str) -> list[str]:
        """Wait for a message with this line; return its lines."""
        while wanted not in (lines := await self.next()):
            pass
        return lines


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def manager_of(house: House, **environ: str) -> AsyncIterator[Manager]:
    """Start the daemon under somebody who wants to know."""
    address = str(house.root / "notify")
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        await sock.bind(address)
        await house.spawn(environ={"NOTIFY_SOCKET": address, **environ})
        yield Manager(sock)


async def test_ready_comes_when_it_answers(house: House) -> None:
    """And a line that tells how the programs are, as they come up."""
    house.write({"web": well()})
    async with manager_of(house) as manager:
        await manager.until("READY=1")
        assert os.getpid() != (await house.call("version"))["pid"]
        await manager.until("STATUS=1 program: 1 RUNNING")
        assert 0 == await house.stop()


async def test_a_reload_is_framed(house: House) -> None:
    """RELOADING with its time, then READY with how it is, mistakes counted."""
    house.write({"web": well()})
    async with manager_of(house) as manager:
        await manager.until("STATUS=1 program: 1 RUNNING")
        house.config.write_text("nonsense")
        house.signal(signal.SIGHUP)
        begin = await manager.until("RELOADING=1")
        assert begin[1].startswith("MONOTONIC_USEC=")
        ended = await manager.until("READY=1")
        assert ["READY=1", "STATUS=1 program: 1 RUNNING; 1 problem"] == ended
        assert 0 == await house.stop()


async def test_why_there_is_no_start_is_told(house: House) -> None:
    """The first mistake, how many more there are, and what shows them."""
    house.config.write_text("[program.web]\ncomand = 1\nstartsecs = 'soon'\n")
    async with manager_of(house) as manager:
        assert 2 == await house.wait()
        [told] = await manager.next()
        assert told.startswith(f"STATUS={house.config}: program.web.")
        check = f"(and 2 more: selfhealingd --config {house.config} --check)"
        assert told.endswith(check)


async def test_that_the_disk_takes_nothing_is_told(house: House) -> None:
    """It is the daemon's problem, though no program's."""
    house.write({"web": well()})
    async with manager_of(house) as manager:
        await manager.until("STATUS=1 program: 1 RUNNING")
        shutil.rmtree(house.state.parent)
        house.state.parent.write_text("in the way")
        with suppress(Refused):
            await house.call("stop", names=["web"])
        await manager.until("STATUS=1 program: 1 STOPPED; 1 problem, 1 CRITICAL")


async def test_life_is_shown_within_half_the_limit(house: House) -> None:
    """Again and again; while stopping, time is asked for besides."""
    deaf = sh('trap "" TERM; while :; do sleep 0.1; done', stopwaitsecs=600)
    house.write({"deaf": deaf})
    async with manager_of(house, WATCHDOG_USEC="400000") as manager:
        await manager.until("STATUS=1 program: 1 RUNNING")
        assert ["WATCHDOG=1"] == await manager.until("WATCHDOG=1")
        house.signal(signal.SIGTERM)
        assert "EXTEND_TIMEOUT_USEC=45000000" in await manager.until("STOPPING=1")
        lines = ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=45000000"]
        assert lines == await manager.until("EXTEND_TIMEOUT_USEC=45000000")


async def test_programs_are_not_told_of_the_manager(house: House) -> None:
    """They would be taken for the daemon."""
    house.write({"web": well()})
    async with manager_of(house, WATCHDOG_USEC="30000000") as manager:
        await manager.until("STATUS=1 program: 1 RUNNING")
        pid = (await house.program("web"))["pid"]
        with open(f"/proc/{pid}/environ", "rb") as environ:  # noqa: ASYNC230, PTH123
            told = environ.read()
        assert b"NOTIFY_SOCKET" not in told
        assert b"WATCHDOG_" not in told
