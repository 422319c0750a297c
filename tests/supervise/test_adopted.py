"""A program that is somebody else's child: how it ended, and who is of its tree."""

import os
import re
import signal
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import pytest
import trio
from harness import soon

from selfhealingd.supervise.adopted import Adopted, exit_info, hold, zombie_status
from selfhealingd.supervise.child import Child, ExitStatus
from selfhealingd.supervise.identity import Identity, alive, start_ticks
from selfhealingd.supervise.tree import glance, left, members, send, wait_gone

Begin = Callable[..., Awaitable[tuple[Child, str]]]
pytestmark = pytest.mark.process

MARKS = {"SELFHEALINGD_PROGRAM": "web", "SELFHEALINGD_RUN": "3"}

PARENT = """
import os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
pid = os.fork()
if not pid:
    os.setsid()
    exec(sys.argv[1])
    os._exit(0)
"""
REAPS = f"{PARENT}print(pid); os.waitpid(pid, 0); time.sleep(600)"
NEVER_REAPS = f"{PARENT}print(pid); time.sleep(600)"
REAPS_WHEN_TOLD = (
    f"{PARENT}print(pid); signal.sigwait([{int(signal.SIGUSR1)}])\n"
    "os.waitpid(pid, 0); time.sleep(600)"
)
WAITS = "time.sleep(600)"

TOLD = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 15)
"""Whether this kernel tells how a process ended that was reaped by somebody else."""


def held(pid: str, marks: Mapping[str, str] = MappingProxyType({})) -> Adopted:
    started = start_ticks(int(pid))
    assert started is not None
    adopted = hold(Identity(int(pid), started), marks)
    assert isinstance(adopted, Adopted)
    return adopted


@pytest.mark.parametrize("parent", [REAPS, NEVER_REAPS], ids=["reaps", "never reaps"])
@pytest.mark.parametrize(
    ("does", "status"),
    [
        ("signal.sigwait({signal.SIGUSR1}); os._exit(42)", ExitStatus(42, None)),
        ("signal.sigwait({signal.SIGUSR1}); os._exit(0)", ExitStatus(0, None)),
        (WAITS, ExitStatus(None, signal.SIGKILL)),
    ],
)
async def test_how_it_ended(
    begin: Begin, parent: str, does: str, status: ExitStatus
) -> None:
    """Told at once, whether somebody has reaped it already, or does so never."""
    _, pid = await begin(parent, does)
    adopted = held(pid)
    try:
        adopted.send(signal.SIGKILL if does is WAITS else signal.SIGUSR1)
        with trio.fail_after(20):
            found = await adopted.wait()
    finally:
        adopted.close()
    unknown = ExitStatus(None, None)
    assert found == status or (found == unknown and parent is REAPS and not TOLD)


async def test_once_reaped_the_pidfd_tells(begin: Begin) -> None:
    """As long as it is a zombie /proc does, afterwards the kernel by ioctl."""
    parent, pid = await begin(REAPS_WHEN_TOLD, "os._exit(3)")
    started = start_ticks(int(pid))
    assert started is not None
    identity, fd = Identity(int(pid), started), os.pidfd_open(int(pid))
    try:
        with trio.fail_after(20):
            await trio.lowlevel.wait_readable(fd)
            assert ExitStatus(3, None) == zombie_status(identity)
            assert exit_info(fd) is None
            parent.send(signal.SIGUSR1)
            await soon(lambda: start_ticks(int(pid)) is None)
        assert zombie_status(identity) is None
        assert (ExitStatus(3, None) if TOLD else None) == exit_info(fd)
    finally:
        os.close(fd)


async def test_who_lives_has_no_status(begin: Begin) -> None:
    """Neither way tells one."""
    _, pid = await begin(REAPS, WAITS)
    adopted = held(pid)
    assert zombie_status(adopted.identity) is None
    assert exit_info(adopted._pidfd) is None
    adopted.close()


async def test_another_bearer_of_the_number_is_not_touched(begin: Begin) -> None:
    """It is not what was recorded, so nothing is held of it."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    assert hold(Identity(child.pid, child.started - 1), {}) is None
    assert hold(Identity(2**22 - 1, 1), {}) is None
    assert alive(child.identity)


async def test_what_is_our_own_child_is_waited_for_as_such(begin: Begin) -> None:
    """The daemon went on as other code: it is still the parent."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    again = hold(child.identity, {})
    assert type(again) is Child
    assert again.send(signal.SIGTERM)
    with trio.fail_after(20):
        assert ExitStatus(None, signal.SIGTERM) == await again.wait()
    again.close()


async def family(adopted: Adopted) -> tuple[Identity, ...]:
    """Wait until the other one of its tree is there, or has begun its session."""
    found: tuple[Identity, ...] = ()

    async def both() -> bool:
        nonlocal found
        found = await members(adopted)
        return len(found) == 2

    await soon(both)
    return found


LOST = """
os.environ.update({marks!r})
if not os.fork():
    if not os.fork():  # its parent dies
        {escape}
        time.sleep(600)
    os._exit(0)
os.wait()
os.write({ready}, b"x")
time.sleep(600)
"""

ESCAPES = {
    "stays in the session": "os.setpgid(0, 0)",
    "keeps its marks": (
        "os.setsid(); os.execve(sys.executable,"
        " [sys.executable, '-c', 'import time; time.sleep(600)'], os.environ)"
    ),
}


@pytest.mark.parametrize("how", ESCAPES)
async def test_whom_no_parent_leads_to_is_found(begin: Begin, how: str) -> None:
    """By session or by marks; a signal reaches them, and their end is awaited."""
    reader, writer = os.pipe()
    ready = f"os.open('/proc/{os.getpid()}/fd/{writer}', os.O_WRONLY)"
    does = LOST.format(marks=MARKS, escape=ESCAPES[how], ready=ready)
    _, pid = await begin(REAPS, does)
    with trio.fail_after(20):
        await trio.lowlevel.wait_readable(reader)
    os.close(reader)
    os.close(writer)
    adopted = held(pid, MARKS)
    try:
        with trio.fail_after(20):
            found = await family(adopted)
            assert not glance(adopted).whole
            adopted.send(signal.SIGKILL)
            await adopted.wait()
            assert 1 == len(await left(adopted))
            await send(adopted, signal.SIGKILL)
            await wait_gone(adopted)
        assert not any(map(alive, found))
    finally:
        adopted.close()


async def test_who_was_seen_before_is_known_again(begin: Begin) -> None:
    """Without parent, session and marks."""
    _, pid = await begin(
        REAPS,
        "child = os.fork()\n"
        "if not child: os.setsid(); time.sleep(600)\n"
        "signal.sigwait({signal.SIGUSR1}); os._exit(0)",
    )
    adopted = held(pid, MARKS)
    try:
        with trio.fail_after(20):
            before = await family(adopted)
            adopted.send(signal.SIGUSR1)
            await adopted.wait()
            assert set(before) - {adopted.identity} == set(await left(adopted))
            await send(adopted, signal.SIGKILL)
            await wait_gone(adopted)
    finally:
        adopted.close()


async def test_its_number_is_never_taken_for_its_group(begin: Begin) -> None:
    """Who reaps it is not us, so it may be a stranger's by then."""
    _, pid = await begin(REAPS, WAITS)
    adopted = held(pid)
    assert not adopted.send_group(signal.SIGKILL)
    assert alive(adopted.identity)
    adopted.close()
