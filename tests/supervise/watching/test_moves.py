"""Commands that start things, and what they leave running."""

import os
import shutil
import signal
from pathlib import Path

import pytest
import trio
from harness import soon

from selfhealingd.core.launch import Credentials, Launch
from selfhealingd.supervise.environment import marks_in
from selfhealingd.supervise.identity import read_proc
from selfhealingd.supervise.watching import moves
from selfhealingd.supervise.watching.moves import carry_out, outside

pytestmark = pytest.mark.process


def limit(seconds: float) -> trio.CancelScope:
    return trio.CancelScope(deadline=trio.current_time() + seconds)


async def problem(script: str, seconds: float = 10) -> str | None:
    launch = Launch(argv=("sh", "-c", script))
    async with trio.open_nursery() as nursery:
        words: str | None = await nursery.start(carry_out, "w", launch, limit(seconds))
        nursery.cancel_scope.cancel()
    return words


async def test_what_a_command_leaves_runs_on(tmp_path: Path) -> None:
    """It is what the command is for, and it bears the mark of the watch alone."""
    script = f"setsid sleep 1000 >/dev/null 2>&1 & echo $! >{tmp_path}/pid"
    assert await problem(script) is None
    pid = int((tmp_path / "pid").read_text())
    try:
        # It may be in the middle of its exec, without any environment.
        await soon(lambda: b"sleep" == (read_proc(pid, "cmdline") or b"")[:5])
        marks = marks_in(read_proc(pid, "environ") or b"")
        assert {"SELFHEALINGD_WATCH": "w"} == marks
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_what_holds_its_output_is_read_on(tmp_path: Path) -> None:
    """A daemon that keeps what it was given writes to no dead pipe."""
    script = f"(read line <{tmp_path}/go; echo on; echo done >{tmp_path}/end) &"
    os.mkfifo(tmp_path / "go")
    os.mkfifo(tmp_path / "end")
    launch = Launch(argv=("sh", "-c", script))
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            assert await nursery.start(carry_out, "w", launch, limit(5.0)) is None
            await trio.Path(tmp_path / "go").write_text("\n")
            assert "done\n" == await trio.Path(tmp_path / "end").read_text()


async def test_what_went_wrong_is_told_with_its_last_line() -> None:
    """By exit status, signal, time, or that there is no such command."""
    assert "exited with status 3: no config" == await problem("echo no config; exit 3")
    assert "killed by SIGKILL" == await problem("kill -9 $$")
    assert "timed out after 0.2 s" == await problem("exec sleep 1000", 0.2)
    async with trio.open_nursery() as nursery:
        launch = Launch(argv=("/no/such/command",))
        words: str | None = await nursery.start(carry_out, "w", launch, limit(1.0))
        assert words is not None
        assert "/no/such/command" in words


def test_under_systemd_it_gets_a_scope_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So that what it leaves outlives our unit; systemctl has its own ways."""
    launch = Launch(argv=("a", "b"), credentials=Credentials(uid=7, gid=8))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(moves, "_BOOTED", tmp_path / "nothing")
    assert launch == outside(launch)
    monkeypatch.setattr(moves, "_BOOTED", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    changed = outside(launch)
    assert "systemd-run --scope --quiet --collect --uid=7 --gid=8 -- a b" == " ".join(
        changed.argv
    )
    assert changed.credentials is None
    systemctl = Launch(argv=("systemctl", "start", "a.service"))
    assert systemctl == outside(systemctl)
