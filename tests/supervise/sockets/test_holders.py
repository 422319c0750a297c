"""Whose socket it is, as /proc tells; and a copy of it."""

import os
import socket
from pathlib import Path

import pytest
from supervise.sockets.conftest import Holder
from supervise.sockets.test_opening import V6, at_path, at_port

from selfhealingd.supervise.sockets.holders import (
    holder_of,
    holdings,
    inodes,
    take,
)
from selfhealingd.supervise.sockets.opening import open_socket

pytestmark = pytest.mark.process


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


@pytest.mark.parametrize("datagram", [False, True])
def test_a_port(port: int, *, datagram: bool) -> None:
    """By its address, and by each that overlaps; not by one that doesn't."""
    wanted = at_port(port, datagram=datagram)
    opened = open_socket(wanted)
    assert {inode(opened.sock)} == inodes(wanted)
    for host in ("0.0.0.0", "::"):  # noqa: S104 - looked for only
        assert inode(opened.sock) in inodes(at_port(port, host, datagram=datagram))
    assert set() == inodes(at_port(port, datagram=not datagram))
    assert set() == inodes(at_port(port, "127.0.0.2", datagram=datagram))
    opened.close()
    assert set() == inodes(wanted)


@V6
def test_a_port_of_ipv6(port: int) -> None:
    """Its addresses are read right, the mapped ones too."""
    for host in ("::1", "::"):
        opened = open_socket(at_port(port, host))
        assert {inode(opened.sock)} == inodes(at_port(port, host))
        opened.close()
    with socket.socket(socket.AF_INET6) as mapped:
        mapped.bind(("::ffff:127.0.0.1", port))
        mapped.listen()
        assert {inode(mapped)} == inodes(at_port(port))


@pytest.mark.parametrize("name", ["x", "with a blank", "ü"])
def test_a_file(tmp_path: Path, name: str) -> None:
    """The socket that listens, none of its connections."""
    wanted = at_path(tmp_path / name)
    opened = open_socket(wanted)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / name))
        accepted, _ = opened.sock.accept()
        assert {inode(opened.sock)} == inodes(wanted)
        accepted.close()
    assert set() == inodes(at_path(tmp_path / "other"))
    assert set() == inodes(at_path(tmp_path / name, datagram=True))
    opened.close()


def test_who_holds_it(port: int, holder: Holder) -> None:
    """By name and pid; his descriptor becomes one of ours, and listens on."""
    wanted = at_port(port)
    opened = open_socket(wanted)
    process = holder(opened.sock)
    [mine] = holdings(os.getpid(), inodes(wanted))
    opened.close()
    assert mine.fd >= 0
    told = holder_of(wanted)
    assert told is not None
    assert told.endswith(f"(pid {process.pid})")
    [holding] = holdings(process.pid, inodes(wanted))
    with socket.socket(fileno=take(holding)) as taken:
        process.communicate()
        assert not os.get_inheritable(taken.fileno())
        with socket.create_connection(("127.0.0.1", port)):
            taken.accept()[0].close()
    assert holder_of(wanted) is None


def test_who_is_gone(holder: Holder) -> None:
    """Holds nothing, and nothing can be taken from him."""
    one, other = socket.socketpair()
    with one, other:
        process = holder(one)
        [holding] = holdings(process.pid, frozenset({inode(one)}))
        process.communicate()
        assert [] == list(holdings(process.pid, frozenset({inode(one)})))
        with pytest.raises(ProcessLookupError):
            take(holding)


@pytest.mark.skipif(os.geteuid() != 0, reason="as a user one can't be another one")
def test_whom_we_may_not_look_into(holder: Holder) -> None:
    """Is told from who holds nothing."""
    process = holder()
    os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            list(holdings(process.pid, frozenset({1})))
    finally:
        os.seteuid(0)
