"""One listening socket: opened, found to be in order, and closed. All of it blocks."""

import errno
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from selfhealingd.core.listening import Inet, Listening, Unix
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.sockets.holders import holder_of

_Inode = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Opened:
    """A socket that listens; ``file`` is the inode of a unix socket's path."""

    sock: socket.socket
    wanted: Listening
    file: _Inode | None = None

    def fit(self, wanted: Listening) -> "Opened":
        """Return the socket as ``wanted``, which has the same address.

        One whose file somebody took away is of no use any more: it is replaced.
        Raises SpawnError.
        """
        path = _path(wanted)
        if path is not None and (self.file is None or _inode(path) != self.file):
            self.sock.close()
            return open_socket(wanted)
        if wanted == self.wanted:
            return self
        try:
            _adjust(self.sock, wanted)
        except OSError as error:
            raise _cannot(wanted, error) from error
        return replace(self, wanted=wanted)

    @classmethod
    def taken(cls, sock: socket.socket, wanted: Listening) -> Self:
        """Take charge of one that is open already."""
        path = _path(wanted)
        return cls(sock, wanted, None if path is None else _inode(path))

    def close(self) -> None:
        """Stop listening, and remove the file if it is still the one that we made."""
        self.sock.close()
        path = _path(self.wanted)
        if path is not None and self.file is not None and _inode(path) == self.file:
            with suppress(OSError):  # the next who listens there replaces it
                path.unlink()


def open_socket(wanted: Listening) -> Opened:
    """Listen as ``wanted``; raises SpawnError, which says who does already."""
    try:
        sock = _bound(wanted)
    except OSError as error:
        raise _cannot(wanted, error) from error
    return Opened.taken(sock, wanted)


def take_over(sock: socket.socket, wanted: Listening) -> Opened:
    """Go on with a socket that was opened by an earlier daemon, as ``wanted`` now."""
    with suppress(OSError):  # its file is gone, which the next who needs it will see
        _adjust(sock, wanted)
    return Opened.taken(sock, wanted)


def matches(sock: socket.socket, wanted: Listening) -> bool:
    """Whether a socket is what ``open_socket`` would have made of ``wanted``."""
    if sock.type != _type(wanted):
        return False
    if not wanted.datagram and not sock.getsockopt(
        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
    ):
        return False
    match wanted.address:
        case Inet() as address:
            family = socket.AF_INET6 if address.v6 else socket.AF_INET
            if sock.family != family:
                return False
            bound = Inet(sock.getsockname()[0].partition("%")[0], sock.getsockname()[1])
            return (bound.packed, bound.port) == (address.packed, address.port)
        case Unix(path=path):
            return sock.family == socket.AF_UNIX and sock.getsockname() == str(path)


def _bound(wanted: Listening) -> socket.socket:
    match wanted.address:
        case Inet() as address:
            return _bound_to_port(wanted, address)
        case Unix(path=path):
            return _bound_to_path(wanted, path)


def _bound_to_port(wanted: Listening, address: Inet) -> socket.socket:
    family = socket.AF_INET6 if address.v6 else socket.AF_INET
    sock = socket.socket(family, _type(wanted))
    try:
        if not wanted.datagram:
            # For connections of a former daemon that linger. Of datagram sockets it
            # would let two share a port by mistake.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address.v6:
            # Whatever the sysctl bindv6only says.
            only = address.host != "::"
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        _set_reuse_port(sock, wanted)
        [found, *_] = socket.getaddrinfo(
            address.host,
            address.port,
            family,
            _type(wanted),
            flags=socket.AI_NUMERICHOST,
        )
        sock.bind(found[4])
        _listen(sock, wanted)
    except BaseException:
        sock.close()
        raise
    return sock


def _bound_to_path(wanted: Listening, path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(wanted, path)
    sock = socket.socket(socket.AF_UNIX, _type(wanted))
    try:
        # The file is made with the mode of the descriptor: nobody else may connect
        # before its owner and mode are right.
        os.fchmod(sock.fileno(), wanted.mode & 0o600)
        sock.bind(os.fspath(path))
        try:
            _adjust(sock, wanted)
        except BaseException:
            path.unlink()
            raise
    except BaseException:
        sock.close()
        raise
    return sock


def _clear(wanted: Listening, path: Path) -> None:
    """Remove a socket on which nobody listens; anything else is left alone."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SpawnError(
            f"cannot open {wanted}: there is something that is no socket; remove it,"
            " or let the socket listen on another path"
        )
    with socket.socket(socket.AF_UNIX, _type(wanted)) as probe:
        probe.settimeout(0)  # so that a full backlog answers, too
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EPROTOTYPE}:
                raise
            raise _in_use(wanted) from None
        else:
            raise _in_use(wanted)


def _adjust(sock: socket.socket, wanted: Listening) -> None:
    """Put everything into force that an open socket lets us change."""
    _set_reuse_port(sock, wanted)
    path = _path(wanted)
    if path is None:
        _listen(sock, wanted)
        return
    # Somebody else may own the folder: what is changed must be the socket itself.
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            raise FileExistsError(errno.EEXIST, "its file was replaced", str(path))
        itself = f"/proc/self/fd/{fd}"
        if (wanted.uid, wanted.gid) != (-1, -1):
            os.chown(itself, wanted.uid, wanted.gid)
        _listen(sock, wanted)
        os.chmod(itself, wanted.mode)  # noqa: PTH101 - a descriptor's name
    finally:
        os.close(fd)


def _set_reuse_port(sock: socket.socket, wanted: Listening) -> None:
    if isinstance(wanted.address, Inet):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, wanted.reuse_port)


def _listen(sock: socket.socket, wanted: Listening) -> None:
    if not wanted.datagram:
        sock.listen(wanted.backlog)


def _type(wanted: Listening) -> socket.SocketKind:
    return socket.SOCK_DGRAM if wanted.datagram else socket.SOCK_STREAM


def _path(wanted: Listening) -> Path | None:
    return wanted.address.path if isinstance(wanted.address, Unix) else None


def _inode(path: Path) -> _Inode | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _cannot(wanted: Listening, error: OSError) -> SpawnError:
    if error.errno == errno.EADDRINUSE:
        return _in_use(wanted)
    return SpawnError(f"cannot open {wanted}: {_reason(wanted, error)}")


def _in_use(wanted: Listening) -> SpawnError:
    who = holder_of(wanted)
    return SpawnError(
        f"cannot open {wanted}: {who or 'another process'} listens there already;"
        " end that, or let the socket listen elsewhere"
    )


def _reason(wanted: Listening, error: OSError) -> str:
    words = (error.strerror or str(error)).lower()
    us = f"this daemon (uid {os.geteuid()})"
    match wanted.address, error.errno:
        case Inet(port=port), errno.EACCES | errno.EPERM:
            return (
                f"port {port} is privileged, and {us} may not use it; run it as root,"
                " give it CAP_NET_BIND_SERVICE, choose a higher port, or lower the"
                " sysctl net.ipv4.ip_unprivileged_port_start"
            )
        case Inet(host=host), errno.EADDRNOTAVAIL:
            return f"this machine has no address {host}; see: ip address"
        case Unix(), errno.EPERM if (wanted.uid, wanted.gid) != (-1, -1):
            return f"{us} may not give it away; run it as root, or drop user and group"
        case Unix(path=path), errno.EACCES | errno.EPERM:
            return f"{us} may not write to {path.parent}; check its permissions"
        case _:
            return words
