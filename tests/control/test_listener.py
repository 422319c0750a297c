"""The socket's file: made whole, never taken from a living daemon."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from selfhealingd.control.listener import (
    PATH_MAX,
    ControlSocket,
    SocketError,
    SocketHeld,
    close_socket,
    open_socket,
    take_over_socket,
    take_socket,
)

LISTEN = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.bind(sys.argv[1])
sock.listen(1)
print("up", flush=True)
sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def opened(path: Path, mode: int = 0o600) -> Iterator[ControlSocket]:
    control = open_socket(path, mode=mode)
    try:
        yield control
    finally:
        close_socket(control)


@contextmanager
def another_daemon(path: Path) -> Iterator[int]:
    """Listen on ``path`` in another process; yield its pid, kill it at the end."""
    command = [sys.executable, "-c", LISTEN, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        process.kill()


async def test_a_client_can_connect(tmp_path: Path) -> None:
    """The listener accepts at the path that was asked for."""
    path = tmp_path / "s"
    with opened(path) as control, trio.fail_after(5):
        async with await trio.open_unix_socket(path), await control.listener.accept():
            assert names(tmp_path) == ["s"]


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
async def test_the_mode_is_the_one_asked_for(tmp_path: Path, mode: int) -> None:
    """The umask has no say in who may connect."""
    before = os.umask(0o077)
    try:
        with opened(tmp_path / "s", mode):
            assert mode_of(tmp_path / "s") == mode
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to any group")
async def test_the_group_is_the_one_asked_for(tmp_path: Path) -> None:
    """``gid`` may connect, the owner stays the daemon's."""
    control = open_socket(tmp_path / "s", mode=0o660, gid=65534)
    found = (tmp_path / "s").stat()
    close_socket(control)
    assert (found.st_uid, found.st_gid) == (0, 65534)


async def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """Root's is for all to enter, a user's for nobody else, whatever the umask."""
    before = os.umask(0o027)
    try:
        with opened(tmp_path / "run" / "selfhealingd" / "s"):
            mode = mode_of(tmp_path / "run" / "selfhealingd")
    finally:
        os.umask(before)
    assert mode == (0o755 if os.geteuid() == 0 else 0o700)


async def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody chose its mode."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o710)
    with opened(folder / "s"):
        assert mode_of(folder) == 0o710


@pytest.mark.process
async def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    """The file that a killed daemon left is no obstacle."""
    path = tmp_path / "s"
    with another_daemon(path):
        pass
    assert path.is_socket()
    with opened(path) as control, trio.fail_after(5):
        async with await trio.open_unix_socket(path), await control.listener.accept():
            pass


@pytest.mark.process
async def test_a_held_socket_is_refused_with_its_holders_pid(tmp_path: Path) -> None:
    """A living daemon keeps its socket, and the second one says who has it."""
    path = tmp_path / "s"
    with another_daemon(path) as pid:
        with pytest.raises(SocketHeld, match=f"pid {pid} already does") as caught:
            open_socket(path, mode=0o600)
        assert (caught.value.pid, caught.value.path) == (pid, path)
        assert names(tmp_path) == ["s"]
        # Nor does a daemon that hangs, with a full backlog, lose it.
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for sock in waiting:
            sock.settimeout(0)
            sock.connect_ex(str(path))
        with pytest.raises(SocketHeld, match="another process") as caught:
            open_socket(path, mode=0o600)
        assert caught.value.pid is None
        for sock in waiting:
            sock.close()


async def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    """A file that is no socket is somebody's: it stays."""
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(SocketError, match="no socket; remove it"):
        open_socket(path, mode=0o600)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("over", [False, True])
async def test_a_path_may_have_107_bytes(tmp_path: Path, *, over: bool) -> None:
    """The kernel's limit is told in words, not as EINVAL."""
    room = PATH_MAX - len(os.fsencode(tmp_path)) - 1
    path = tmp_path / ("s" * (room + over))
    if over:
        with pytest.raises(SocketError, match=r"has 108 bytes.*may have 107"):
            open_socket(path, mode=0o600)
    else:
        with opened(path):
            assert path.is_socket()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The system's reason is in the words."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SocketError, match=r"cannot listen on .*: .*Not a directory"):
        open_socket(tmp_path / "file" / "x" / "s", mode=0o600)


