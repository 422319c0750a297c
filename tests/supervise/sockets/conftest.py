"""Addresses that are free, and processes that hold sockets."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

Holder = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def holder() -> Iterator[Holder]:
    """Start a process that has these sockets open, and is done with starting."""
    started = []

    def hold(*sockets: socket.socket) -> subprocess.Popen[bytes]:
        fds = [one.fileno() for one in sockets]
        code = "import sys; print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-S", "-E", "-c", code]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=fds
        )
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield hold
    for process in started:
        process.communicate()
