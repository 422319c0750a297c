"""Whom a regular expression on the command line finds."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from selfhealingd.supervise.identity import Identity, start_ticks
from selfhealingd.supervise.watching.match import MatchEye
from selfhealingd.supervise.watching.sight import Down, Up

pytestmark = pytest.mark.process

SECONDS = "1000.0625"
OTHER_SECONDS = "1000.125"
"""For another test: what the first one killed may not have gone yet."""


@pytest.fixture
def master() -> Iterator[subprocess.Popen[bytes]]:
    line = f"sleep {SECONDS} & echo; sleep {SECONDS}; :"
    made = subprocess.Popen(
        ["sh", "-c", line], start_new_session=True, stdout=subprocess.PIPE
    )
    assert made.stdout is not None
    made.stdout.readline()  # it has a worker by now
    yield made
    os.killpg(made.pid, signal.SIGKILL)
    made.stdout.close()


async def test_what_a_master_left_is_not_the_master(
    master: subprocess.Popen[bytes],
) -> None:
    """Killed, it leaves workers behind, which may look the same."""
    eye = MatchEye(f"sleep {SECONDS}")
    found = Up(Identity(master.pid, start_ticks(master.pid) or 0))
    assert found == await eye.look()
    master.kill()
    master.wait()
    assert isinstance(await eye.look(), Up)
    eye.died(found.identity)
    assert isinstance(await eye.look(), Down)


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    made = [subprocess.Popen(["sleep", OTHER_SECONDS]) for _ in range(2)]
    yield made
    for process in made:
        process.kill()
        process.wait()


async def test_the_oldest_that_matches(
    sleepers: list[subprocess.Popen[bytes]],
) -> None:
    """Arguments are told apart by a blank; a zombie has none."""
    pattern = f"^sleep {OTHER_SECONDS}$"
    eye = MatchEye(pattern)
    first, second = (Identity(p.pid, start_ticks(p.pid) or 0) for p in sleepers)
    assert Up(min(first, second, key=lambda i: (i.started, i.pid))) == await eye.look()
    sleepers[0].kill()
    sleepers[0].wait()
    assert Up(second) == await eye.look()
    sleepers[1].kill()
    sleepers[1].wait()
    assert Down(f"no command line matches {pattern!r}") == await eye.look()
