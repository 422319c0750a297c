"""Seeing a daemon end: its connection closes, then its process is gone."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager

from selfhealctl.client import Connection
from selfhealctl.errors import TimedOut, Unreachable
from selfhealingd.wire.operation import ShuttingDown

MS = 1000


def see_it_end(connection: Connection, begun: ShuttingDown, patience: float) -> None:
    """Return once the daemon at the other end is gone.

    ``patience``: seconds to wait beyond the deadline that it named. Raises TimedOut.
    """
    seconds = max(begun.deadline, 0.0) + patience
    until = time.monotonic() + seconds
    try:
        with _held(connection, begun.pid) as pidfd:
            _see_closed(connection, until)
            if pidfd is not None:
                _see_gone(pidfd, until)
    except TimedOut:
        raise TimedOut(
            f"cannot see the daemon end: it is still there after {seconds:g} s",
            "see what still runs: selfhealctl status",
        ) from None


@contextmanager
def _held(connection: Connection, pid: int) -> Iterator[int | None]:
    """Hold the daemon by pidfd; None where we can't know which process it is.

    Its own number of itself means nothing in another pid namespace, and the kernel
    names whoever opened the socket: they are sure only together.
    """
    pidfd = None
    if pid > 0 and connection.peer == pid:
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            pidfd = None  # it is gone already, or its end is seen on the connection
    try:
        yield pidfd
    finally:
        if pidfd is not None:
            os.close(pidfd)


def _see_closed(connection: Connection, until: float) -> None:
    while True:
        try:
            connection.notice(until - time.monotonic())
        except Unreachable:
            return


def _see_gone(pidfd: int, until: float) -> None:
    gone = select.poll()
    gone.register(pidfd, select.POLLIN)
    if not gone.poll(max(0.0, until - time.monotonic()) * MS):
        raise TimedOut("its process is still there")
