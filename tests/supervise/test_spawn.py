"""A program starts with exactly what its launch says, or not at all."""

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import trio
import trio.testing

from selfhealingd.core.launch import Credentials, Launch
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.identity import read_stat
from selfhealingd.supervise.run import run_to_end
from selfhealingd.supervise.spawn import spawn, start

pytestmark = pytest.mark.process
Footprint = Callable[[], tuple[list[str], bool]]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
NOBODY = Credentials(uid=65534, gid=65534, groups=(65534, 12345), name="nobody")


def _await_stop(pid: int) -> None:
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)


async def _said(launch: Launch, **marks: str) -> str:
    ran = await run_to_end(launch, marks, timeout=30)
    return ran.tail.strip()


async def _finish(launch: Launch, handles: Handles) -> None:
    child = await start(launch, marks={}, handles=handles)
    with trio.fail_after(20):
        await child.wait()
    child.close()


def _sh(text: str, **more: object) -> Launch:
    return Launch(argv=("/bin/sh", "-c", text), **more)  # type: ignore[arg-type]


async def test_umask_and_directory(tmp_path: Path) -> None:
    """Umask and working directory are the launch's."""
    launch = _sh("umask; pwd", umask=0o027, directory=tmp_path)
    assert f"0027\n{tmp_path}" == await _said(launch)


async def test_limits_are_in_force_at_the_start() -> None:
    """The first instruction already runs under the limits."""
    launch = _sh("ulimit -Sn; ulimit -Hn; ulimit -c", rlimits=_LIMITS)
    assert "100\n200\n0" == await _said(launch)


_LIMITS = {"nofile": (100, 200), "core": (0, 0)}


async def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inherited, scrubbed, added and marked, as a real program sees it."""
    monkeypatch.setenv("ANTHROPIC_API_KEY_1", "secret")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    monkeypatch.setenv("KEPT", "kept")
    launch = Launch(argv=("/usr/bin/env",), environment={"ADDED": "added"})
    lines = (await _said(launch, SELFHEALINGD_RUN="3")).splitlines()
    assert {"KEPT=kept", "ADDED=added", "SELFHEALINGD_RUN=3"} <= set(lines)
    assert not [line for line in lines if line.startswith(("ANTHROPIC", "NOTIFY"))]


def _stdin_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/fd/0").readlink()


async def test_own_session() -> None:
    """A program leads its session and group, and reads from /dev/null."""
    child = await start(_sh("kill -STOP $$"), marks={})
    _await_stop(child.pid)
    stat = read_stat(child.pid)
    assert stat is not None
    assert (child.pid, child.pid) == (stat.session, stat.group)
    assert Path("/dev/null") == _stdin_of(child.pid)
    assert child.send_group(signal.SIGKILL)
    await child.wait()
    child.close()


async def test_only_three_descriptors() -> None:
    """No descriptor of the daemon leaks, not even one that is inheritable."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)  # noqa: FBT003
    said = await _said(_sh("ls /proc/$$/fd"))
    os.close(reader)
    os.close(writer)
    assert str(writer) not in [fd for fd in said.split() if int(fd) > 2]


async def test_both_streams(tmp_path: Path) -> None:
    """Each stream is the descriptor that was handed over; it stays the caller's."""
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        handles = Handles(out.fileno(), err.fileno())
        for _ in range(2):
            await _finish(_sh("echo out; echo err >&2"), handles)
    assert "out\nout\n" == (tmp_path / "out").read_text()
    assert "err\nerr\n" == (tmp_path / "err").read_text()


async def test_no_descriptor_for_a_copy() -> None:
    """A start for which there is no descriptor is refused with words."""
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    with pytest.raises(SpawnError, match="cannot start '/bin/sh'"):
        await start(_sh("echo"), marks={}, handles=Handles(writer, writer))


def test_empty_command() -> None:
    """An empty command is refused with words."""
    with pytest.raises(SpawnError, match="the command is empty"):
        spawn(Launch(argv=()), marks={})


@AS_ROOT
@pytest.mark.parametrize("rlimits", [{}, {"nofile": (100, 200)}])
async def test_user_switch(rlimits: dict[str, tuple[int, int]]) -> None:
    """User, group and supplementary groups are the program's, for good."""
    launch = Launch(
        argv=("/bin/cat", "/proc/self/status"), credentials=NOBODY, rlimits=rlimits
    )
    said = (await _said(launch)).splitlines()
    fields = dict(line.split(":", 1) for line in said)
    assert fields["Uid"].split() == ["65534"] * 4
    assert fields["Gid"].split() == ["65534"] * 4
    assert fields["Groups"].split() == ["12345", "65534"]


