"""Processes are told apart by pid and start time, whatever they call themselves."""

import os
import sys
from collections.abc import Awaitable, Callable

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.launch import Launch
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.identity import (
    Identity,
    Stat,
    alive,
    boot_id,
    parse_stat,
    processes,
    read_stat,
    start_ticks,
)
from selfhealingd.supervise.spawn import start

Begin = Callable[..., Awaitable[tuple[Child, str]]]
NUMBERS = st.integers(min_value=0, max_value=2**63)


def _line(name: bytes, state: bytes = b"S", threads: int = 1) -> bytes:
    middle = b" ".join(b"%d" % n for n in range(6, 17))
    return b"7 (%b) %b 1 2 3 0 -1 %b %d 0 991 5 6\n" % (name, state, middle, threads)


@given(name=st.binary(max_size=16), numbers=st.lists(NUMBERS, min_size=52, max_size=52))
def test_any_name_is_parsed(name: bytes, numbers: list[int]) -> None:
    """Spaces, newlines and parentheses in a name shift no field."""
    fields = [b"R", *(b"%d" % number for number in numbers[4:])]
    line = b"%d (%b) %b\n" % (numbers[0], name, b" ".join(fields))

    stat = parse_stat(line)

    assert numbers[0] == stat.pid
    assert name == stat.name
    assert numbers[4:7] == [stat.parent, stat.group, stat.session]
    assert numbers[20] == stat.threads
    assert numbers[22] == stat.started


@given(st.binary(max_size=200))
def test_garbage_is_a_value_error(line: bytes) -> None:
    """What is not a stat line raises ValueError, and nothing else."""
    with pytest.raises(ValueError, match=r".*"):
        parse_stat(line)


@pytest.mark.parametrize(
    ("state", "threads", "gone"),
    [
        (b"R", 1, False),
        (b"D", 1, False),
        (b"Z", 1, True),
        (b"X", 1, True),
        (b"Z", 2, False),
    ],
)
def test_a_zombie_is_gone_unless_threads_live(
    state: bytes, threads: int, *, gone: bool
) -> None:
    """A dead main thread is not yet a dead process."""
    assert gone == parse_stat(_line(b"x", state, threads)).gone


def test_we_are_alive() -> None:
    """Our own process is found, and no other process of its number is."""
    started = start_ticks(os.getpid())
    assert started is not None
    assert alive(Identity(os.getpid(), started))
    assert not alive(Identity(os.getpid(), started - 1))


def test_own_stat_agrees_with_the_system() -> None:
    """Parent, group and session are what the system calls say."""
    stat = read_stat(os.getpid())
    assert isinstance(stat, Stat)
    assert (os.getppid(), os.getpgrp()) == (stat.parent, stat.group)
    assert os.getsid(0) == stat.session
    assert os.getpid() in [other.pid for other in processes()]


def test_no_such_process() -> None:
    """A number beyond the last pid has no start time."""
    assert start_ticks(2**22 + 1) is None
    assert not alive(Identity(2**22 + 1, 0))


@pytest.mark.process
async def test_a_zombie_is_not_alive(zombie: Callable[[Child], None]) -> None:
    """A killed child that nobody has reaped yet does not count as alive."""
    child = await start(
        Launch(argv=(sys.executable, "-c", "import time; time.sleep(600)")), marks={}
    )
    zombie(child)
    stat = read_stat(child.pid)
    assert stat is not None
    assert stat.state == "Z"
    assert not alive(child.identity)
    await child.wait()
    child.close()


@pytest.mark.process
async def test_life_after_the_main_thread(begin: Begin) -> None:
    """A process whose main thread has ended, but not its others, is alive."""
    child, _ = await begin(
        "import ctypes, os, threading, time\n"
        "def work():\n"
        "    while open('/proc/self/stat').read().rpartition(') ')[2][0] != 'Z':\n"
        "        time.sleep(0.001)\n"
        "    print('alone', flush=True)\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=work).start()\n"
        "number = {'x86_64': 60}.get(os.uname().machine, 93)\n"
        "ctypes.CDLL(None).syscall(number, 0)\n"
    )
    assert alive(child.identity)


async def test_a_container_that_is_started_again_is_another_boot() -> None:
    """Its pids begin anew, though the kernel has not been booted."""
    if os.geteuid() != 0:
        pytest.skip("only root may make a PID namespace")
    ask = "from selfhealingd.supervise.identity import boot_id; print(boot_id())"
    unshare = ("unshare", "--pid", "--fork", "--mount-proc")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    named = {boot_id(), boot_id()}
    for _ in range(2):
        ran = await trio.run_process(
            (*unshare, sys.executable, "-c", ask), capture_stdout=True, env=environ
        )
        named.add(ran.stdout.decode().strip())
    assert 3 == len(named)
