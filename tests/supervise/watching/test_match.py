"""Whom a regular expression on the command line finds."""

import subprocess
from collections.abc import Iterator

import pytest

from selfhealingd.supervise.identity import Identity, start_ticks
from selfhealingd.supervise.watching.match import MatchEye
from selfhealingd.supervise.watching.sight import Down, Up

pytestmark = pytest.mark.process

SECONDS = "1000.0625"


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    made = [subprocess.Popen(["sleep", SECONDS]) for _ in range(2)]
    yield made
    for process in made:
        process.kill()
        process.wait()


async def test_the_oldest_that_matches(
    sleepers: list[subprocess.Popen[bytes]],
) -> None:
    """Arguments are told apart by a blank; a zombie has none."""
    eye = MatchEye(rf"^sleep {SECONDS}$")
    first, second = (Identity(p.pid, start_ticks(p.pid) or 0) for p in sleepers)
    assert Up(min(first, second, key=lambda i: (i.started, i.pid))) == await eye.look()
    sleepers[0].kill()
    sleepers[0].wait()
    assert Up(second) == await eye.look()
    sleepers[1].kill()
    sleepers[1].wait()
    assert (
        Down(f"no command line matches {rf'^sleep {SECONDS}$'!r}") == await eye.look()
    )
