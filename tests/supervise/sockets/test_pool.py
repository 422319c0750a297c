"""The pool: each socket once, lent as often as needed, and given up in time."""

import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import trio
from supervise.sockets.conftest import Holder
from supervise.sockets.test_opening import at_path, at_port

from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.sockets.opening import open_socket
from selfhealingd.supervise.sockets.pool import Sockets

pytestmark = pytest.mark.process


class Told:
    """A pool, and what it told."""

    def __init__(self) -> None:
        self.words: list[str | None] = []
        self.pool = Sockets(lambda _, problem: self.words.append(problem))


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.pool.close()


def inodes(fds: Iterable[int]) -> list[int]:
    return [os.fstat(fd).st_ino for fd in fds]


async def test_each_is_opened_once(told: Told, port: int, tmp_path: Path) -> None:
    """Also for many who ask at once."""
    wanted = [at_path(tmp_path / "x"), at_port(port)]
    lent: set[tuple[int, ...]] = set()

    async def ask() -> None:
        lent.add(await told.pool.lend(wanted))

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for _ in range(9):
                nursery.start_soon(ask)
    [fds] = lent
    assert 2 == len(set(inodes(fds)))


async def test_it_listens_on_while_nobody_has_it(told: Told, port: int) -> None:
    """Until the config does without it."""
    first = inodes(await told.pool.lend([at_port(port)]))
    socket.create_connection(("127.0.0.1", port)).close()
    told.pool.keep([at_port(port, backlog=7)])
    assert first == inodes(await told.pool.lend([at_port(port)]))
    told.pool.keep([])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_other_settings_keep_it(told: Told, tmp_path: Path) -> None:
    """They are put into force when it is lent again."""
    path = tmp_path / "x"
    first = inodes(await told.pool.lend([at_path(path)]))
    assert first == inodes(await told.pool.lend([at_path(path, mode=0o600)]))
    assert 0o600 == path.stat().st_mode & 0o777


async def test_what_can_not_be_opened(told: Told, port: int) -> None:
    """Is told each time, and opened once it can be; nothing else is kept open."""
    with socket.create_server(("127.0.0.1", port)):
        for _ in range(2):
            with pytest.raises(SpawnError, match="listens there already"):
                await told.pool.lend([at_port(port)])
    assert await told.pool.lend([at_port(port)])


@pytest.mark.parametrize("kind", ["port", "file"])
async def test_recovery(
    told: Told, port: int, tmp_path: Path, holder: Holder, kind: str
) -> None:
    """From whoever of an earlier daemon's programs has it, with today's settings."""
    path = tmp_path / "x"
    former = {"port": at_port(port), "file": at_path(path)}[kind]
    wanted = {
        "port": at_port(port, backlog=9),
        "file": at_path(path, mode=0o600),
    }[kind]
    opened = open_socket(former)
    before = os.fstat(opened.sock.fileno()).st_ino
    stranger, mine = holder(), holder(opened.sock)
    opened.sock.close()
    await told.pool.recover([wanted, wanted], [stranger.pid, mine.pid])
    mine.communicate()
    assert [before] == inodes(await told.pool.lend([wanted]))
    assert [] == told.words
    if kind == "file":
        assert 0o600 == path.stat().st_mode & 0o777
        told.pool.close()
        assert not path.exists()


async def test_nothing_to_recover(told: Told, port: int, holder: Holder) -> None:
    """What nobody has, and what a stranger has, is left alone without a word."""
    process = holder()
    await told.pool.recover([at_port(port)], [process.pid])
    with socket.create_server(("127.0.0.1", port)):
        await told.pool.recover([at_port(port)], [process.pid])
    assert [] == told.words


@pytest.mark.skipif(os.geteuid() != 0, reason="as a user one can't be another one")
async def test_recovery_that_is_not_permitted(
    told: Told, port: int, holder: Holder
) -> None:
    """Is told, and told to be over once the socket could be opened anew."""
    opened = open_socket(at_port(port))
    process = holder(opened.sock)
    opened.close()
    os.seteuid(65534)
    try:
        await told.pool.recover([at_port(port)], [process.pid])
    finally:
        os.seteuid(0)
    [problem] = told.words
    assert problem is not None
    assert f"pid {process.pid}: " in problem
    assert "Permission denied" in problem
    process.communicate()
    assert await told.pool.lend([at_port(port)])
    assert [problem, None] == told.words
