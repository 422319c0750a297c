"""Real FIFOs, files and movers for the tests of programs' output."""

import gzip
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import trio

from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.output.rotation import older


@pytest.fixture
async def outputs(tmp_path: Path) -> AsyncIterator[Outputs]:
    """Run outputs whose FIFOs are below ``tmp_path / "run"``."""
    outputs = Outputs(tmp_path / "run")
    async with trio.open_nursery() as nursery:
        await nursery.start(outputs.run)
        yield outputs
        nursery.cancel_scope.cancel()


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    """Give a FIFO of our own."""
    fifo = Fifo(tmp_path / "fifos" / "web.stdout", None)
    yield fifo
    fifo.close()


@pytest.fixture
def whole() -> Callable[[Path], bytes]:
    """Read a log with all its older ones, the oldest first."""

    def whole(path: Path) -> bytes:
        files = [path.with_name(names[0]) for _, names in older(path)]
        texts = [
            gzip.decompress(file.read_bytes())
            if file.suffix == ".gz"
            else file.read_bytes()
            for file in reversed(files)
        ]
        return b"".join(texts) + (path.read_bytes() if path.exists() else b"")

    return whole


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait for what nobody tells, such as a file that another thread makes."""

    async def eventually(condition: Callable[[], bool]) -> None:
        with trio.fail_after(30):
            for pause in itertools.repeat(0.01):
                if condition():
                    return
                await trio.sleep(pause)

    return eventually


@pytest.fixture
def footprint() -> Callable[[], list[str]]:
    """Say which descriptors we have open."""
    return lambda: sorted(file.name for file in Path("/proc/self/fd").iterdir())
