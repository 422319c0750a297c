"""What a real process is doing is read as it is."""

import os
from collections.abc import Callable

import pytest

from selfhealingd.observe.evidence import proc
from selfhealingd.observe.evidence.process import kernel_stack, limits, process, wchan

pytestmark = pytest.mark.process

Begin = Callable[..., int]

HANGS_IN_A_PIPE = """
import os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (77, 99))
reader, writer = os.pipe()
print("up")
os.read(reader, 1)
"""


@pytest.fixture
def hung(begin: Begin) -> int:
    """A process that waits for ever for a pipe that nobody writes to."""
    pid = begin(HANGS_IN_A_PIPE)
    while proc.fields(proc.text(pid, "status"))["State"] != "S (sleeping)":
        pass  # it was seen to print; in a moment it waits
    return pid


def test_a_process_that_hangs_in_a_pipe(hung: int) -> None:
    """State, threads and memory; and where in the kernel it waits: for a pipe."""
    found = process(hung)
    assert "S (sleeping)" == found["State"]
    assert "1" == found["Threads"]
    assert found["VmRSS"].endswith(" kB")
    assert found["cgroup"].startswith("/")
    waits = wchan(hung)
    if waits is None:
        pytest.skip("this kernel tells nobody where a process waits")
    assert "pipe" in waits
    assert waits == found["wchan"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel's stack is for root")
def test_the_kernel_stack_leads_to_the_pipe(hung: int) -> None:
    """Innermost first, without addresses."""
    try:
        stack = kernel_stack(hung)
    except OSError as error:
        pytest.skip(f"this kernel shows no stack: {error}")
    assert any("pipe_read" in frame for frame in stack)
    assert not any("[<" in frame for frame in stack)


def test_limits_are_those_in_force(hung: int) -> None:
    """Soft and hard, by the kernel's names."""
    assert "77 of 99" == limits(hung)["open files"]
    assert "unlimited of unlimited" == limits(hung)["cpu time"]


def test_a_process_that_is_gone() -> None:
    """Nothing can be read of it, and that is an error and no guess."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    with pytest.raises(OSError, match="No such"):
        process(pid)
    assert wchan(pid) is None
    assert proc.started(pid) is None
