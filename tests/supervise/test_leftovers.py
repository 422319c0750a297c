"""What a killed daemon left is found and stopped; strangers never are."""

import os
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator

import pytest
import trio

from selfhealingd.supervise.child import Child
from selfhealingd.supervise.identity import alive, boot_id, start_ticks
from selfhealingd.supervise.leftovers import Leftover, Recorded, find, stop_leftovers

Begin = Callable[..., Awaitable[tuple[Child, str]]]
pytestmark = pytest.mark.process

EARLIER_DAEMON = """
import os, sys
sys.path[:] = sys.argv[2:]
from pathlib import Path
from selfhealingd.core.launch import Launch
from selfhealingd.supervise.spawn import spawn
pids = []
for name, code in (
    ("web", "trap '' TERM; echo > $READY; while :; do sleep 1; done"),
    ("db", "echo > $READY; exec sleep 600"),
):
    reader, writer = os.pipe()
    ready = {"READY": f"/proc/{os.getpid()}/fd/{writer}"}
    launch = Launch(argv=("/bin/sh", "-c", code), environment=ready)
    marks = {"SELFHEALINGD_INSTANCE": sys.argv[1], "SELFHEALINGD_PROGRAM": name}
    pids.append(spawn(launch, marks=marks).pid)
    os.read(reader, 1)
print(*pids)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def instance() -> Iterator[str]:
    """Give a mark of our own, and end whatever bears it afterwards."""
    mark = str(uuid.uuid4())
    yield mark
    for left in trio.run(find, (), mark, boot_id()):
        os.kill(left.pid, signal.SIGKILL)


def recorded(program: str, pid: int, started: int, boot: str) -> Recorded:
    return Recorded(program, 1, pid, started, awaited=False, boot=boot)


async def _leave(begin: Begin, instance: str) -> tuple[int, int]:
    daemon, line = await begin(EARLIER_DAEMON, instance, *sys.path)
    with trio.fail_after(20):
        assert signal.SIGKILL == (await daemon.wait()).signal
    web, db = map(int, line.split())
    return web, db


async def test_found_by_environment_and_stopped(begin: Begin, instance: str) -> None:
    """Programs of a daemon that was killed -9 are found by mark, and all are ended."""
    web, db = await _leave(begin, instance)

    found = await find((), instance, boot_id())

    leaders = {left.pid: left.program for left in found if left.pid == left.session}
    assert {web: "web", db: "db"} == leaders
    grace = {"web": (signal.SIGTERM, 0.1), "db": (signal.SIGTERM, 10.0)}
    with trio.fail_after(30):
        while left := await find((), instance, boot_id()):
            assert [] == await stop_leftovers(left, grace=grace)
    assert not any(alive(left.identity) for left in found)


async def test_other_instances_are_left_alone(begin: Begin, instance: str) -> None:
    """Another daemon's programs are not ours, even if its mark begins with ours."""
    await _leave(begin, instance)
    assert [] == await find((), instance[:-1], boot_id())
    assert [] == await find((), str(uuid.uuid4()), boot_id())


async def test_found_by_record(begin: Begin) -> None:
    """A recorded process is found without any mark, with the rest of its session."""
    child, line = await begin(
        "import os, time\n"
        "pid = os.fork()\n"
        "if not pid: time.sleep(600)\n"
        "print(pid)\n"
        "time.sleep(600)\n"
    )
    record = recorded("web", child.pid, child.started, boot_id())
    started = start_ticks(int(line))
    assert started is not None
    expected = [
        Leftover(child.pid, child.started, "web", child.pid, 1, os.getuid()),
        Leftover(int(line), started, "web", child.pid, 1),
    ]
    found = await find([record], "no such instance", boot_id())
    assert sorted(expected, key=lambda one: one.pid) == found
    with trio.fail_after(20):
        assert [] == await stop_leftovers(found, grace={"web": (signal.SIGTERM, 10)})
        assert signal.SIGTERM == (await child.wait()).signal


async def test_a_used_again_pid_is_never_touched(begin: Begin) -> None:
    """Another start time or another boot means another process."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    boot = boot_id()
    other_start = recorded("web", child.pid, child.started - 1, boot)
    other_boot = recorded("web", child.pid, child.started, str(uuid.uuid4()))
    assert [] == await find([other_start, other_boot], "no such instance", boot)

    stranger = Leftover(child.pid, child.started - 1, "web", child.pid)
    assert [] == await stop_leftovers([stranger], grace={"web": (signal.SIGKILL, 1)})
    assert alive(child.identity)


async def test_never_ourselves() -> None:
    """Neither we nor our parent are leftovers, even if the records say so."""
    boot = boot_id()
    records = []
    for pid in (os.getpid(), os.getppid()):
        started = start_ticks(pid)
        assert started is not None
        records.append(recorded("web", pid, started, boot))
    found = {left.pid for left in await find(records, "no such instance", boot)}
    assert not found & {os.getpid(), os.getppid()}


async def test_zombies_are_no_leftovers(begin: Begin) -> None:
    """A process that has ended, but is not reaped, needs no stopping."""
    _, line = await begin(
        "import os, time\n"
        "pid = os.fork()\n"
        "if not pid: os._exit(0)\n"
        "os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)\n"
        "print(pid)\n"
        "time.sleep(600)\n"
    )
    started = start_ticks(int(line))
    assert started is not None
    record = recorded("web", int(line), started, boot_id())
    assert [] == await find([record], "no such instance", boot_id())


async def test_a_zombie_of_ours_waits_to_be_asked_how_it_ended(
    begin: Begin, zombie: Callable[[Child], None]
) -> None:
    """A program that ended while the daemon became other code is not lost."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    zombie(child)
    record = recorded("web", child.pid, child.started, boot_id())
    found = await find([record], "no such instance", boot_id())
    assert [child.pid] == [one.pid for one in found]


async def test_unknown_program_gets_the_default_grace(begin: Begin) -> None:
    """A program that the config no longer knows is stopped by SIGTERM."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    left = Leftover(child.pid, child.started, "forgotten", child.pid)
    with trio.fail_after(20):
        assert [] == await stop_leftovers([left], grace={})
        assert signal.SIGTERM == (await child.wait()).signal


async def test_survivors_are_told(
    begin: Begin, as_nobody: Callable[..., Awaitable[str]]
) -> None:
    """A leftover that we may not signal is returned, and the wait for it is short."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    said = await as_nobody(
        "import functools, sys, trio\nfrom selfhealingd.supervise.leftovers import *\n",
        "left = Leftover(int(sys.argv[1]), int(sys.argv[2]), 'web', 1)\n"
        "stop = functools.partial(stop_leftovers, [left], grace={'web': (15, 600)})\n"
        "print(trio.run(stop) == [left])\n",
        child.pid,
        child.started,
    )
    assert said == "True\n"
    assert alive(child.identity)


async def test_kill_after_grace(begin: Begin) -> None:
    """A leftover that ignores its signal is killed when its grace is over."""
    child, _ = await begin(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print()\n"
        "time.sleep(600)\n"
    )
    left = Leftover(child.pid, child.started, "web", child.pid)
    with trio.fail_after(20):
        grace = {"web": (int(signal.SIGTERM), 0.0)}
        assert [] == await stop_leftovers([left], grace=grace)
        assert signal.SIGKILL == (await child.wait()).signal
