"""A port or a socket that is tried until somebody listens."""

import socket
from pathlib import Path

import pytest
import trio

from selfhealingd.core.readiness import Tcp, Unix
from selfhealingd.supervise.readiness.listener import Place, lack_of


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        port: int = made.getsockname()[1]
        return port


async def found(place: Place, seconds: float = 20) -> str | None:
    with trio.fail_after(30):
        return await lack_of(place, seconds)


async def test_a_port() -> None:
    """By address, by name, and on this host."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "localhost", ""):
            assert await found(Tcp(host, port)) is None
    for host in ("127.0.0.1", ""):
        place = Tcp(host, port)
        assert f"nothing listens on {place}" == await found(place)


async def test_this_host_has_two_addresses() -> None:
    """A listener on either of them is found."""
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no ::1 here")
    with listener:
        port = listener.getsockname()[1]
        assert await found(Tcp("", port)) is None
        assert await found(Tcp("::1", port)) is None


async def test_nobody_meets_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try that is given the very port that it goes to is answered by itself."""
    place = Tcp("127.0.0.1", free_port())
    plain = trio.socket.socket

    def bound(*kind: int) -> trio.socket.SocketType:
        made = plain(*kind)
        made._sock.bind((place.host, place.port))  # type: ignore[attr-defined]
        return made

    monkeypatch.setattr(trio.socket, "socket", bound)
    assert f"nothing listens on {place}" == await found(place)


async def test_a_name_that_is_none() -> None:
    """It is told apart from a port on which nobody listens."""
    lack = await found(Tcp("no.such.host.invalid", 80))
    assert lack is not None
    assert lack.startswith(
        ("cannot look up", "no.such.host.invalid:80 does not answer")
    )


async def test_a_full_queue(tmp_path: Path) -> None:
    """Somebody listens, though he is slow to take calls."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(path)
            assert await found(Unix(path)) is None


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
async def test_a_unix_socket(tmp_path: Path, kind: int) -> None:
    """Of a kind to connect to, or not."""
    path = str(tmp_path / "s")
    assert f"nothing listens on {path}" == await found(Unix(path))
    with socket.socket(socket.AF_UNIX, kind) as listener:
        listener.bind(path)
        if kind == socket.SOCK_STREAM:
            assert f"nothing listens on {path}" == await found(Unix(path))
            listener.listen()
        assert await found(Unix(path)) is None
    assert f"nothing listens on {path}" == await found(Unix(path))


async def test_what_can_not_be_tried(tmp_path: Path) -> None:
    """Why, in the system's words."""
    (tmp_path / "file").touch()
    path = str(tmp_path / "file" / "s")
    assert f"cannot connect to {path}: Not a directory" == await found(Unix(path))
