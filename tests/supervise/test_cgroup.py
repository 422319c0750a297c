"""A tree in a cgroup of its own has no way out, and ends as a whole."""

import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from selfhealingd.core.events import Emptied, Event, Exited, Spawned
from selfhealingd.core.launch import Launch
from selfhealingd.supervise import cgroup
from selfhealingd.supervise.cgroup import Cgroup, Cgroups, cgroups_of
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.identity import alive, read_stat
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.run import run_to_end
from selfhealingd.supervise.runs import Kit, Runs
from selfhealingd.supervise.sockets.pool import Sockets
from selfhealingd.supervise.tree import left, members, send, wait_gone

Begin = Callable[..., Awaitable[tuple[Child, str]]]
pytestmark = pytest.mark.process

ESCAPES = """
import os, signal
reader, writer = os.pipe()
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    os.setsid()
    os.write(writer, str(os.getpid()).encode())
    os.execve('/bin/sleep', ['sleep', '600'], {})
os.wait()
print(os.read(reader, 20).decode(), flush=True)
signal.pause()
"""
STARTS_TWO = """
import os, time
for _ in range(2):
    if not os.fork(): time.sleep(600)
print()
time.sleep(600)
"""
FIND = """
from selfhealingd.supervise.cgroup import find_delegated
print(find_delegated())
"""


def _mounted() -> Path:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        here, _, there = line.partition(" - ")
        if there.startswith("cgroup2 "):
            return Path(here.split()[4])
    pytest.skip("no cgroup2 file system is mounted")


@pytest.fixture
async def delegated(
    reaping: None,  # noqa: ARG001
) -> AsyncIterator[Path]:
    """Give a cgroup to divide, and remove it with all that is in it."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="selfhealingd-test-", dir=_mounted()))
    except OSError as error:
        pytest.skip(f"cannot make cgroups: {error}")
    made = Cgroup(folder)
    if not (folder / "cgroup.kill").exists():
        made.remove()
        pytest.skip("this kernel has no cgroup.kill")
    yield folder
    made.kill()
    with trio.fail_after(20):
        await made.wait_empty()
        while os.path.exists(folder):  # noqa: ASYNC240, PTH110 - of the kernel
            made.remove()
            await trio.lowlevel.checkpoint()


def _cgroups_in(delegated: Path) -> list[Path]:
    return [path for path in delegated.glob("selfhealingd-*/*") if path.is_dir()]


async def _housed(begin: Begin, delegated: Path, code: str) -> tuple[Child, str]:
    child, line = await begin(code)
    child.live_in(Cgroups(delegated, "test").of("web", child.identity))
    return child, line


async def test_taken_in_with_what_it_started(begin: Begin, delegated: Path) -> None:
    """A program is moved with its children, and what it forks later stays there."""
    child, _ = await _housed(begin, delegated, STARTS_TWO)
    assert child.cgroup is not None
    assert child.cgroup.populated
    found = await members(child)
    assert 3 == len(found)
    assert {one.pid for one in found} == set(child.cgroup.pids())


def _sleeps(pid: int) -> bool:
    """Whether it has become a sleep: who made it has gone before."""
    try:
        return "sleep\n" == Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_nobody_escapes(
    delegated: Path, nursery: trio.Nursery, tmp_path: Path
) -> None:
    """Who changed session, was never seen and bears no mark is found and ended."""
    events: list[Event] = []
    told: list[str] = []

    async def report(event: Event) -> None:
        events.append(event)
        moved.set()

    cgroups = Cgroups(delegated, "test")
    trouble = lambda _, words: told.append(words)  # noqa: E731
    runs = Runs(
        "test",
        report,
        trouble,
        Kit(outputs=Outputs(tmp_path), sockets=Sockets(), cgroups=cgroups),
    )
    # It waits until it was moved: before, there is a moment in which it could escape.
    waits = "import time\nwhile 'web' not in open('/proc/self/cgroup').read(): pass\n"
    launch = Launch(argv=(sys.executable, "-c", waits + ESCAPES))
    moved = trio.Event()
    nursery.start_soon(runs.live, "web", 1, launch)
    with trio.fail_after(20):
        await moved.wait()
        [spawned] = events
        assert isinstance(spawned, Spawned)
        [folder] = _cgroups_in(delegated)
        while [] == (asleep := [p for p in Cgroup(folder).pids() if _sleeps(p)]):
            await trio.lowlevel.checkpoint()
        [escaped] = asleep
        stat = read_stat(escaped)
        assert stat is not None

        moved = trio.Event()
        os.kill(spawned.pid, signal.SIGKILL)
        await moved.wait()
        exited = events[-1]
        assert isinstance(exited, Exited)
        assert 1 == exited.left

        moved = trio.Event()
        runs.signal("web", 1, signal.SIGKILL, group=True)
        await moved.wait()
        assert isinstance(events[-1], Emptied)
        while folder.exists():
            await trio.lowlevel.checkpoint()
    assert not alive(stat.identity)
    assert [] == told


async def test_killed_with_cgroups_below(begin: Begin, delegated: Path) -> None:
    """What a program moved into cgroups of its own making is of its tree as well."""
    child, _ = await _housed(begin, delegated, STARTS_TWO)
    assert child.cgroup is not None
    below = child.cgroup._path / "below"
    below.mkdir()
    (below / "cgroup.procs").write_text(str(child.cgroup.pids()[-1]))
    assert 3 == len(child.cgroup.pids())
    with trio.fail_after(20):
        await send(child, signal.SIGKILL)
        await child.wait()
        await wait_gone(child)
        assert not child.cgroup.populated
        assert () == await left(child)
    child.cgroup.remove()
    assert not below.parent.exists()


async def test_wait_empty_waits(begin: Begin, delegated: Path) -> None:
    """The wait lasts until the last one has ended, and needs no cgroup to end."""
    child, _ = await _housed(begin, delegated, STARTS_TWO)
    assert child.cgroup is not None
    over = trio.Event()

    async def wait(cgroup: Cgroup) -> None:
        await cgroup.wait_empty()
        over.set()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, child.cgroup)
            for pid in child.cgroup.pids():
                await wait_all_tasks_blocked()
                assert not over.is_set()
                os.kill(pid, signal.SIGKILL)
            await child.wait()
        child.cgroup.remove()
        await child.cgroup.wait_empty()
    assert not child.cgroup.populated
    child.cgroup.kill()


async def test_a_cgroup_that_can_not_be(begin: Begin, delegated: Path) -> None:
    """Where a program can't be moved, it goes on, followed by its parents alone."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    (delegated / "cgroup.max.descendants").write_text("0")
    with pytest.raises(OSError, match="selfhealingd-"):
        child.live_in(Cgroups(delegated, "test").of("web", child.identity))
    assert child.cgroup is None
    assert (child.identity,) == await members(child)


