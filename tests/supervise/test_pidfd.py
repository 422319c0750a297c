"""Handles reach the process that was meant, or none."""

import os
import signal
from collections.abc import Awaitable, Callable

import pytest
import trio

from selfhealingd.supervise.child import Child
from selfhealingd.supervise.identity import Identity
from selfhealingd.supervise.pidfd import pidfd_of, refused, wait_exited

Begin = Callable[..., Awaitable[tuple[Child, str]]]
AsNobody = Callable[..., Awaitable[str]]


def test_another_start_time_is_another_process() -> None:
    """No handle is given on a process that merely has the number."""
    with pidfd_of(Identity(os.getpid(), 1)) as fd:
        assert fd is None


def test_a_number_without_process() -> None:
    """No handle is given where nothing runs."""
    with pidfd_of(Identity(2**22 - 1, 1)) as fd:
        assert fd is None


def test_refusal_names_signal_and_process() -> None:
    """The words name the signal, also one that has only a number, and the process."""
    assert "cannot send SIGTERM to process 7:" in refused(signal.SIGTERM, "process 7")
    assert "cannot send signal 40 to process 7:" in refused(40, "process 7")


@pytest.mark.process
async def test_exit_is_seen_before_reaping(begin: Begin) -> None:
    """The wait for an exit ends with it, and leaves the status to its owner."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_exited, child.identity)
            child.send(signal.SIGKILL)
        assert (await child.wait()).signal == signal.SIGKILL


@pytest.mark.process
async def test_not_permitted_is_told(begin: Begin, as_nobody: AsNobody) -> None:
    """A signal to another user's process is a SignalError with its words."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    said = await as_nobody(
        "import sys\n"
        "from selfhealingd.supervise.child import Child\n"
        "from selfhealingd.supervise.errors import SignalError\n",
        "other = Child.of(int(sys.argv[1]))\n"
        "for send in other.send, other.send_group:\n"
        "    try: send(15)\n"
        "    except SignalError as error: print(error)\n",
        child.pid,
    )
    alone, group = said.splitlines()
    assert f"cannot send SIGTERM to process {child.pid}: " in alone
    assert f"cannot send SIGTERM to process group {child.pid}: " in group
