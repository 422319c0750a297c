import fcntl
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio

import selfhealingd
from selfhealingd.store.errors import StoreError
from selfhealingd.store.lock import Held, hold, take_over

ROOT = str(Path(selfhealingd.__file__).parents[1])
HOLDER = """
import sys, time
from pathlib import Path
from selfhealingd.store.lock import hold
lock = hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def test_the_file_holds_our_pid_and_stays(tmp_path: Path) -> None:
    """Who holds the lock can be read, and the release removes nothing."""
    path = tmp_path / "lock"
    path.write_text("4294967295 and more than a pid\n")

    with hold(path):
        assert f"{os.getpid()}\n" == path.read_text()

    assert path.exists()
    hold(path).release()


def test_a_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    """Held names the path and the pid."""
    path = tmp_path / "lock"

    with hold(path), pytest.raises(Held) as held:
        hold(path)

    assert (path, os.getpid()) == (held.value.path, held.value.pid)
    words = f"cannot lock {path}: process {os.getpid()} holds it, another selfhealingd"
    assert str(held.value).startswith(words)
    assert "selfhealctl health" in str(held.value)
    assert f"kill -9 {os.getpid()} (programs run on)" in str(held.value)


@pytest.mark.parametrize("content", [b"", b"not a pid", b"4294967295"])
def test_a_holder_without_a_living_pid_is_unknown(
    tmp_path: Path, content: bytes
) -> None:
    """What stands in the file is not believed when it cannot be true."""
    path = tmp_path / "lock"
    path.write_bytes(content)
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(Held, match="another process holds it") as held:
            hold(path)

    assert held.value.pid is None


@pytest.mark.process
async def test_a_killed_holder_holds_no_more(tmp_path: Path) -> None:
    """Kill -9 releases the lock; until then it is held, by that process."""
    path = tmp_path / "lock"
    holder = partial(
        trio.run_process,
        [sys.executable, "-c", HOLDER, str(path)],
        stdout=subprocess.PIPE,
        check=False,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(holder)
            assert process.stdout is not None
            assert (await process.stdout.receive_some()).startswith(b"held")
            with pytest.raises(Held) as held:
                hold(path)
            process.send_signal(signal.SIGKILL)

    assert process.pid == held.value.pid
    hold(path).release()


@pytest.mark.process
async def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """A program that outlives the daemon must not keep the next one out."""
    path = tmp_path / "lock"
    lock = hold(path)
    with trio.fail_after(30):
        child = await trio.lowlevel.open_process(["sleep", "600"], close_fds=False)
        lock.release()
        hold(path).release()
        child.kill()
        await child.wait()


def test_a_lock_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """A missing folder and a symbolic link are errors, not locks."""
    with pytest.raises(StoreError, match="there is no such folder"):
        hold(tmp_path / "missing" / "lock")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        hold(tmp_path / "link")


def test_what_was_held_before_an_exec_is_held_on(tmp_path: Path) -> None:
    """By the same descriptor, so that nobody ever finds it free."""
    path = tmp_path / "lock"
    first = hold(path)
    descriptor = os.dup(first.descriptor)
    first.release()
    lock = take_over(path, descriptor)
    assert lock is not None
    assert descriptor == lock.descriptor
    with pytest.raises(Held):
        hold(path)
    lock.release()
    hold(path).release()


def test_a_descriptor_of_something_else_is_no_lock(tmp_path: Path) -> None:
    """It is closed, and the lock is taken as at any other start."""
    path, other = tmp_path / "lock", tmp_path / "other"
    path.touch()
    descriptor = os.open(other, os.O_RDWR | os.O_CREAT)
    assert take_over(path, descriptor) is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert take_over(path, descriptor) is None
    assert take_over(tmp_path / "missing", 0) is None


def test_a_lock_that_was_released_has_nothing_to_hand_on(tmp_path: Path) -> None:
    """Asking for it is a mistake of ours."""
    lock = hold(tmp_path / "lock")
    lock.release()
    with pytest.raises(ValueError, match="released"):
        _ = lock.descriptor