async def test_a_draft_that_was_left_is_replaced(tmp_path: Path) -> None:
    """A daemon killed before the rename is no obstacle to one with its pid."""
    (tmp_path / f".{os.getpid():x}").write_text("")
    with opened(tmp_path / "s"):
        assert names(tmp_path) == ["s"]


async def test_a_draft_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Nothing is left open or lying about."""
    (tmp_path / f".{os.getpid():x}").mkdir()
    with pytest.raises(SocketError, match=r"cannot listen on .*/s: Is a directory"):
        open_socket(tmp_path / "s", mode=0o600)
    assert names(tmp_path) == [f".{os.getpid():x}"]


async def test_closing_removes_the_file(tmp_path: Path) -> None:
    """Nothing is left behind, and closing where it is gone already is fine."""
    control = open_socket(tmp_path / "s", mode=0o600)
    close_socket(control)
    assert names(tmp_path) == []
    close_socket(control)


async def test_closing_leaves_anothers_file(tmp_path: Path) -> None:
    """A file that took our place is not ours to remove."""
    path = tmp_path / "s"
    first = open_socket(path, mode=0o600)
    path.rename(tmp_path / "moved")
    with opened(path):
        close_socket(first)
        assert path.is_socket()


@pytest.fixture
def passed(tmp_path: Path) -> Iterator[socket.socket]:
    """What systemd would have made and passed on."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        sock.listen()
        yield sock


async def test_a_passed_socket_is_listened_on_and_left(
    passed: socket.socket, tmp_path: Path
) -> None:
    """Who connects is heard; at the end the file stays, for the next daemon."""
    path = tmp_path / "s"
    control = take_socket(os.dup(passed.fileno()), path)
    with trio.fail_after(20):
        async with (
            await trio.open_unix_socket(str(path)) as client,
            await control.listener.accept() as server,
        ):
            await server.send_all(b"hello")
            assert b"hello" == await client.receive_some(5)
    close_socket(control)
    assert ["s"] == names(tmp_path)


def test_a_passed_socket_elsewhere_is_refused(
    passed: socket.socket, tmp_path: Path
) -> None:
    """Clients would look for it where the config says."""
    with pytest.raises(SocketError, match=r"ListenStream="):
        take_socket(os.dup(passed.fileno()), tmp_path / "other")


async def test_a_passed_socket_without_its_file_is_refused(
    passed: socket.socket, tmp_path: Path
) -> None:
    """Nobody could connect; what helps is named."""
    (tmp_path / "s").unlink()
    with pytest.raises(SocketError, match=r"restart selfhealingd\.socket"):
        take_socket(os.dup(passed.fileno()), tmp_path / "s")


async def test_a_socket_outlives_an_exec(tmp_path: Path) -> None:
    """Who connects before it is taken over is answered afterwards."""
    path = tmp_path / "s"
    first = open_socket(path, mode=0o600)
    made = (first.device, first.inode)
    fd = os.dup(first.listener.socket.fileno())
    first.listener.socket.close()
    async with await trio.open_unix_socket(path):
        second = take_over_socket(fd, path, made, mode=0o660)
        assert second is not None
        assert 0o660 == mode_of(path)
        with trio.fail_after(20):
            async with await second.listener.accept():
                pass
    close_socket(second)
    assert [] == names(tmp_path)


async def test_a_socket_whose_file_is_another_one_is_given_up(tmp_path: Path) -> None:
    """The config has another path now, or somebody removed it."""
    path = tmp_path / "s"
    with opened(path) as control:
        made = (control.device, control.inode)
        for elsewhere, what in ((tmp_path / "t", made), (path, (0, 0))):
            fd = os.dup(control.listener.socket.fileno())
            assert take_over_socket(fd, elsewhere, what, mode=0o600) is None
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(fd)
            assert take_over_socket(fd, path, made, mode=0o600) is None
