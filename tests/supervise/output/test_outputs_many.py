"""Many programs share few threads, and the chatty starve nobody."""

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from selfhealingd.core.output import LogTo
from selfhealingd.supervise.output.outputs import Outputs

pytestmark = pytest.mark.process
CHATTY, IDLE = 200, 800
_NEEDED = 3000


@pytest.fixture
def _descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < _NEEDED:
        pytest.skip(f"only {before[1]} descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (_NEEDED, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _counting(stdout: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["seq", "1", "20000"], stdout=stdout)


@pytest.mark.usefixtures("_descriptors")
async def test_chatty_and_idle_ones(outputs: Outputs, tmp_path: Path) -> None:
    """While 200 write as fast as they can, an idle one's line arrives as well."""
    logs = {n: LogTo(path=tmp_path / f"{n}.log") for n in range(CHATTY + IDLE)}
    handles = {n: outputs.open(f"p{n}", log).stdout for n, log in logs.items()}
    threads = threading.active_count()
    writers = [_counting(handles[n]) for n in range(CHATTY)]
    with trio.fail_after(60):
        os.write(handles[CHATTY], b"hello\n")
        with outputs.follow(logs[CHATTY].path) as follower:
            follower.wake()
            if not logs[CHATTY].path.exists():
                assert b"hello\n" == await anext(follower)
        for n, writer in enumerate(writers):
            assert 0 == await trio.to_thread.run_sync(writer.wait)
            assert await outputs.drain(f"p{n}", 30)
    expected = b"".join(b"%d\n" % n for n in range(1, 20_001))
    assert all(expected == logs[n].path.read_bytes() for n in range(CHATTY))
    assert b"hello\n" == logs[CHATTY].path.read_bytes()
    assert not any(logs[n].path.exists() for n in range(CHATTY + 1, CHATTY + IDLE))
    # trio keeps idle worker threads for a while; none of them is a program's.
    assert threading.active_count() < threads + CHATTY // 10
