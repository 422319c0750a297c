"""The socket's file: made so that nobody sees it half-made, and never taken away.

A living daemon's socket is left alone; one that nobody listens on is replaced. The
new one gets its owner and mode under another name and is renamed into place. One that
systemd made is taken as it is, and left to it.
"""

import contextlib
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

import trio

from selfhealingd.control.peer import peer_of

BACKLOG = 128
PATH_MAX = 107
"""Bytes of ``sun_path``, less the NUL that ends it."""


class SocketError(Exception):
    """The socket can't be made; the text says why and what to do."""


class SocketHeld(Exception):
    """Another daemon listens there. ``pid`` is None where the kernel won't say."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = "another process" if pid is None else f"pid {pid}"
        super().__init__(f"cannot listen on {path}: {who} already does")
        self.path = path
        self.pid = pid


@dataclass(frozen=True, slots=True)
class ControlSocket:
    """A listening socket and the file that it was given.

    ``passed``: systemd made it, and keeps it while there is no daemon.
    """

    listener: trio.SocketListener
    path: Path
    device: int
    inode: int
    passed: bool = False


def open_socket(path: Path, *, mode: int, gid: int | None = None) -> ControlSocket:
    """Listen on ``path`` with these permissions.

    ``gid``: the group that may connect, None for the daemon's own. A missing folder
    is made. Raises SocketHeld when somebody listens there, SocketError otherwise.
    """
    draft = path.with_name(f".{os.getpid():x}")
    _check_length(path, draft)
    try:
        _make_folder(path.parent)
        _check_free(path)
        return _bind(path, draft, mode, gid)
    except OSError as error:
        reason = error.strerror or str(error)
        where = f" ({error.filename})" if error.filename else ""
        raise SocketError(f"cannot listen on {path}: {reason}{where}") from error


def take_socket(descriptor: int, path: Path) -> ControlSocket:
    """Listen on a socket that systemd opened. Raises SocketError if it is another."""
    sock = socket.socket(fileno=descriptor)
    if sock.family != socket.AF_UNIX or sock.getsockname() != os.fspath(path):
        words = f"systemd passed on {sock.getsockname()!r}, the config says {path}"
        sock.close()
        raise SocketError(
            f"cannot listen: {words}; make [control] socket and ListenStream= of"
            " selfhealingd.socket the same"
        )
    try:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        found = path.lstat()
    except (OSError, ValueError) as error:
        sock.close()
        raise SocketError(
            f"cannot listen on the socket that systemd passed on: {error};"
            " try: systemctl restart selfhealingd.socket"
        ) from error
    return ControlSocket(listener, path, found.st_dev, found.st_ino, passed=True)


def take_over_socket(
    fd: int, path: Path, made: tuple[int, int], *, mode: int, gid: int | None = None
) -> ControlSocket | None:
    """Go on listening on what we did before an exec; None if that is no more there.

    ``made``: device and inode of the file that it had. The descriptor is closed where
    the file is another one, such as after a change of the config.
    """
    try:
        sock = socket.socket(fileno=fd)
    except OSError:
        return None
    try:
        found = path.lstat()
        if (found.st_dev, found.st_ino) == made:
            if gid is not None:
                os.chown(path, -1, gid)
            path.chmod(mode)
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
            return ControlSocket(listener, path, *made)
    except OSError:
        pass  # a new one is made, or it is said why that can't be
    sock.close()
    return None


def close_socket(control: ControlSocket) -> None:
    """Stop listening, and remove the file if it is still the one that we made."""
    control.listener.socket.close()
    if control.passed:
        return
    try:
        found = control.path.lstat()
        if (found.st_dev, found.st_ino) == (control.device, control.inode):
            control.path.unlink()
    except FileNotFoundError:
        return


def _check_length(*paths: Path) -> None:
    for path in paths:
        size = len(os.fsencode(path))
        if size > PATH_MAX:
            raise SocketError(
                f"cannot listen on {path}: its path has {size} bytes, and a socket's "
                f"may have {PATH_MAX}; set [control] socket to a shorter one"
            )


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    mode = 0o755 if os.geteuid() == 0 else 0o700
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    folder.chmod(mode)  # whatever the umask made of it


def _check_free(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketError(
            f"cannot listen on {path}: it exists and is no socket; "
            "remove it, or set [control] socket to another path"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)  # so that a full backlog answers, too
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except BlockingIOError:
            raise SocketHeld(path, None) from None
        # pid 0: a process that can't be seen from our pid namespace.
        raise SocketHeld(path, peer_of(probe).pid or None)


def _bind(path: Path, draft: Path, mode: int, gid: int | None) -> ControlSocket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        draft.unlink(missing_ok=True)  # left by a daemon that had our pid
        sock.bind(os.fspath(draft))
        if gid is not None:
            os.chown(draft, -1, gid)
        draft.chmod(mode)
        sock.listen(BACKLOG)
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        made = draft.lstat()
        draft.rename(path)
    except BaseException:
        sock.close()
        with contextlib.suppress(OSError):  # the first error is the one to tell
            draft.unlink()
        raise
    return ControlSocket(listener, path, made.st_dev, made.st_ino)
