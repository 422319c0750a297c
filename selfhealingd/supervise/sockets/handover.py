"""Sockets handed to a child as systemd does: sd_listen_fds(3).

``LISTEN_PID`` is the child's own pid, so its environment is not known before the fork:
the exec happens in our own code, between fork and the exec that subprocess would do.
What goes wrong there comes through a pipe.
"""

import fcntl
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, Self

_FIRST = 3  # SD_LISTEN_FDS_START
_FAILED = 127


class Handover:
    """The last steps of a child that is handed ``sockets`` from descriptor 3 on.

    ``exec`` is for the child; ``check`` for the parent, once the fork is done.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        names: Sequence[str],
        sockets: Sequence[int],
    ) -> None:
        self._argv = tuple(argv)
        self._sockets = sockets
        self._environment = {
            **environment,
            "LISTEN_FDS": str(len(sockets)),
            "LISTEN_FDNAMES": ":".join(names),
        }
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close_writer()
        os.close(self._reader)

    def exec(self) -> NoReturn:
        """Become the command. What can't be is told the parent, and all ends."""
        try:
            self._place()
            environment = {**self._environment, "LISTEN_PID": str(os.getpid())}
            os.execvpe(self._argv[0], self._argv, environment)  # noqa: S606 - no shell
        except OSError as error:
            os.write(self._writer, str(error.errno).encode())
        finally:
            os._exit(_FAILED)

    def check(self, pid: int) -> None:
        """Wait until the child is the command; if it can't be, reap it and raise that.

        Raises OSError with the command as its file name.
        """
        self._close_writer()
        told = os.read(self._reader, 16)
        if told:
            os.waitid(os.P_PID, pid, os.WEXITED)
            number = int(told)
            raise OSError(number, os.strerror(number), self._argv[0])

    def _place(self) -> None:
        """Move the sockets to where they belong; nothing else stays open."""
        above = _FIRST + len(self._sockets)
        # All are first brought where no target is: a source may be another's target,
        # and the pipe may be one.
        sources = [_moved(fd, above) for fd in self._sockets]
        self._writer = _moved(self._writer, above)
        for target, source in enumerate(sources, start=_FIRST):
            os.dup2(source, target)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names suffice
            if int(name) >= above:
                with suppress(OSError):  # that of the list itself is closed by now
                    os.set_inheritable(int(name), False)  # noqa: FBT003 - its signature

    def _close_writer(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1


def _moved(fd: int, lowest: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
