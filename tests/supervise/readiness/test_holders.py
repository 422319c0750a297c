"""Who holds a listening socket."""

import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from selfhealingd.core.readiness import Tcp, Unix
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.readiness.holders import held_by, listeners

Begin = Callable[..., Awaitable[tuple[Child, str]]]


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_port(family: int, host: str) -> None:
    """Only what listens on it, not what is connected there."""
    with socket.socket(family) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip(f"there is no {host} here")
        port = listener.getsockname()[1]
        assert frozenset() == listeners(Tcp(host, port))
        listener.listen()
        with socket.create_connection((host, port)):
            inode = os.fstat(listener.fileno()).st_ino
            assert {inode} == listeners(Tcp(host, port))
    assert frozenset() == listeners(Tcp(host, port))


def test_a_unix_socket(tmp_path: Path) -> None:
    """By its whole path."""
    path = tmp_path / "a socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert frozenset() == listeners(Unix(str(path)))
        listener.listen()
        assert {os.fstat(listener.fileno()).st_ino} == listeners(Unix(str(path)))
        assert frozenset() == listeners(Unix(str(path) + "x"))


@pytest.mark.process
async def test_held_by(begin: Begin) -> None:
    """One of several is enough; who has ended holds nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        inodes = frozenset({os.fstat(listener.fileno()).st_ino})
        child, _ = await begin("import signal; print(); signal.pause()")
        assert held_by([child.pid, os.getpid()], inodes)
        assert not held_by([child.pid], inodes)
        assert not held_by([2**22 + 1], inodes)


@pytest.mark.process
async def test_who_may_not_look_can_not_tell(
    as_nobody: Callable[..., Awaitable[str]],
) -> None:
    """Then it counts as held, as what isn't known is held against nobody."""
    imports = "from selfhealingd.supervise.readiness.holders import held_by"
    code = f"print(held_by([{os.getpid()}], frozenset({{1}})))"
    assert "True" == (await as_nobody(imports, code)).strip()
