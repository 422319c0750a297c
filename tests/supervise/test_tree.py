"""A tree is gone when its last process is, wherever that one has got to."""

import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import trio

from selfhealingd.supervise import kinship, reaper, tree
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.environment import marks_in
from selfhealingd.supervise.identity import Identity, alive, processes, read_stat
from selfhealingd.supervise.register import REGISTER
from selfhealingd.supervise.tree import left, members, send, wait_gone

Begin = Callable[..., Awaitable[tuple[Child, str]]]
pytestmark = pytest.mark.process

MARKS = {"SELFHEALINGD_INSTANCE": "test_tree", "SELFHEALINGD_PROGRAM": "web"}

LEAVES_TWO = """
import os, time
pids = []
for ours in range(2):
    pid = os.fork()
    if not pid:
        if own_group and ours: os.setpgid(0, 0)
        os.write(done[1], b'x')
        time.sleep(600)
    pids.append(pid)
    os.read(done[0], 1)
print(*pids)
os._exit(0)
"""

DAEMONIZE = """
import os, signal, sys, time
what, stays, ignores = sys.argv[1:]
reader, writer = os.pipe()
if not os.fork():
    if what == 'seen':
        os.setsid()
        if os.fork(): signal.pause()
    else:
        if os.fork(): os._exit(0)
        os.setsid()
    if ignores == 'ignores': signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(writer, str(os.getpid()).encode())
    os.close(writer)
    if what == 'marked': time.sleep(600)
    if what != 'writes':
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (1, 2): os.dup2(null, fd)
    os.execve('/bin/sleep', ['sleep', '600'], {})
if what != 'seen': os.wait()
os.close(writer)
pid = os.read(reader, 20).decode()
while what != 'marked' and open(f'/proc/{pid}/comm').read() != 'sleep\\n': time.sleep(0)
print(pid)
if stays == 'stays': signal.pause()
os._exit(0)
"""

RUNNERS = """
import os, time
end = time.monotonic() + 90
for _ in range(50):
    if not os.fork():
        while time.monotonic() < end:
            os.setsid()
            time.sleep(0.02)
            if os.fork(): os._exit(0)
        os._exit(0)
print()
time.sleep(600)
"""


def _leaves_two(*, own_group: bool) -> str:
    return f"import os; done = os.pipe(); own_group = {own_group}\n" + LEAVES_TWO


def _identity(pid: str) -> Identity:
    stat = read_stat(int(pid))
    assert stat is not None
    return stat.identity


def _marked() -> set[int]:
    mark = MARKS["SELFHEALINGD_INSTANCE"]
    return {
        stat.pid
        for stat in processes()
        if not stat.gone
        and marks_in(kinship._environ(stat.pid)).get("SELFHEALINGD_INSTANCE") == mark
    }


@pytest.mark.parametrize("own_group", [False, True])
async def test_rest_of_a_session(begin: Begin, *, own_group: bool) -> None:
    """Grandchildren are found, also in a group of their own, and can be ended."""
    child, line = await begin(_leaves_two(own_group=own_group))
    with trio.fail_after(10):
        await child.wait()
        remaining = await left(child)
        assert {int(pid) for pid in line.split()} == {one.pid for one in remaining}

        assert {} == await send(child, signal.SIGTERM)
        await wait_gone(child)
    assert () == await members(child)
    assert not any(alive(one) for one in remaining)


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("stays", ["stays", "leaves"])
async def test_daemonized(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, stays: str, *, listed: bool
) -> None:
    """Who forked twice and leads a session of his own is found by his marks.

    So it is where the kernel does not list children, and all of /proc is read.
    """
    if not listed:
        for module in (kinship, reaper, tree):
            monkeypatch.setattr(module, "lists_children", lambda: False)
    child, line = await begin(DAEMONIZE, "marked", stays, "", marks=MARKS)
    with trio.fail_after(10):
        found = {_identity(line)}
        if stays == "stays":
            found.add(child.identity)
        else:
            await child.wait()
        assert found == set(await members(child))

        assert {} == await send(child, signal.SIGTERM)
        await wait_gone(child)
    assert not any(alive(one) for one in found)


