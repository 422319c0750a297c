"""Orphans that lead back to nobody are known as such, and can be ended."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from harness import lives, soon

from selfhealingd.core.launch import Launch
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.environment import INSTANCE
from selfhealingd.supervise.identity import read_stat
from selfhealingd.supervise.reaper import orphans
from selfhealingd.supervise.register import REGISTER
from selfhealingd.supervise.strangers import end_strangers, strangers
from selfhealingd.supervise.tree import look
from selfhealingd.supervise.watching.moves import carry_out
from selfhealingd.supervise.watching.watcher import Held

Begin = Callable[..., Awaitable[tuple[Child, str]]]
pytestmark = pytest.mark.process

# Prints the pid of a grandchild whose parent is gone, then goes on.
LEAVES = """
import os, sys, time
reader, writer = os.pipe()
if not os.fork():
    if not os.fork():
        {detach}
        os.write(writer, b"%d" % os.getpid())
        {then}
    os._exit(0)
os.wait()
print(int(os.read(reader, 99)))
time.sleep(600)
"""
CLEARED = f"os.setsid(); os.execve({sys.executable!r}, ['lost', '-c', CODE], {{}})"
WAITS = "import os, time; os.write(4, b'%d' % os.getpid()); time.sleep(600)"
DEAF = f"import signal; signal.signal(15, signal.SIG_IGN); {WAITS}"
FORKS = f"""
import os, time
if not os.fork():
    os.setsid()
    time.sleep(600)
{WAITS}
"""


def leaves(code: str) -> str:
    """What starts ``code`` without an environment, in a session of its own."""
    inherit = "os.set_inheritable(writer, True); os.dup2(writer, 4)"
    inherit += "; n = os.open('/dev/null', 2); os.dup2(n, 1); os.dup2(n, 2)"
    detach = f"{inherit}; CODE = {code!r}; {CLEARED}"
    return LEAVES.format(detach=detach, then="pass")


@pytest.fixture(autouse=True)
def uncommanded() -> None:
    """Forget the commands of other tests, which may have left what begins now."""
    REGISTER._commanded.clear()


@pytest.mark.parametrize("code", [WAITS, DEAF, FORKS], ids=["waits", "deaf", "forks"])
async def test_who_leads_back_to_nobody_is_known_and_ended(
    begin: Begin, code: str
) -> None:
    """With its command line; also who ignores SIGTERM, and what it had started."""
    _, pid = await begin(leaves(code))
    with trio.fail_after(30):
        [told] = [one for one in await strangers() if one.identity.pid == int(pid)]
        assert str(told).startswith(f"pid {pid} (lost -c ")
        assert "\n" not in str(told)
        assert [] == await end_strangers()
    assert not lives(int(pid))


async def test_who_is_known_is_no_stranger(begin: Begin) -> None:
    """By his session, or by the marks in his environment."""
    pause = "time.sleep(600)"
    same = LEAVES.format(detach="pass", then=pause)
    await begin(same)
    marked = LEAVES.format(detach="os.setsid()", then=pause)
    await begin(marked, marks={INSTANCE: "x"})
    assert [] == await strangers()


async def test_who_was_left_on_purpose_is_no_stranger(begin: Begin) -> None:
    """His program is over, and he still bears its mark: killasgroup = false."""
    marked = LEAVES.format(detach="os.setsid()", then="time.sleep(600)")
    child, pid = await begin(marked, marks={INSTANCE: "x"})
    try:
        child.send(signal.SIGKILL)
        with trio.fail_after(30):
            await child.wait()
        child.close()
        assert [] == await strangers()
        assert [] == await end_strangers()
        assert lives(int(pid))
    finally:
        os.kill(int(pid), signal.SIGKILL)


@pytest.mark.parametrize("before", ["", "env -i "], ids=["marked", "unmarked"])
async def test_what_a_watch_s_command_leaves_is_no_stranger(
    reaping: None,  # noqa: ARG001
    nursery: trio.Nursery,
    tmp_path: Path,
    before: str,
) -> None:
    """It left its session and parent, as daemons do, perhaps its environment too."""
    code = f"""
import os, time
if not os.fork():
    os.setsid()
    if not os.fork():
        n = os.open("/dev/null", 2)
        [os.dup2(n, fd) for fd in (0, 1, 2)]
        open({str(tmp_path / "made")!r}, "w").write(str(os.getpid()))
        os.rename({str(tmp_path / "made")!r}, {str(tmp_path / "pid")!r})
        time.sleep(600)
"""
    launch = Launch(argv=(*before.split(), sys.executable, "-c", code))
    with trio.fail_after(30):
        assert await nursery.start(carry_out, "w", launch, trio.CancelScope()) is None
        await soon((tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        try:
            await soon(lambda: pid in orphans())
            assert [] == await strangers()
            assert [] == await end_strangers()
            assert lives(pid)
        finally:
            os.kill(pid, signal.SIGKILL)


async def test_a_watch_s_process_is_no_stranger(
    begin: Begin,
) -> None:
    """Nothing in it tells so, but it was found by its pidfile."""
    _, number = await begin(leaves(WAITS))
    pid = int(number)
    assert [pid] == [one.identity.pid for one in await strangers()]
    stat = read_stat(pid)
    assert stat is not None
    REGISTER.enter(held := Held(stat.identity), waited_for=False, watched=True)
    try:
        assert [] == await strangers()
    finally:
        REGISTER.leave(held)


async def test_without_orphans_there_are_none(begin: Begin) -> None:
    """A program and its children are no orphans."""
    child, _ = await begin("import os, time\nos.fork()\nprint(1)\ntime.sleep(600)")
    assert [] == await strangers()
    assert 2 == len((await look(child)).members)
