"""Who is on the other side, and what they may do."""

import os
import socket

import pytest

from selfhealingd.control.peer import Peer, Rights, may_operate, peer_of

RIGHTS = Rights(
    daemon_uid=500, operator_uids=frozenset({1001}), operator_gids=frozenset({10})
)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (Peer(uid=0, gid=0, pid=1), True),
        (Peer(uid=500, gid=500, pid=1), True),
        (Peer(uid=1001, gid=1001, pid=1), True),
        (Peer(uid=1002, gid=10, pid=1), True),
        (Peer(uid=1002, gid=1002, pid=1, gids=frozenset({7, 10})), True),
        (Peer(uid=1002, gid=1002, pid=1, gids=frozenset({7})), False),
        (Peer(uid=10, gid=1001, pid=1, gids=frozenset({0, 500})), False),
    ],
    ids=["root", "daemon", "named", "group", "other-group", "nobody", "ids-not-mixed"],
)
def test_only_root_the_daemon_and_the_named_operate(
    *, peer: Peer, expected: bool
) -> None:
    """A uid is compared with uids alone, a gid with gids alone."""
    assert may_operate(peer, RIGHTS) is expected


def test_nobody_is_named_by_default() -> None:
    """Without operators in the config, only root and the daemon's user operate."""
    stranger = Peer(uid=1, gid=0, pid=1, gids=frozenset({0}))
    assert not may_operate(stranger, Rights(daemon_uid=500))


def test_the_kernel_says_who_the_peer_is() -> None:
    """Uid, pid and all groups are those of the process, supplementary ones too."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        peer = peer_of(ours)
    assert (peer.uid, peer.gid, peer.pid) == (os.getuid(), os.getgid(), os.getpid())
    assert peer.gids == frozenset(os.getgroups()) | {os.getgid()}
