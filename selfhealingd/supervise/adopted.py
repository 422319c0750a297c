"""A program that an earlier daemon started: no child of ours, but held by pidfd as one.

Whoever it became the child of reaps it. How it ended is told by ``/proc`` while it is
a zombie, and by its pidfd afterwards, from Linux 6.15 on; where neither does, it is
unknown. Its orphans don't come to us: those whom no parent leads to are found by
session, by marks, or because they were seen before.
"""

import fcntl
import os
import select
import struct
from collections.abc import Collection, Mapping
from pathlib import Path

import trio

from selfhealingd.supervise.child import Child, ExitStatus
from selfhealingd.supervise.handles import Pipe
from selfhealingd.supervise.identity import Identity, alive, read_proc, read_stat
from selfhealingd.supervise.kinship import census
from selfhealingd.supervise.register import REGISTER

_UNKNOWN = ExitStatus(None, None)

# Of <linux/pidfd.h>: struct pidfd_info as it began, 64 bytes, with the mask at its
# front and the exit code at its end.
_INFO = struct.Struct("=Q52xi")
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11
_WANT_EXIT = 1 << 3

_EXIT_CODE = 52 - 3
"""Place of ``exit_code`` in ``/proc/PID/stat`` behind the name: see proc(5)."""

_REAPED_SECS = 2.0
"""How long a status is waited for that can be read only once somebody reaped it."""


class Adopted(Child):
    """The leader of its session, started by an earlier daemon."""

    orphans_come_to_us = False

    __slots__ = ()

    async def strays(self) -> Collection[Identity]:
        """Return who of its tree no parent leads to; reads all of ``/proc``."""
        if self.cgroup is not None:
            return ()
        # As long as a process is in the session, its number is nobody else's.
        first = read_stat(self.pid)
        ours = first is None or first.started == self.started
        known = REGISTER.seen(self)
        return [
            stat.identity
            for stat, marks, pipes in await census()
            if (ours and stat.session == self.pid)
            or (self.marks and marks == self.marks)
            or (not marks and not pipes.isdisjoint(self.pipes))
            or stat.identity in known
        ]

    def send_group(self, signo: int) -> bool:  # noqa: ARG002
        """Signal nobody: who reaps it is not us, so its number may be a stranger's.

        Its members are found one by one.
        """
        return False

    async def _end(self) -> ExitStatus:
        return await status_of(self.identity, self._pidfd)


def hold(
    identity: Identity, marks: Mapping[str, str], pipes: frozenset[Pipe] = frozenset()
) -> Child | None:
    """Take charge of a program again, whosever child it is; None if it has ended.

    It is our own where we are the same process with other code. OSError where no
    descriptor is left.
    """
    stat = read_stat(identity.pid)
    if stat is None or stat.started != identity.started:
        return None
    ours = stat.parent == os.getpid()
    try:
        child = (Child if ours else Adopted).of(identity.pid, marks, pipes)
    except ProcessLookupError:
        return None
    if child.identity == identity and (ours or alive(identity)):
        return child
    child.close()
    return None


async def status_of(identity: Identity, pidfd: int) -> ExitStatus:
    """Return how a process ended that is no child of ours, as far as that is told."""
    status = zombie_status(identity)
    if status is None:
        with trio.move_on_after(_REAPED_SECS):
            await _reaped(pidfd)
        status = exit_info(pidfd)
    return _UNKNOWN if status is None else status


def zombie_status(identity: Identity) -> ExitStatus | None:
    """Return how a process ended that nobody has reaped; None if it isn't told."""
    try:
        Path(f"/proc/{identity.pid}/cwd").readlink()
    except PermissionError:
        return None  # and an exit code would be shown as 0 to us
    except OSError:
        pass  # a zombie is nowhere
    line = read_proc(identity.pid, "stat")
    stat = read_stat(identity.pid)
    if not line or stat is None or stat.identity != identity or not stat.gone:
        return None
    return _status(int(line.rpartition(b") ")[2].split()[_EXIT_CODE]))


def exit_info(pidfd: int) -> ExitStatus | None:
    """Ask the kernel how a process ended that was reaped; None if it does not know."""
    asked = bytearray(_INFO.pack(_WANT_EXIT, 0))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, asked)
    except OSError:
        return None  # such as ENOTTY, before Linux 6.13
    mask, code = _INFO.unpack(asked)
    return _status(code) if mask & _WANT_EXIT else None


def _status(code: int) -> ExitStatus:
    if os.WIFEXITED(code):
        return ExitStatus(os.WEXITSTATUS(code), None)
    return ExitStatus(None, os.WTERMSIG(code), os.WCOREDUMP(code))


async def _reaped(pidfd: int) -> None:
    """Return when a process that has ended was reaped, which a pidfd says by a HUP."""
    with select.epoll() as changes:
        changes.register(pidfd, 0)  # readable it is already; a HUP is always told
        await trio.lowlevel.wait_readable(changes.fileno())
