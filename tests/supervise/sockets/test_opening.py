"""One socket: opened as wanted, or told in words why not."""

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from selfhealingd.core.listening import Inet, Listening, Unix
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.sockets.opening import (
    _cannot,
    matches,
    open_socket,
    take_over,
)


def at_port(number: int, host: str = "127.0.0.1", **more: Any) -> Listening:
    return Listening(name="web", address=Inet(host, number), **more)


def at_path(path: Path, **more: Any) -> Listening:
    return Listening(name="web", address=Unix(path), **more)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def has_v6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


V6 = pytest.mark.skipif(not has_v6(), reason="there is no IPv6 here")


def test_a_port(port: int) -> None:
    """It listens, and is what was wanted."""
    opened = open_socket(at_port(port))
    with socket.create_connection(("127.0.0.1", port)):
        assert matches(opened.sock, at_port(port))
        assert not matches(opened.sock, at_port(port, "127.0.0.2"))
        assert not matches(opened.sock, at_port(port, datagram=True))
        assert not matches(opened.sock, at_port(port, "::1"))
    opened.close()


def test_lingering_connections_keep_nobody_from_opening(port: int) -> None:
    """A server that closed first leaves its port in TIME_WAIT."""
    opened = open_socket(at_port(port))
    with socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = opened.sock.accept()
        accepted.close()
        assert b"" == client.recv(1)
    opened.close()
    open_socket(at_port(port)).close()


@V6
def test_every_address(port: int) -> None:
    """``::`` is IPv4 too; an address of IPv6 alone is not."""
    opened = open_socket(at_port(port, "::"))
    socket.create_connection(("127.0.0.1", port)).close()
    socket.create_connection(("::1", port)).close()
    assert matches(opened.sock, at_port(port, "::"))
    opened.close()
    opened = open_socket(at_port(port, "::1"))
    open_socket(at_port(port)).close()
    opened.close()


def test_datagrams(port: int, tmp_path: Path) -> None:
    """Of ports and of files; two by mistake at one port are refused."""
    udp = open_socket(at_port(port, datagram=True))
    with pytest.raises(SpawnError, match="listens there already"):
        open_socket(at_port(port, datagram=True))
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.sendto(b"hello", ("127.0.0.1", port))
        assert b"hello" == udp.sock.recv(9)
    udp.close()
    path = at_path(tmp_path / "x", datagram=True)
    log = open_socket(path)
    assert matches(log.sock, path)
    with pytest.raises(SpawnError, match="listens there already"):
        open_socket(path)
    with pytest.raises(SpawnError, match="listens there already"):
        open_socket(at_path(tmp_path / "x"))
    log.close()


def test_neighbours_at_a_port(port: int) -> None:
    """Only where both agree."""
    free = at_port(port, reuse_port=True)
    one, other = open_socket(free), open_socket(free)
    with pytest.raises(SpawnError, match="listens there already"):
        open_socket(at_port(port))
    one.close()
    other.close()


def test_a_file(tmp_path: Path) -> None:
    """With its mode, in folders that are made; at the end it is gone."""
    path = tmp_path / "a" / "b" / "x"
    opened = open_socket(at_path(path, mode=0o606))
    assert 0o606 == mode(path)
    assert (path.stat().st_dev, path.stat().st_ino) == opened.file
    opened.close()
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_its_owner(tmp_path: Path) -> None:
    """User and group, or one of the two."""
    path = tmp_path / "x"
    opened = open_socket(at_path(path, uid=65534))
    assert (65534, os.getegid()) == (path.stat().st_uid, path.stat().st_gid)
    opened = opened.fit(at_path(path, uid=1, gid=65534))
    assert (1, 65534) == (path.stat().st_uid, path.stat().st_gid)
    opened.close()


def test_a_stale_file_is_replaced(tmp_path: Path) -> None:
    """One that somebody listens on is not, and what is no socket isn't, either."""
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    opened = open_socket(at_path(path))
    with pytest.raises(SpawnError) as told:
        open_socket(at_path(path))
    assert f"(pid {os.getpid()}) listens there already" in str(told.value)
    opened.close()
    for make in (lambda: path.write_text("kept"), lambda: path.symlink_to("kept")):
        make()
        with pytest.raises(SpawnError, match="something that is no socket; remove it"):
            open_socket(at_path(path))
        path.unlink()


def test_a_full_queue_is_not_stale(tmp_path: Path) -> None:
    """Whoever is too busy to accept listens all the same."""
    path = tmp_path / "x"
    opened = open_socket(at_path(path, backlog=1))
    clients = [socket.socket(socket.AF_UNIX) for _ in range(4)]
    for client in clients:
        client.settimeout(0)
        client.connect_ex(str(path))
    with pytest.raises(SpawnError, match="listens there already"):
        open_socket(at_path(path))
    for client in clients:
        client.close()
    opened.close()


def test_other_settings_are_put_into_force(tmp_path: Path, port: int) -> None:
    """Without opening anything anew, so that nobody is refused."""
    path = tmp_path / "x"
    opened = open_socket(at_path(path))
    assert opened is opened.fit(at_path(path))
    changed = opened.fit(at_path(path, mode=0o600, backlog=1))
    assert (opened.sock, 0o600) == (changed.sock, mode(path))
    changed.close()
    at_a_port = open_socket(at_port(port))
    free = at_a_port.fit(at_port(port, reuse_port=True))
    assert at_a_port.sock is free.sock
    assert free.sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
    free.close()


def test_a_file_that_was_taken_away(tmp_path: Path) -> None:
    """Nobody can reach that socket any more, so another one is opened."""
    path = tmp_path / "x"
    opened = open_socket(at_path(path))
    path.unlink()
    anew = opened.fit(at_path(path))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    assert -1 == opened.sock.fileno()
    path.unlink()
    path.write_text("somebody else's")
    anew.close()
    assert "somebody else's" == path.read_text()


def test_taken_over_without_its_file(tmp_path: Path) -> None:
    """It is replaced when it is needed."""
    path = tmp_path / "x"
    opened = open_socket(at_path(path))
    path.unlink()
    taken = take_over(opened.sock, at_path(path))
    assert path.exists() is False
    anew = taken.fit(at_path(path))
    assert path.exists()
    anew.close()


@pytest.mark.parametrize(
    ("wanted", "number", "words"),
    [
        (at_port(80), errno.EACCES, "port 80 is privileged, and this daemon (uid "),
        (at_port(80), errno.EACCES, "net.ipv4.ip_unprivileged_port_start"),
        (
            at_port(80, "192.0.2.1"),
            errno.EADDRNOTAVAIL,
            "no address 192.0.2.1; see: ip",
        ),
        (at_port(80), errno.EMFILE, "too many open files"),
        (at_path(Path("/x/y")), errno.EACCES, "may not write to /x; check its"),
        (at_path(Path("/x/y"), uid=7), errno.EPERM, "may not give it away; run it as"),
    ],
)
def test_why_not(wanted: Listening, number: int, words: str) -> None:
    """In words that name the socket and what to do."""
    told = str(_cannot(wanted, OSError(number, os.strerror(number))))
    assert told.startswith(f"cannot open [socket.web] {wanted.address}: ")
    assert words in told


def test_an_address_of_no_interface() -> None:
    """TEST-NET-1 is nobody's."""
    with pytest.raises(SpawnError, match="this machine has no address"):
        open_socket(at_port(8000, "192.0.2.1"))