@pytest.mark.parametrize("stays", ["stays", "leaves"])
async def test_known_by_its_stdout(begin: Begin, stays: str) -> None:
    """One that did all that, and cleared its environment, but writes where we read."""
    child, line = await begin(DAEMONIZE, "writes", stays, "", marks=MARKS)
    escaped = _identity(line)
    with trio.fail_after(10):
        found = {escaped}
        if stays == "stays":
            found.add(child.identity)
        else:
            await child.wait()
        assert found == set(await members(child))
        assert {} == await send(child, signal.SIGTERM)
        await wait_gone(child)
    assert not alive(escaped)


async def test_known_because_it_was_seen(begin: Begin) -> None:
    """One that also cleared its environment stays known once it was seen."""
    child, line = await begin(DAEMONIZE, "seen", "stays", "", marks=MARKS)
    escaped = _identity(line)
    with trio.fail_after(10):
        between = set(await members(child)) - {child.identity, escaped}
        assert len(between) == 1
        for one in (child.pid, between.pop().pid):
            os.kill(one, signal.SIGKILL)
        await child.wait()
        while read_stat(escaped.pid).parent != os.getpid():  # type: ignore[union-attr]
            await trio.lowlevel.checkpoint()
        assert (escaped,) == await left(child)

        assert {} == await send(child, signal.SIGTERM)
        await wait_gone(child)
    assert not alive(escaped)


async def test_a_stranger_is_left_alone(begin: Begin) -> None:
    """An orphan that nothing connects with a tree is none of it."""
    child, line = await begin(DAEMONIZE, "unmarked", "stays", "", marks=MARKS)
    stranger = _identity(line)
    try:
        with trio.fail_after(10):
            assert (child.identity,) == await members(child)
            assert {} == await send(child, signal.SIGKILL)
            await child.wait()
            assert () == await left(child)
        assert alive(stranger)
    finally:
        os.kill(stranger.pid, signal.SIGKILL)


async def test_programs_are_told_apart(begin: Begin) -> None:
    """Of two programs' orphans each has its own; an older run's go to the new one."""
    other = {**MARKS, "SELFHEALINGD_PROGRAM": "api"}
    web, web_line = await begin(
        DAEMONIZE, "marked", "stays", "", marks={**MARKS, "SELFHEALINGD_RUN": "1"}
    )
    api, api_line = await begin(DAEMONIZE, "marked", "stays", "", marks=other)
    with trio.fail_after(10):
        assert {web.identity, _identity(web_line)} == set(await members(web))
        assert {api.identity, _identity(api_line)} == set(await members(api))

        assert {} == await send(web, signal.SIGSTOP)
        os.kill(web.pid, signal.SIGKILL)
        await web.wait()
        web.close()
        again, _ = await begin(
            "import time; print(); time.sleep(600)",
            marks={**MARKS, "SELFHEALINGD_RUN": "2"},
        )
        assert {again.identity, _identity(web_line)} == set(await members(again))


@pytest.mark.parametrize("stays", ["stays", "leaves"])
async def test_who_ignores_sigterm_is_killed(begin: Begin, stays: str) -> None:
    """A grandchild that ignores SIGTERM outlives its program, and is still reached."""
    child, line = await begin(DAEMONIZE, "marked", stays, "ignores", marks=MARKS)
    stubborn = _identity(line)
    with trio.fail_after(10):
        await send(child, signal.SIGTERM)
        await child.wait()
        assert (stubborn,) == await left(child)

        await send(child, signal.SIGKILL)
        await wait_gone(child)
    assert not alive(stubborn)


async def test_who_forks_while_being_killed(begin: Begin) -> None:
    """Fifty processes that run from one pid to the next, each in a new session, end."""
    child, _ = await begin(RUNNERS, marks=MARKS)
    with trio.fail_after(60):
        await send(child, signal.SIGKILL)
        await child.wait()
        while await left(child):
            await send(child, signal.SIGKILL)
        await wait_gone(child)
    assert set() == _marked()


