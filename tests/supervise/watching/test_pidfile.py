"""Which numbers in a file are believed, and why others are not."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfhealingd.supervise.identity import Identity, start_ticks
from selfhealingd.supervise.watching.pidfile import PidfileEye
from selfhealingd.supervise.watching.sight import Down, Up

pytestmark = pytest.mark.process


@pytest.fixture
def sleeper() -> Iterator[Identity]:
    process = subprocess.Popen(["sleep", "1000"])
    started = start_ticks(process.pid)
    assert started is not None
    yield Identity(process.pid, started)
    process.kill()
    process.wait()


async def words(file: Path) -> str:
    """Return why a file leads to nobody."""
    sight = await PidfileEye(file).look()
    assert isinstance(sight, Down)
    return sight.words.replace(str(file), "FILE")


async def test_the_process_that_it_names(tmp_path: Path, sleeper: Identity) -> None:
    """Known by pid and start time; what else stands in the file is not ours."""
    file = tmp_path / "pid"
    file.write_text(f"{sleeper.pid}\n/var/lib/db\n1543\n")
    assert Up(sleeper) == await PidfileEye(file).look()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no FILE"),
        ("", "there is no pid in FILE"),
        ("none\n", "there is no pid in FILE"),
        ("-1\n", "there is no pid in FILE"),
        ("0\n", "there is no pid in FILE"),
        ("1\n", "FILE names 1, which is init's: nobody to watch"),
        ("99999999999999999999\n", "there is no pid in FILE"),
        (f"{2**22}\n", f"FILE names {2**22}, and there is no such process"),
        pytest.param(
            f"{os.getpid()}\n",
            f"FILE names {os.getpid()}, and there is no such process",
            id="ourselves",
        ),
    ],
)
async def test_what_names_nobody(tmp_path: Path, text: str | None, reason: str) -> None:
    """Not every process may be meant, least of all PID 1 and ourselves."""
    file = tmp_path / "pid"
    if text is not None:
        file.write_text(text)
    assert reason == await words(file)


async def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder, or a FIFO that nobody writes to, is told and waited for by nobody."""
    assert (await words(tmp_path)).startswith("cannot read FILE")
    os.mkfifo(tmp_path / "fifo")
    assert "there is no pid in FILE" == await words(tmp_path / "fifo")


async def test_a_file_older_than_its_process(tmp_path: Path, sleeper: Identity) -> None:
    """It was left by somebody else, who had that number before."""
    file = tmp_path / "pid"
    file.write_text(str(sleeper.pid))
    os.utime(file, (1, 1))
    assert "is older than the process" in await words(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_a_file_of_somebody_else(tmp_path: Path, sleeper: Identity) -> None:
    """Who could make us signal another's process by writing its number is refused."""
    file = tmp_path / "pid"
    file.write_text(str(sleeper.pid))
    os.chown(file, 65534, 65534)
    assert "may not speak for" in await words(file)


async def test_a_process_that_was_seen_to_end(
    tmp_path: Path, sleeper: Identity
) -> None:
    """What a file says is not believed again before it is written again."""
    file = tmp_path / "pid"
    file.write_text(str(sleeper.pid))
    eye = PidfileEye(file)
    assert Up(sleeper) == await eye.look()
    eye.died(Identity(sleeper.pid, sleeper.started - 1))
    assert isinstance(await eye.look(), Down)
    file.write_text(str(sleeper.pid))
    assert Up(sleeper) == await eye.look()
