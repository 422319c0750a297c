"""The control socket while the daemon lives: open, and opened again if it vanished.

A cleaner of temporary folders, or a person, may remove the file; the daemon would
then run on with nobody able to ask it anything.
"""

import os
from collections.abc import Callable

import trio

from selfhealingd.config.settings import Control
from selfhealingd.control.listener import (
    ControlSocket,
    SocketError,
    SocketHeld,
    close_socket,
    open_socket,
    take_over_socket,
    take_socket,
)
from selfhealingd.control.peer import Rights
from selfhealingd.control.registry import Registry
from selfhealingd.control.server import serve
from selfhealingd.handoff import Socket


class Door:
    """Listens where the config says. Raises what ``open_socket`` raises.

    ``passed``: the descriptor of a socket that systemd opened there for us;
    ``handed``: one that we opened before an upgrade.
    """

    def __init__(
        self,
        control: Control,
        passed: int | None = None,
        handed: Socket | None = None,
    ) -> None:
        self._control = control
        if passed is not None:
            self._socket = take_socket(passed, control.socket)
        else:
            taken = None if handed is None else self._take_over(handed)
            self._socket = taken or self._open()
        self._serving = trio.CancelScope()

    @property
    def ours(self) -> bool:
        """Whether the file that clients find is the one that we listen on."""
        try:
            found = self._socket.path.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (
            self._socket.device,
            self._socket.inode,
        )

    async def serve(
        self,
        registry: Registry,
        on_error: Callable[[Exception, str], None],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Answer clients, for ever; on the new socket after ``reopen``."""
        control = self._control
        rights = Rights(os.geteuid(), control.operator_uids, control.operator_gids)
        while True:
            with trio.CancelScope() as self._serving:
                await serve(
                    self._socket.listener,
                    registry,
                    rights=rights,
                    on_error=on_error,
                    task_status=task_status,
                )
            task_status = trio.TASK_STATUS_IGNORED

    def reopen(self) -> str | None:
        """Listen anew; returns why that is not possible. Ends present connections."""
        try:
            self._socket = self._open()
        except (SocketError, SocketHeld) as error:
            return str(error)
        self._serving.cancel()
        return None

    def handed(self) -> Socket:
        """Return what a successor needs to listen on without a gap."""
        fd = self._socket.listener.socket.fileno()
        return Socket(fd, self._socket.device, self._socket.inode)

    def close(self) -> None:
        """Stop listening, and remove the file if it is still ours."""
        close_socket(self._socket)

    def _take_over(self, handed: Socket) -> ControlSocket | None:
        control = self._control
        made = (handed.device, handed.inode)
        return take_over_socket(
            handed.fd, control.socket, made, mode=control.mode, gid=control.group
        )

    def _open(self) -> ControlSocket:
        control = self._control
        return open_socket(control.socket, mode=control.mode, gid=control.group)
