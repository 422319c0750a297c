"""A child's end is learnt once, exactly, and leaves nothing behind."""

import gc
import os
import signal
import sys
import warnings
from collections.abc import Awaitable, Callable

import pytest
import trio

from selfhealingd.core.launch import Launch
from selfhealingd.supervise.child import Child, ExitStatus
from selfhealingd.supervise.identity import start_ticks
from selfhealingd.supervise.spawn import start

Begin = Callable[..., Awaitable[tuple[Child, str]]]
Footprint = Callable[[], tuple[list[str], bool]]
pytestmark = pytest.mark.process


def _sh(text: str) -> Launch:
    return Launch(argv=("/bin/sh", "-c", text))


def _steal_status(pid: int) -> None:
    os.waitpid(pid, 0)


@pytest.mark.parametrize("code", [0, 1, 7, 127, 255])
async def test_exit_code(code: int) -> None:
    """An exit code arrives as it was given, however fast the exit."""
    child = await start(_sh(f"exit {code}"), marks={})
    with trio.fail_after(10):
        assert ExitStatus(code, None) == await child.wait()
    child.close()


@pytest.mark.parametrize("signo", [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1])
async def test_death_by_signal(signo: int, begin: Begin) -> None:
    """A death by signal names the signal, and no code."""
    child, _ = await begin("import time; print(); time.sleep(600)", stdout=None)
    assert child.send(signo)
    with trio.fail_after(10):
        assert ExitStatus(None, signo) == await child.wait()


async def test_ignored_sigterm(begin: Begin) -> None:
    """A child that ignores SIGTERM lives on until SIGKILL."""
    child, _ = await begin(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print()\n"
        "time.sleep(600)\n"
    )
    assert child.send(signal.SIGTERM)
    assert child.send(signal.SIGKILL)
    with trio.fail_after(10):
        assert signal.SIGKILL == (await child.wait()).signal


async def test_identity_is_the_kernels() -> None:
    """Pid and start time are those of /proc; the child leads its session."""
    child = await start(_sh("exit 3"), marks={})
    assert start_ticks(child.pid) == child.started
    await child.wait()
    child.close()


async def test_many_waiters_one_status() -> None:
    """Whoever waits, at once or later, gets the same status."""
    child = await start(_sh("exit 4"), marks={})
    seen: list[ExitStatus] = []

    async def wait() -> None:
        seen.append(await child.wait())

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(wait)
    child.close()
    assert [ExitStatus(4, None)] * 3 == seen
    assert ExitStatus(4, None) == await child.wait()


async def test_a_cancelled_wait_loses_nothing(begin: Begin) -> None:
    """After a wait was cancelled, the next one still gets the status."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    with trio.CancelScope() as scope:
        scope.cancel()
        await child.wait()
    assert child.status is None
    child.send(signal.SIGKILL)
    with trio.fail_after(10):
        assert signal.SIGKILL == (await child.wait()).signal


async def test_signals_to_the_dead() -> None:
    """A signal to a child that is gone is no error, and says so."""
    child = await start(_sh("exit 0"), marks={})
    await child.wait()
    assert not child.send(signal.SIGTERM)
    assert not child.send_group(signal.SIGTERM)
    child.close()
    child.close()
    assert not child.send(signal.SIGTERM)


async def test_group_outlives_its_leader(begin: Begin) -> None:
    """After the leader is reaped, its group can still be signalled until it ends."""
    child, line = await begin(
        "import os, time\n"
        "pid = os.fork()\n"
        "if pid:\n"
        "    print(pid)\n"
        "    os._exit(0)\n"
        "time.sleep(600)\n"
    )
    with trio.fail_after(10):
        await child.wait()
        grandchild = os.pidfd_open(int(line))
        assert child.send_group(signal.SIGKILL)
        await trio.lowlevel.wait_readable(grandchild)
    os.close(grandchild)


async def test_close_wakes_who_waits(begin: Begin) -> None:
    """A wait that can't succeed any more ends with ClosedResourceError."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    pid = child.pid
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await child.wait()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        child.close()
    with pytest.raises(trio.ClosedResourceError):
        await child.wait()
    os.kill(pid, signal.SIGKILL)
    _steal_status(pid)


async def test_a_stolen_status_is_unknown() -> None:
    """If somebody else reaped the child, neither code nor signal is known."""
    child = await start(_sh("exit 5"), marks={})
    _steal_status(child.pid)
    with trio.fail_after(10):
        assert ExitStatus(None, None) == await child.wait()
    child.close()


async def test_a_hundred_at_once() -> None:
    """A hundred children that live at the same time each give their own code."""
    codes: dict[int, int | None] = {}

    async def one(code: int) -> None:
        child = await start(_sh(f"exit {code}"), marks={})
        codes[code] = (await child.wait()).code
        child.close()

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for code in range(100):
                nursery.start_soon(one, code)
    assert {code: code for code in range(100)} == codes


async def test_nothing_is_left_of_fifty(footprint: Footprint) -> None:
    """Fifty runs cost no descriptor, no zombie and no warning."""
    gc.collect()
    before = footprint()
    with warnings.catch_warnings(), trio.fail_after(60):
        warnings.simplefilter("error")
        for _ in range(50):
            child = await start(Launch(argv=(sys.executable, "-V")), marks={})
            await child.wait()
            child.close()
            del child
        gc.collect()
    assert before == footprint()