@pytest.mark.parametrize("way", ["marked", "namespace", "neither"])
async def test_only_what_was_delegated(delegated: Path, way: str) -> None:
    """Our own cgroup is divided if it is marked as ours, or a namespace's root."""
    if way == "marked":
        try:
            os.setxattr(delegated, "user.delegate", b"1")
        except OSError as error:
            pytest.skip(f"cannot mark a cgroup as delegated: {error}")
    command = [sys.executable, "-c", FIND]
    if way == "namespace":
        # What was mounted before shows what is above the namespace, too.
        again = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"'
        command = ["unshare", "--cgroup", "--mount", "sh", "-c", again, "sh", *command]
    enter = f'echo 0 > {delegated}/cgroup.procs && exec "$@"'
    launch = Launch(
        argv=("/bin/sh", "-c", enter, "sh", *command),
        environment={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    ran = await run_to_end(launch, {}, timeout=20)
    expected = {"marked": delegated, "namespace": "/sys/fs/cgroup", "neither": None}
    assert f"{expected[way]}\n" == ran.tail


async def test_none_to_divide() -> None:
    """Where no cgroup was delegated to us, there are none, and nothing fails."""
    if cgroup.find_delegated() is not None:
        pytest.skip("the tests run in a cgroup that was delegated to them")
    with cgroups_of("test") as made:
        assert made is None


async def test_empty_ones_are_removed(
    begin: Begin, delegated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of the daemon all of its cgroups are removed but those in use."""
    monkeypatch.setattr(cgroup, "find_delegated", lambda: delegated)
    with cgroups_of("test") as made:
        assert made is not None
        used, _ = await begin("import time; print(); time.sleep(600)")
        used.live_in(made.of("web", used.identity))
        empty, _ = await begin("print()")
        empty.live_in(made.of("api", empty.identity))
        with trio.fail_after(20):
            await empty.wait()
    assert [f"web.{used.pid}.{used.started}"] == [
        path.name for path in _cgroups_in(delegated)
    ]
