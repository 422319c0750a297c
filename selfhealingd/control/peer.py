"""Who is on the other side of a Unix socket, as the kernel tells it."""

import errno
import socket
import struct
from dataclasses import dataclass
from typing import Protocol

_CREDENTIALS = struct.Struct("iII")
_GID = struct.Struct("I")

_SO_PEERGROUPS = 59  # asm-generic/socket.h; Python's socket module lacks it
_GROUPS_MAX = 256
_GROUPS_BYTES = _GID.size * _GROUPS_MAX  # getsockopt of Python takes 1024 at most


class HasOptions(Protocol):
    """A socket, trio's or the standard library's."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """Read one option."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A process, as it was when it connected. ``gids`` has its own group too."""

    uid: int
    gid: int
    pid: int
    gids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may operate besides root."""

    daemon_uid: int
    operator_uids: frozenset[int] = frozenset()
    operator_gids: frozenset[int] = frozenset()


def peer_of(sock: HasOptions) -> Peer:
    """Return who connected; raises OSError when the kernel can't tell."""
    packed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(packed)
    return Peer(uid, gid, pid, _groups(sock) | {gid})


def may_operate(peer: Peer, rights: Rights) -> bool:
    """Decide whether a peer is an operator: root, the daemon's user, or named."""
    return (
        peer.uid in {0, rights.daemon_uid}
        or peer.uid in rights.operator_uids
        or not rights.operator_gids.isdisjoint(peer.gids | {peer.gid})
    )


def _groups(sock: HasOptions) -> frozenset[int]:
    try:
        packed = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_BYTES)
    except OSError as error:
        # More groups than fit, or a kernel before 4.13: it has the fewer rights.
        # Reading /proc instead would ask about whoever has that pid by now.
        if error.errno in {errno.ERANGE, errno.ENOPROTOOPT}:
            return frozenset()
        raise
    return frozenset(gid for (gid,) in _GID.iter_unpack(packed))