@AS_ROOT
async def test_limits_are_set_before_the_user() -> None:
    """Root raises a limit for a user who could not do so himself."""
    _, ours = resource.getrlimit(resource.RLIMIT_NOFILE)
    launch = _sh(
        "ulimit -Hn", credentials=NOBODY, rlimits={"nofile": (ours + 1, ours + 1)}
    )
    try:
        assert str(ours + 1) == await _said(launch)
    except SpawnError:
        pytest.skip("this root may not raise limits")


async def test_no_descriptor_left() -> None:
    """A daemon that has run out of descriptors says so, and leaves no process."""
    code = (
        "import os, resource\n"
        "from selfhealingd.core.launch import Launch\n"
        "from selfhealingd.supervise.errors import SpawnError\n"
        "from selfhealingd.supervise.spawn import spawn\n"
        "words = set()\n"
        "most = len(os.listdir('/proc/self/fd'))\n"
        "for limit in range(most, most + 12):\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, 256))\n"
        "    try:\n"
        "        child = spawn(Launch(argv=('/bin/true',)), marks={})\n"
        "    except SpawnError as error:\n"
        "        words.add(str(error))\n"
        "        try: print('left', os.waitid(os.P_ALL, 0, os.WEXITED))\n"
        "        except ChildProcessError: pass\n"
        "    else:\n"
        "        os.waitpid(child.pid, 0)\n"
        "        child.close()\n"
        "        print('then started')\n"
        "        break\n"
        "print(*words, sep='\\n')\n"
    )
    launch = Launch(
        argv=(sys.executable, "-c", code),
        environment={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    lines = (await _said(launch)).splitlines()
    assert lines[0] == "then started"
    assert len(lines) == 2
    assert "has no file descriptor left" in lines[1]


class _HeldUp(Mapping[str, str]):
    """Marks that take as long to read as the test wants a start to take."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __getitem__(self, name: str) -> str:
        raise KeyError(name)

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[str]:
        self.begun.set()
        self.go_on.wait(20)
        return iter(())


async def test_cancelled_start_leaves_nothing(footprint: Footprint) -> None:
    """A start cancelled amid its work ends what it started before it returns."""
    before = footprint()
    marks = _HeldUp()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:

            async def begin() -> None:
                await start(_sh("sleep 600 & sleep 600"), marks=marks)

            nursery.start_soon(begin)
            await trio.to_thread.run_sync(marks.begun.wait)
            nursery.cancel_scope.cancel()
            marks.go_on.set()
    assert before == footprint()


async def test_start_that_hangs(
    footprint: Footprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that hangs is left behind, and its child, if it comes, is killed."""
    monkeypatch.setattr("selfhealingd.supervise.spawn._HANG_SECS", 0.0)
    before = footprint()
    marks, limiter = _HeldUp(), trio.to_thread.current_default_thread_limiter()
    reader, writer = os.pipe()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:

            async def begin() -> None:
                await start(
                    _sh("sleep 600"), marks=marks, handles=Handles(writer, writer)
                )

            nursery.start_soon(begin)
            await trio.to_thread.run_sync(marks.begun.wait)
            nursery.cancel_scope.cancel()
        assert not marks.go_on.is_set()
        os.close(writer)
        marks.go_on.set()
        # The pipe ends when the thread has given its copy back and the child is dead.
        async with trio.lowlevel.FdStream(reader) as said:
            assert b"" == await said.receive_some()
        while limiter.borrowed_tokens:
            await trio.lowlevel.checkpoint()
    assert before == footprint()


async def test_starts_that_wait_hold_no_descriptor(footprint: Footprint) -> None:
    """However many wait for their turn, only those under way take descriptors."""
    reader, writer = os.pipe()
    marks, limiter = _HeldUp(), trio.CapacityLimiter(1)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:

            async def begin(handles: Handles) -> None:
                await start(
                    _sh("sleep 600"), marks=marks, handles=handles, limiter=limiter
                )

            nursery.start_soon(begin, Handles())
            await trio.to_thread.run_sync(marks.begun.wait)
            before = footprint()
            for _ in range(10):
                nursery.start_soon(begin, Handles(writer, writer))
            await trio.testing.wait_all_tasks_blocked()
            assert before == footprint()
            nursery.cancel_scope.cancel()
            marks.go_on.set()
    os.close(reader)
    os.close(writer)


async def test_start_cancelled_before_it_began(footprint: Footprint) -> None:
    """A start in a scope that is already cancelled starts nothing."""
    before = footprint()
    reader, writer = os.pipe()
    with trio.CancelScope() as scope:
        scope.cancel()
        await start(_sh("sleep 600"), marks={}, handles=Handles(writer, writer))
    os.close(reader)
    os.close(writer)
    assert before == footprint()
