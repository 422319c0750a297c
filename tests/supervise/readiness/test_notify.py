"""A program's notification socket: who is heard there, and what becomes of the rest."""

import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trio

from selfhealingd.supervise.child import Child
from selfhealingd.supervise.environment import INSTANCE, PROGRAM, RUN
from selfhealingd.supervise.readiness.notice import Notice
from selfhealingd.supervise.readiness.notify import LONGEST, NotifySocket

pytestmark = pytest.mark.process
Begin = Callable[..., Awaitable[tuple[Child, str]]]

TELL = """
import os, socket, signal, sys
def tell(message, fds=()):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect(sys.argv[1])
        socket.send_fds(out, [message], fds)
"""
ORPHAN = """
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    tell(b'READY=1')
"""
MARKS = {INSTANCE: "test", PROGRAM: "web", RUN: "1"}
IDLE = "\nprint(flush=True)\nsignal.pause()\n"


class Ear:
    """A socket, and what was heard there from one program."""

    def __init__(self, path: Path, nursery: trio.Nursery) -> None:
        self.bound = NotifySocket(path)
        self.nursery = nursery
        self.heard: list[Notice] = []
        self.ignored: list[int] = []
        self._moved = trio.Event()

    def listen(self, child: Child) -> None:
        self.nursery.start_soon(self.bound.hear, child, self._heed, self._ignore)

    async def until(self, done: Callable[[], object]) -> None:
        with trio.fail_after(20):
            while not done():
                await self._moved.wait()

    async def _heed(self, notice: Notice) -> None:
        self.heard.append(notice)
        self._move()

    def _ignore(self, pid: int) -> None:
        self.ignored.append(pid)
        self._move()

    def _move(self) -> None:
        self._moved.set()
        self._moved = trio.Event()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notify" / "web.sock"


@pytest.fixture
async def ear(path: Path) -> AsyncIterator[Ear]:
    async with trio.open_nursery() as nursery:
        made = Ear(path, nursery)
        yield made
        nursery.cancel_scope.cancel()
    made.bound.close()


@pytest.mark.parametrize(
    "who",
    [
        "tell(b'READY=1')",
        "if os.fork(): signal.pause()\ntell(b'READY=1')",
        "if os.fork(): signal.pause()\nos.setsid()\ntell(b'READY=1')",
        ORPHAN,
    ],
    ids=["itself", "a child", "of another session", "an orphan"],
)
async def test_all_of_its_tree_is_heard(ear: Ear, begin: Begin, who: str) -> None:
    """Whoever of it speaks, as long as he lives."""
    code = f"{TELL}\nprint(flush=True)\n{who}\nsignal.pause()"
    child, _ = await begin(code, ear.bound.path, marks=MARKS)
    ear.listen(child)
    await ear.until(lambda: ear.heard)
    assert [Notice(ready=True)] == ear.heard
    assert [] == ear.ignored


async def test_a_stranger_is_not_heard(ear: Ear, begin: Begin) -> None:
    """Not even one of the same user, nor one that is gone before we look."""
    child, _ = await begin(TELL + IDLE, ear.bound.path)
    stranger, _ = await begin(f"{TELL}\ntell(b'READY=1'){IDLE}", ear.bound.path)
    speak = f"{TELL}\ntell(b'READY=1')"
    await trio.run_process([sys.executable, "-c", speak, str(ear.bound.path)])
    ear.listen(child)
    await ear.until(lambda: len(ear.ignored) == 2)
    assert stranger.pid == ear.ignored[0]
    assert [] == ear.heard


async def test_another_user_may_speak(ear: Ear, begin: Begin, tmp_path: Path) -> None:
    """A program that gave up its rights is still heard, and can't look around."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch users")
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    drop = f"""
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    os.listdir({str(ear.bound.path.parent)!r})
except PermissionError:
    tell(b'READY=1')
"""
    child, _ = await begin(TELL + drop + IDLE, ear.bound.path)
    ear.listen(child)
    await ear.until(lambda: ear.heard)


async def test_a_barrier_is_passed_once_all_before_it_was_heard(
    ear: Ear, begin: Begin
) -> None:
    """Descriptors that are sent are closed, and never become ours."""
    child, _ = await begin(
        f"""{TELL}
reader, writer = os.pipe()
tell(b'READY=1')
tell(b'BARRIER=1', [writer] * 50)
os.close(writer)
print(flush=True)
assert os.read(reader, 1) == b''
tell(b'STATUS=passed')
signal.pause()
""",
        ear.bound.path,
    )
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a number is wanted
    ear.listen(child)
    await ear.until(lambda: len(ear.heard) == 3)
    assert [Notice(ready=True), Notice(), Notice(status="passed")] == ear.heard
    now = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    assert now <= before


async def test_what_is_too_long_is_not_read(ear: Ear, begin: Begin) -> None:
    """The start of a message could say something else than the whole."""
    code = f"""
tell(b'READY=1\\nSTATUS=' + b'x' * {LONGEST})
tell(b'STATUS=short')
"""
    child, _ = await begin(TELL + code + IDLE, ear.bound.path)
    ear.listen(child)
    await ear.until(lambda: ear.heard)
    assert [Notice(status="short")] == ear.heard


async def test_a_flood_leaves_the_loop_to_others(ear: Ear, begin: Begin) -> None:
    """Between two messages, everybody else has his turn."""
    child, _ = await begin(
        f"{TELL}\nprint(flush=True)\nwhile True: tell(b'STATUS=again')", ear.bound.path
    )
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    ear.listen(child)
    ear.nursery.start_soon(count)
    await ear.until(lambda: len(ear.heard) >= 300)
    assert turns >= 290


def test_it_takes_the_place_of_an_old_one(path: Path) -> None:
    """As a daemon that was killed leaves it; and none is left when it is closed."""
    first = NotifySocket(path)
    second = NotifySocket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect(str(path))
    assert (0o666, 0o711) == (
        path.stat().st_mode & 0o777,
        path.parent.stat().st_mode & 0o777,
    )
    first.close()
    assert path.exists()
    second.close()
    assert not path.exists()
