"""Handles on processes that stay right when a pid is used again."""

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from selfhealingd.supervise.errors import SignalError
from selfhealingd.supervise.identity import Identity, start_ticks


@contextmanager
def pidfd_of(identity: Identity) -> Iterator[int | None]:
    """Give a pidfd of exactly this process for the block; None if it is gone."""
    try:
        fd = os.pidfd_open(identity.pid)
    except OSError as error:
        if error.errno in (errno.ESRCH, errno.EINVAL):
            # EINVAL: the number now belongs to a thread, or to a group's remains.
            yield None
            return
        raise
    try:
        # Only now is it certain that the number can't change hands any more.
        yield fd if start_ticks(identity.pid) == identity.started else None
    finally:
        os.close(fd)


def send_by(fd: int, signo: int, pid: int) -> bool:
    """Signal the process behind a pidfd; False if it is gone.

    ``pid`` is for the words of the SignalError that says we are not permitted.
    """
    try:
        signal.pidfd_send_signal(fd, signo)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise SignalError(refused(signo, f"process {pid}")) from error
    return True


def refused(signo: int, whom: str) -> str:
    """Say that the system does not let us signal ``whom``."""
    try:
        name = signal.Signals(signo).name
    except ValueError:  # a real-time signal has a number only
        name = f"signal {signo}"
    return (
        f"cannot send {name} to {whom}: it runs as another user, and this daemon"
        f" (uid {os.geteuid()}) is not permitted; send it as that user or as root"
    )


async def wait_exited(identity: Identity) -> None:
    """Return when this process has exited, reaped or not."""
    with pidfd_of(identity) as fd:
        if fd is not None:
            await trio.lowlevel.wait_readable(fd)
