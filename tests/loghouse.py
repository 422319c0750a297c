"""The client while it shows logs, and a program that says what a test has it say."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from harness import DEADLINE, Document, House, soon, well


class Talker:
    """A program that says what a test has it say."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDWR)
        self.program: Document = {**well(), "command": ["cat", str(path)]}

    def say(self, data: bytes) -> None:
        """Have it say something short."""
        os.write(self._fd, data)

    def close(self) -> None:
        os.close(self._fd)


class Following:
    """The client, while it follows."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.out = b""

    async def until(self, words: bytes) -> None:
        assert self.process.stdout is not None
        with trio.fail_after(DEADLINE):
            while words not in self.out:
                data = await self.process.stdout.receive_some()
                assert data, self.out
                self.out += data

    async def end(self) -> tuple[int, str]:
        """Return its exit status and what it said on stderr."""
        assert self.process.stderr is not None
        with trio.fail_after(DEADLINE):
            words = b"".join([data async for data in self.process.stderr])
            return await self.process.wait(), words.decode()


@asynccontextmanager
async def following(house: House, *args: str) -> AsyncIterator[Following]:
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "selfhealctl", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            **os.environ,
            "SELFHEALCTL_SOCKET": str(house.socket),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
    )
    try:
        yield Following(process)
    finally:
        if process.poll() is None:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()


async def raw(house: House, *args: str) -> bytes:
    """Return what the client wrote, byte for byte."""
    async with following(house, *args) as client:
        assert client.process.stdout is not None
        with trio.fail_after(DEADLINE):
            data = b"".join([data async for data in client.process.stdout])
        assert (0, "") == await client.end()
        return data


async def wrote(house: House, log: str, size: int) -> None:
    """Wait until a log has so many bytes."""
    path = house.root / "logs" / log
    await soon(lambda: path.exists() and path.stat().st_size >= size)


def ends_with(path: Path, end: bytes) -> bool:
    """Tell whether a log has come so far."""
    return path.exists() and path.read_bytes().endswith(end)
