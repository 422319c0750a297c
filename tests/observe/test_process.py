import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from harness import NOBODY, soon

from selfhealingd.observe.process import (
    children,
    descriptors,
    proportional,
    read_process,
    swapped,
    transferred,
)

Start = Callable[..., int]
SLEEP = ("sleep", "1000")

pytestmark = pytest.mark.process


def test_a_reading_is_what_psutil_reads() -> None:
    """Of ourselves: who we are, and what we use."""
    us = read_process(os.getpid())
    assert us is not None
    them = psutil.Process()
    assert (us.pid, us.parent) == (them.pid, them.ppid())
    assert us.session == os.getsid(0)
    assert us.threads == them.num_threads()
    assert us.started == pytest.approx(
        (them.create_time() - psutil.boot_time()) * os.sysconf("SC_CLK_TCK"), abs=200
    )
    times = them.cpu_times()
    hz = os.sysconf("SC_CLK_TCK")
    assert us.ticks / hz == pytest.approx(times.user + times.system, abs=0.5)
    rss = them.memory_info().rss
    assert us.pages * os.sysconf("SC_PAGE_SIZE") == pytest.approx(rss, rel=0.2)


@pytest.mark.parametrize("name", [") R 1 (x", "a b", "new\nline", "((("])
def test_a_name_cannot_forge_a_reading(start: Start, tmp_path: Path, name: str) -> None:
    """Whatever a program calls itself, the fields after it are found."""
    program = shutil.copy(shutil.which("sleep") or "", tmp_path / name)
    pid = start(str(program), "1000")
    one = read_process(pid)
    assert one is not None
    assert (pid, os.getpid(), pid) == (one.pid, one.parent, one.session)
    assert not one.zombie


async def test_a_zombie_is_told_from_a_process(start: Start) -> None:
    """It has ended, though it is still there."""
    pid = start("true")

    def ended() -> bool:
        one = read_process(pid)
        assert one is not None
        return one.zombie

    await soon(ended)


def gone() -> int:
    """Return the pid of a process that there was."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_of_what_is_gone_nothing_is_known() -> None:
    """And nothing is raised."""
    pid = gone()
    assert read_process(pid) is None
    assert descriptors(pid) is None
    assert transferred(pid) is None
    assert swapped(pid) is None
    assert [] == children(pid, 1)
    assert [] == children(pid, 2)
    assert {} == proportional([pid])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_what_is_forbidden_is_unknown(start: Start) -> None:
    """An ordinary user sees that root's process is there, and not what it transfers."""
    pid = start(*SLEEP)
    os.seteuid(NOBODY)
    try:
        assert read_process(pid) is not None
        assert transferred(pid) is None
        assert {} == proportional([pid])
    finally:
        os.seteuid(0)


def test_descriptors_are_counted() -> None:
    """Each that is opened counts one."""
    before = descriptors(os.getpid())
    assert before is not None
    ends = os.pipe()
    try:
        assert before + 2 == descriptors(os.getpid())
    finally:
        for fd in ends:
            os.close(fd)


def test_what_is_read_and_written_is_counted(tmp_path: Path) -> None:
    """It never shrinks, and a file that reached the disk was written by somebody."""
    before = transferred(os.getpid())
    with (tmp_path / "file").open("wb") as file:
        file.write(b"x" * 1_000_000)
        file.flush()
        os.fsync(file.fileno())
    after = transferred(os.getpid())
    assert before is not None
    assert after is not None
    assert before[0] <= after[0]
    assert before[1] <= after[1]


def test_memory_is_shared_fairly(start: Start) -> None:
    """Of each of several processes; nobody's share is larger than all it maps."""
    pids = [start(*SLEEP), start(*SLEEP)]
    found = proportional(pids)
    assert set(pids) == found.keys()
    for pid in pids:
        assert 0 < found[pid] <= psutil.Process(pid).memory_info().rss
        assert swapped(pid) is not None


def test_children_of_every_thread_are_found() -> None:
    """A process that a worker thread started is a child, too."""
    begun: list[subprocess.Popen[bytes]] = []
    ready, enough = threading.Event(), threading.Event()

    def work() -> None:
        begun.append(subprocess.Popen(SLEEP))
        ready.set()
        enough.wait()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(20)
        assert begun[0].pid in children(os.getpid(), threads=2)
    finally:
        enough.set()
        thread.join()
        begun[0].kill()
        begun[0].wait()
