"""Orphans come to us and are reaped; a status that somebody waits for is not taken."""

import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial

import harness
import pytest
import trio

from selfhealingd.core.launch import Launch
from selfhealingd.supervise import reaper
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.identity import children, read_stat
from selfhealingd.supervise.reaper import orphans
from selfhealingd.supervise.run import run_to_end
from selfhealingd.supervise.spawn import spawn, start
from selfhealingd.supervise.tree import wait_gone

Begin = Callable[..., Awaitable[tuple[Child, str]]]
Reaped = Callable[[], Awaitable[None]]
pytestmark = pytest.mark.process

LEAVES_ONE = "(sleep 0.05; exit 9) & exit {code}"
LEAVES_SLEEPER = (
    "import os, time\n"
    "pid = os.fork()\n"
    "if pid: print(pid); os._exit(0)\n"
    "time.sleep(600)\n"
)


@pytest.fixture
async def reaped(reaping: None) -> Reaped:  # noqa: ARG001 - what is waited for
    """Wait until no orphan is left, dead or alive."""

    async def reaped() -> None:
        with trio.fail_after(20):
            while orphans():
                await trio.lowlevel.checkpoint()

    return reaped


def _sh(text: str) -> Launch:
    return Launch(argv=("/bin/sh", "-c", text))


def _await_exit(pid: int) -> None:
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


async def test_every_status_reaches_its_waiter(reaped: Reaped) -> None:
    """200 children and 200 orphans exit among each other: each code is learnt.

    So are those of trio's and subprocess's own children; no zombie is left.
    """
    codes: dict[str, list[int | None]] = {"ours": [], "trio": [], "subprocess": []}

    async def ours(code: int) -> None:
        child = await start(_sh(LEAVES_ONE.format(code=code)), marks={})
        codes["ours"].append((await child.wait()).code)
        await wait_gone(child)
        child.close()

    async def by_trio(code: int) -> None:
        script = f"sleep 0.01; exit {code}"
        ran = await trio.run_process(["sh", "-c", script], check=False)
        codes["trio"].append(ran.returncode)

    async def by_subprocess(code: int) -> None:
        call = partial(subprocess.call, ["sh", "-c", f"sleep 0.01; exit {code}"])
        codes["subprocess"].append(await trio.to_thread.run_sync(call))

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for code in range(200):
                nursery.start_soon(ours, code)
            for code in range(20):
                nursery.start_soon(by_trio, code)
                nursery.start_soon(by_subprocess, code)
    expected = {"ours": 200, "trio": 20, "subprocess": 20}
    assert {who: [*range(n)] for who, n in expected.items()} == {
        who: sorted(code for code in found if code is not None)
        for who, found in codes.items()
    }
    await reaped()


async def test_an_orphan_is_reaped(begin: Begin, reaped: Reaped) -> None:
    """An orphan comes to us, is known as one, and does not stay as a zombie."""
    child, line = await begin(LEAVES_SLEEPER)
    with trio.fail_after(20):
        await child.wait()
    stat = read_stat(int(line))
    assert stat is not None
    assert os.getpid() == stat.parent
    assert [int(line)] == orphans()
    os.kill(int(line), signal.SIGKILL)
    await reaped()
    assert read_stat(int(line)) is None


async def test_what_we_start_is_no_orphan(begin: Begin) -> None:
    """Children that we started are not even looked at, as long as they live."""
    await begin("import time; print(); time.sleep(600)")
    here = os.WEXITED | os.WNOHANG | os.WNOWAIT | reaper._WNOTHREAD
    with pytest.raises(ChildProcessError):
        os.waitid(os.P_ALL, 0, here)  # noqa: ASYNC222 - WNOHANG
    assert [] == orphans()


async def test_zombies_of_others_hide_nobody(begin: Begin) -> None:
    """Behind zombies that somebody else will reap, orphans are found and reaped."""
    # From this thread, which orphans come to as well.
    popen = subprocess.Popen(["sh", "-c", "exit 3"])  # noqa: ASYNC220
    ours = spawn(_sh("exit 4"), marks={})
    for pid in (popen.pid, ours.pid):
        await trio.to_thread.run_sync(_await_exit, pid)

    child, line = await begin(LEAVES_SLEEPER)
    with trio.fail_after(20):
        await child.wait()
        assert {popen.pid, int(line)} == set(orphans())
        os.kill(int(line), signal.SIGKILL)
        while {popen.pid} != set(orphans()):
            await trio.lowlevel.checkpoint()

        assert 3 == popen.wait()
        assert 4 == (await ours.wait()).code
    ours.close()


async def test_a_storm_is_reaped_by_turns(begin: Begin) -> None:
    """More dead orphans than are reaped at once do not keep the loop from its work."""
    number = 2 * reaper._AT_ONCE
    child, _ = await begin(
        "import os, signal, sys, time\n"
        "reader, writer = os.pipe()\n"
        "for _ in range(int(sys.argv[1])):\n"
        "    if not os.fork():\n"
        "        os.close(writer)\n"
        "        os.read(reader, 1)\n"
        "        os._exit(0)\n"
        "os.close(reader)\n"
        "print()\n"
        "signal.pause()\n",
        number,
    )
    child.send(signal.SIGKILL)
    with trio.fail_after(30):
        await child.wait()
        await wait_gone(child)
        while orphans():
            await trio.lowlevel.checkpoint()


async def test_only_while_it_serves() -> None:
    """When it is cancelled, orphans go elsewhere again."""
    code = (
        "import os\n"
        "reader, writer = os.pipe()\n"
        "middle = os.fork()\n"
        "if not middle:\n"
        "    middle = os.getpid()\n"
        "    if os.fork(): os._exit(0)\n"
        "    while os.getppid() == middle: pass\n"
        "    print(os.getppid())\n"
        "    os.write(writer, b'x')\n"
        "    os._exit(0)\n"
        "os.read(reader, 1)\n"
    )
    launch = Launch(argv=(sys.executable, "-u", "-c", code))
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            await nursery.start(reaper.serve)
            assert f"{os.getpid()}\n" == (await run_to_end(launch, {}, timeout=20)).tail
            nursery.cancel_scope.cancel()
        assert f"{os.getpid()}\n" != (await run_to_end(launch, {}, timeout=20)).tail


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make PID namespaces")
async def test_as_pid_1() -> None:
    """As PID 1 the daemon reaps strangers, ends on SIGTERM, and its status tells."""
    async with harness.house() as house:
        house.write({"web": harness.sh("exec sleep 600")})
        prefix = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
        wrapper = await house.spawn(prefix=prefix)
        await harness.soon(house.socket.exists)
        assert 1 == (await house.call("version"))["pid"]
        await house.running("web")
        [daemon] = children(wrapper.pid)

        enter = ("nsenter", "--target", str(daemon), "--pid", "--mount")
        os.mkfifo(house.root / "go")
        script = f"sh -c 'read x < {house.root}/go' >/dev/null 2>&1 &"
        ran = await harness.execute(*enter, "sh", "-c", script, cwd=house.root)
        assert (0, "") == (ran.status, ran.err)
        await harness.soon(lambda: len(children(daemon)) == 2)
        async with await trio.open_file(house.root / "go", "w") as go:
            await go.write("on\n")
        await harness.soon(lambda: len(children(daemon)) == 1)

        os.kill(daemon, signal.SIGTERM)
        assert 0 == await house.wait()

        house.config.write_text("[program.web]\n")
        await house.spawn(prefix=prefix)
        assert 2 == await house.wait()
