"""What the kernel says of a process is found, and nothing that it says of others."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selfhealingd.observe.evidence import proc
from selfhealingd.observe.evidence.kernel import (
    KernelLog,
    kernel_time,
    memory_cgroup,
    message,
    oom_in_words,
)

OOM_KILL = (
    b"6,339,5140900847,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),"
    b"cpuset=/,mems_allowed=0,oom_memcg=/t,task_memcg=/t,task=python3,pid=2291,uid=0"
)
KILLED = (
    b"3,340,5140900851,-;Memory cgroup out of memory: Killed process 2291 (python3)"
    b" total-vm:219060kB, anon-rss:37760kB, file-rss:3524kB, shmem-rss:0kB, UID:0"
    b" pgtables:140kB oom_score_adj:0"
)
RECORDED = (OOM_KILL, KILLED)
OF_THE_HOST = (
    "Out of memory: Killed process 812 (my (odd) name) total-vm:9kB, anon-rss:4096kB,"
    " file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:1kB oom_score_adj:0"
)
OLDER = "Out of memory: Kill process 812 (redis) score 900 or sacrifice child"


def test_a_record_is_read() -> None:
    """Its head is for machines, its further lines for others."""
    record = b"6,1,2,-,caller=T1;nfs: server x not responding\n SUBSYSTEM=net\n"
    assert (0.000002, "nfs: server x not responding") == message(record)
    assert (0.0, "") == message(b"\n")
    assert (0.0, "x") == message(b"odd;x")


@pytest.mark.parametrize(
    ("lines", "pid", "expected"),
    [
        (
            tuple(message(record)[1] for record in RECORDED),
            2291,
            (
                "the kernel killed python3 (pid 2291) as its cgroup was out of memory,"
                " when it held 36 MiB"
            ),
        ),
        (
            (OF_THE_HOST,),
            812,
            (
                "the kernel killed my (odd) name (pid 812) as the host was out of"
                " memory, when it held 4 MiB"
            ),
        ),
        (
            (OLDER,),
            812,
            "the kernel killed redis (pid 812) as the host was out of memory",
        ),
        ((OF_THE_HOST,), 81, None),
        (
            (OLDER, "web[7]: segfault at 0"),
            None,
            "the kernel killed redis (pid 812) as the host was out of memory",
        ),
        (("web[812]: segfault at 0 ip 0 sp 0 error 4",), 812, None),
        ((), 812, None),
    ],
)
def test_a_kill_for_want_of_memory_in_words(
    lines: tuple[str, ...], pid: int | None, expected: str | None
) -> None:
    """Who, whose memory, and how much it had, as kernels old and new say it."""
    assert expected == oom_in_words(lines, pid)


def test_only_what_is_new_is_read_and_only_of_that_pid(tmp_path: Path) -> None:
    """A number within another one is not the process."""
    file = tmp_path / "kmsg"
    os.mkfifo(file)
    log = KernelLog(file)
    assert () == log.about(2291)
    if log.problem is not None:
        pytest.skip(log.problem)
    writer = os.open(file, os.O_WRONLY)
    try:
        os.write(writer, RECORDED[0])
        assert 1 == len(log.about(2291))
        os.write(writer, RECORDED[1])
        assert 2 == len(log.about(2291))
        assert () == log.about(229)
        assert () == log.about(22910)
        assert () == log.about(219060)  # of kB
        assert 1 == len(log.about(2291, since=5140.900850))
        os.write(writer, b"6,1,1,-;usb 1-1: new device number 2291")
        assert 2 == len(log.about(2291))
    finally:
        os.close(writer)
        log.close()


@pytest.mark.parametrize(
    ("cgroup", "own", "ours"),
    [
        ("/t", "?", True),
        ("/t/in", "?", True),
        ("/", "?", False),
        ("/tt", "?", False),
        ("/other", "?", False),
        ("/other", "t", True),
    ],
)
def test_a_kill_in_a_cgroup_of_others_is_none_of_ours(
    tmp_path: Path, cgroup: str, own: str, *, ours: bool
) -> None:
    """Their memory is short, not ours; that of the host is everybody's."""
    file = tmp_path / "kmsg"
    os.mkfifo(file)
    log = KernelLog(file)
    log.about(1)
    if log.problem is not None:
        pytest.skip(log.problem)
    writer = os.open(file, os.O_WRONLY)
    try:
        os.write(writer, OOM_KILL)
        log.about(1)
        os.write(writer, KILLED)
        log.about(1)
        assert ours is (len(log.kills(0.0, cgroup, own)) == 1)
        assert () == log.kills(5141, cgroup, own)
        os.write(writer, b"3,341,5140900852,-;" + OF_THE_HOST.encode())
        assert 1 + ours == len(log.kills(0.0, cgroup, own))
    finally:
        os.close(writer)
        log.close()


def test_where_it_is_forbidden_that_is_told(tmp_path: Path) -> None:
    """No evidence is not the same as nothing having happened."""
    log = KernelLog(tmp_path / "none")
    assert () == log.about(1)
    if "container" not in str(log.problem):
        assert f"{tmp_path / 'none'}: no such file or directory" == log.problem


@pytest.fixture
def log() -> Iterator[KernelLog]:
    """The real one."""
    log = KernelLog()
    log.about(1)
    if log.problem is not None:
        pytest.skip(log.problem)
    yield log
    log.close()


@pytest.mark.process
def test_a_real_segfault(log: KernelLog, end: Callable[[int], int]) -> None:
    """The kernel tells in which library it was."""
    traces = Path("/proc/sys/debug/exception-trace")
    if not traces.exists() or traces.read_text().strip() != "1":
        pytest.skip("this kernel does not tell of them")
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)  # pytest would catch it
        ctypes.string_at(0)
    assert signal.SIGSEGV == end(pid)
    assert any("segfault at 0" in line for line in log.about(pid))
    assert () == log.about(pid, since=time.monotonic() + 60)


def test_a_process_that_began_now_began_after_what_was_logged_before() -> None:
    """The times of processes and of the log can be compared."""
    own = proc.started(os.getpid())
    assert own is not None
    assert time.monotonic() - 3600 < kernel_time(own) <= time.monotonic()
    assert 0.0 == kernel_time(None)


@pytest.fixture
def small_cgroup() -> Iterator[Path]:
    """A cgroup with 32 MiB of memory, by v2 or v1, whichever is there."""
    for folder, limit in (
        (Path("/sys/fs/cgroup"), "memory.max"),
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    ):
        made = folder / f"selfhealingd-test-{os.getpid()}"
        try:
            made.mkdir()
        except OSError:
            continue
        if (made / limit).exists():
            (made / limit).write_text(str(32 << 20))
            yield made
            made.rmdir()
            return
        made.rmdir()
    pytest.skip("no cgroup's memory can be limited here")


@pytest.mark.process
def test_a_real_kill_for_want_of_memory(
    log: KernelLog, small_cgroup: Path, end: Callable[[int], int]
) -> None:
    """Whoever takes more than its cgroup has is killed, and that is known."""
    pid = os.fork()
    if pid == 0:
        (small_cgroup / "cgroup.procs").write_text(str(os.getpid()))
        bytearray(200 << 20)
        os._exit(0)
    assert signal.SIGKILL == end(pid)
    own = log.about(pid)
    its = f"/{small_cgroup.name}"
    assert own[-1] in log.kills(0.0, its)
    assert () == log.kills(time.monotonic() + 60, its)
    assert own[-1] not in log.kills(0.0, memory_cgroup(None))
    words = oom_in_words(own, pid)
    assert words is not None
    assert f"(pid {pid}) as its cgroup was out of memory" in words
