"""Sockets are told by their ends and their state, the same ones together."""

import os
import socket
from collections import Counter
from pathlib import Path

import pytest

from selfhealingd.observe.evidence.sockets import sockets

pytestmark = pytest.mark.process


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def test_each_kind_is_told(tmp_path: Path) -> None:
    """A listener, connections to it, datagrams, and Unix sockets with their path."""
    path = tmp_path / "x.sock"
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as one,
        socket.create_connection(listener.getsockname()) as two,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        datagrams.bind(("127.0.0.1", 0))
        unix.bind(str(path))
        unix.listen()
        known = [listener, one, two, datagrams, unix]
        found = sockets(os.getpid(), {inode(each) for each in known})
        port, other = listener.getsockname()[1], datagrams.getsockname()[1]
    assert {
        f"tcp 127.0.0.1:{port} LISTEN": 1,
        f"tcp to 127.0.0.1:{port} ESTABLISHED": 2,
        f"udp 127.0.0.1:{other} CLOSE": 0,
        f"udp 127.0.0.1:{other}": 1,
        f"unix {path}": 1,
    } == {f"udp 127.0.0.1:{other} CLOSE": 0, **Counter(found.values())}


def test_who_was_left_by_its_peer_is_told() -> None:
    """CLOSE_WAIT, the sign of connections that nobody closes."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as kept,
    ):
        peer, _ = listener.accept()
        peer.close()
        kept.settimeout(10)
        assert b"" == kept.recv(1)
        found = sockets(os.getpid(), {inode(kept)})
    assert found[inode_of(found)].endswith("CLOSE_WAIT")


def inode_of(found: dict[int, str]) -> int:
    [only] = found
    return only


def test_ipv6() -> None:
    """Addresses are written as people write them."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError as error:
            pytest.skip(f"no IPv6: {error}")
        listener.listen()
        port = listener.getsockname()[1]
        found = sockets(os.getpid(), {inode(listener)})
    assert [f"tcp [::1]:{port} LISTEN"] == list(found.values())


def test_what_nobody_asked_for_is_not_told() -> None:
    """Only the sockets that are meant."""
    with socket.create_server(("127.0.0.1", 0)):
        assert {} == sockets(os.getpid(), set())
