"""Real processes to look at, none of which outlives its test."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

Begin = Callable[..., int]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start Python code, and return its pid once it has printed a line."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(code: str, *args: object) -> int:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 30)
        assert ready, "it said nothing"
        assert process.stdout.readline(), "it ended without a word"
        return process.pid

    yield begin
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def end() -> Callable[[int], int]:
    """Return what waits for the end of a forked child, and gives its signal."""

    def end(pid: int) -> int:
        _, status = os.waitpid(pid, 0)
        return os.WTERMSIG(status)

    return end