async def test_a_tree_at_a_glance(begin: Begin) -> None:
    """A small tree is seen, and signalled, without waiting; a big one in part."""
    child, line = await begin(
        _leaves_two(own_group=True).replace("os._exit(0)", "time.sleep(600)")
    )
    seen = tree.glance(child)
    assert seen.whole
    pids = {child.pid, *map(int, line.split())}
    assert pids == {stat.pid for stat in seen.members}

    big, _ = await begin(
        "import os, time\n"
        "for n in range(100):\n"
        "    if not os.fork(): time.sleep(600)\n"
        "print()\n"
        "time.sleep(600)\n"
    )
    seen = tree.glance(big)
    assert not seen.whole
    assert tree._GLANCE == len(seen.members)
    volley = tree.Volley(big, signal.SIGKILL)
    assert not volley.begin()
    with trio.fail_after(10):
        await volley.finish()
        await big.wait()
        await wait_gone(big)


async def test_each_is_signalled_once(begin: Begin) -> None:
    """However often one looks, a volley reaches each process once."""
    child, _ = await begin(
        "import os, signal, time\n"
        "got = []\n"
        "signal.signal(signal.SIGUSR1, lambda *_: got.append(1))\n"
        "signal.signal(signal.SIGUSR2, lambda *_: os._exit(len(got)))\n"
        "print()\n"
        "while True: signal.pause()\n"
    )
    volley = tree.Volley(child, signal.SIGUSR1)
    assert volley.begin()
    with trio.fail_after(10):
        await volley.finish()
        child.send(signal.SIGUSR2)
        assert 1 == (await child.wait()).code


async def test_the_leader_is_a_member(begin: Begin) -> None:
    """As long as the leader runs, it is among the members."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    assert (child.identity,) == await members(child)


async def test_wait_gone_waits(begin: Begin) -> None:
    """The wait for a tree lasts exactly as long as somebody of it runs."""
    child, _ = await begin(_leaves_two(own_group=False))
    await child.wait()
    remaining = await left(child)
    over = trio.Event()

    async def wait() -> None:
        await wait_gone(child)
        over.set()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            for one in remaining:
                assert not over.is_set()
                os.kill(one.pid, signal.SIGKILL)
    assert over.is_set()


async def test_zombies_are_gone(begin: Begin) -> None:
    """A zombie that its parent never reaps keeps no tree alive."""
    child, line = await begin(
        "import os, time\n"
        "pid = os.fork()\n"
        "if not pid: os._exit(0)\n"
        "os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)\n"
        "print(pid)\n"
        "time.sleep(600)\n"
    )
    zombie = read_stat(int(line))
    assert zombie is not None
    assert zombie.state == "Z"
    assert (child.identity,) == await members(child)


async def test_a_used_again_pid_is_never_touched(begin: Begin) -> None:
    """Where its number belongs to somebody else now, a process is gone."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    former = Child(replace(child.identity, started=1), os.pidfd_open(child.pid))
    REGISTER.saw(former, [replace(child.identity, started=2)])
    with trio.fail_after(10):
        assert () == await members(former)
        assert {} == await send(former, signal.SIGKILL)
        await wait_gone(former)
    former.close()
    assert alive(child.identity)


async def test_a_simple_program_leaves_nothing(begin: Begin) -> None:
    """After the end of a program that started nothing, nobody is left."""
    child, _ = await begin("print()")
    with trio.fail_after(10):
        await child.wait()
        assert not tree._may_be_left(child)
        assert () == await left(child)


async def test_who_may_not_be_signalled_is_told(
    begin: Begin, as_nobody: Callable[..., Awaitable[str]]
) -> None:
    """Members that we may not signal are seen, spared and returned with the reason."""
    child, _ = await begin("import time; print(); time.sleep(600)")
    said = await as_nobody(
        "import sys, trio\n"
        "from selfhealingd.supervise.child import Child\n"
        "from selfhealingd.supervise.identity import Identity\n"
        "from selfhealingd.supervise.tree import send\n",
        "other = Identity(*map(int, sys.argv[1:]))\n"
        "child = Child(other, os.pidfd_open(other.pid))\n"
        "[(who, words)] = trio.run(send, child, 9).items()\n"
        "print(who == other, words)\n",
        child.pid,
        child.started,
    )
    assert said.startswith(f"True cannot send SIGKILL to process {child.pid}: ")
    assert alive(child.identity)
