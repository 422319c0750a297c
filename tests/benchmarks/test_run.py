"""The benchmark as it is run, with few programs and only our own daemon."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
from harness import soon

RUN = Path(__file__).with_name("run.py")
DEADLINE = 90.0
SMALL = ("--quick", "--peers", "selfhealingd", "--programs", "3", "--crashes", "2")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for all temporary files; a socket's path must be short."""
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        yield Path(name).resolve()


def alive(folder: Path) -> list[int]:
    """Return the processes that inherited this folder as that of temporary files."""
    mark = f"TMPDIR={folder}\0".encode()
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdecimal() and mark in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def left(folder: Path) -> list[object]:
    """Return the processes and files that are left."""
    return [*alive(folder), *folder.iterdir()]


@asynccontextmanager
async def running(folder: Path, *args: str) -> AsyncIterator[trio.Process]:
    """Give the benchmark as it runs; it is told to end, and waited for, at the end."""
    process = await trio.lowlevel.open_process(
        [sys.executable, str(RUN), *SMALL, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert process.stdout is not None
    try:
        async with process.stdout:
            yield process
    finally:
        process.terminate()
        with trio.CancelScope(shield=True):
            await process.wait()


async def said(process: trio.Process, words: bytes = b"") -> bytes:
    """Return what it says, to these words or to its end."""
    assert process.stdout is not None
    text = b""
    while not words or words not in text:
        chunk = await process.stdout.receive_some()
        if not chunk:
            break
        text += chunk
    assert words in text, text.decode()
    return text


@pytest.mark.process
async def test_every_figure_of_a_small_run_is_there(
    folder: Path, tmp_path: Path
) -> None:
    """A run gives each figure, in a table and as JSON, and leaves nothing behind."""
    found = tmp_path / "found.json"
    args = ("--idle", "0.5", "--json", str(found))
    with trio.fail_after(DEADLINE):
        async with running(folder, *args) as process:
            text = (await said(process)).decode()
            status = await process.wait()
    assert 0 == status, text
    assert "restart p50" in text
    [peer] = json.loads(found.read_text())["peers"]
    assert "selfhealingd" == peer["peer"]
    assert 2 == len(peer["samples"]["restart_ms"]["3"])
    assert 0 < peer["figures"]["restart_p50_ms"]["3"]
    assert {name for name, found in peer["figures"].items() if "3" in found} == {
        "idle_cpu_percent",
        "pss_mib",
        "restart_p50_ms",
        "restart_p95_ms",
        "start_s",
        "status_ms",
    }
    assert [] == left(folder)


@pytest.mark.process
@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM])
async def test_nothing_is_left_after_an_interruption(
    folder: Path, signo: signal.Signals
) -> None:
    """Ctrl-C or SIGTERM with programs running ends it, them and their files."""
    with trio.fail_after(DEADLINE):
        async with running(folder, "--idle", "1000") as process:
            await said(process, b"3 programs")
            # Itself, the daemon, and the programs.
            await soon(lambda: len(alive(folder)) >= 5)
            process.send_signal(signo)
            text = await said(process)
            assert 128 + signo == await process.wait(), text.decode()
    assert [] == left(folder)


async def test_an_unknown_peer_is_a_usage_error(folder: Path) -> None:
    """A wrong name ends with status 2 and says which names there are."""
    with trio.fail_after(DEADLINE):
        async with running(folder, "--peers", "upstart") as process:
            text = await said(process)
            assert 2 == await process.wait()
    assert b"unknown peer 'upstart': there are selfhealingd, runit" in text
