"""Processes to look at, none of which outlives its test."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest


@pytest.fixture
def start() -> Iterator[Callable[..., int]]:
    """Start commands, each in a session of its own; return their pids."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*command: str) -> int:
        process = subprocess.Popen(command, start_new_session=True)
        started.append(process)
        return process.pid

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
