"""Orphans: children that come to us because their own parents died.

As child subreaper (or as PID 1) the daemon is given what would otherwise be out of
its sight, and has to reap it. The kernel gives orphans to our main thread, and keeps
what we fork with the thread that forked it: see ``forkers``. A status that somebody
here waits for is never taken.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from selfhealingd.supervise.identity import (
    lists_children,
    processes,
    read_proc,
    read_stat,
)
from selfhealingd.supervise.register import REGISTER

_PR_SET_CHILD_SUBREAPER = 36
_WNOTHREAD = 0x20000000  # of <linux/wait.h>: only this thread's children
_AT_ONCE = 256  # about 5 ms
_LOOK = os.WEXITED | os.WNOHANG | os.WNOWAIT


async def serve(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Be the subreaper, and reap orphans as they end, until cancelled.

    For the main thread, once per process, before anything is started.
    """
    with trio.open_signal_receiver(signal.SIGCHLD) as signals, _subreaper():
        task_status.started()
        await _reap_all()  # as PID 1 we may have inherited some already
        async for _ in signals:
            await _reap_all()


async def _reap_all() -> None:
    while reap():
        await trio.lowlevel.checkpoint()


def reap() -> bool:
    """Reap orphans that have ended; only in the main thread.

    Returns whether there may be more: a fork bomb must not keep us from all else.
    """
    for _ in range(_AT_ONCE):
        pid = _first_ended()
        if pid is None:
            return False
        if not _is_nobodys(pid):
            # One whom somebody waits for hides the others.
            _reap_hidden()
            return False
        _bury(pid)
    return True


def _reap_hidden() -> None:
    for pid in orphans():
        stat = read_stat(pid)
        if stat is not None and stat.gone and _is_nobodys(pid):
            _bury(pid)


def orphans() -> list[int]:
    """Return children that nobody here waits for, zombies too; in the main thread.

    One system call if there are none, which is the usual case. Children that come or
    go meanwhile may be missed.
    """
    try:
        os.waitid(os.P_ALL, 0, _LOOK | _WNOTHREAD)
    except ChildProcessError:
        return []
    return [pid for pid in _children() if not REGISTER.waited_for(pid)]


def _children() -> list[int]:
    if lists_children():
        listed = read_proc(os.getpid(), f"task/{os.getpid()}/children") or b""
        return [int(pid) for pid in listed.split()]
    return [stat.pid for stat in processes() if stat.parent == os.getpid()]


def _first_ended() -> int | None:
    try:
        found = os.waitid(os.P_ALL, 0, _LOOK | _WNOTHREAD)
    except ChildProcessError:
        return None
    return None if found is None else found.si_pid


def _is_nobodys(pid: int) -> bool:
    if REGISTER.waited_for(pid):
        return False
    # A library that starts a process (subprocess, trio) leaves it in our session, and
    # waits for it in its own way. What we start has a session of its own, and so has
    # what descends from it. In a container our session may be out of sight, and reads
    # as 0: a PID 1 then can't tell its own from strangers, whom it mostly has.
    ours = os.getsid(0)
    stat = read_stat(pid)
    blind = ours == 0 and os.getpid() == 1
    return stat is not None and (blind or stat.session != ours)


def _bury(pid: int) -> None:
    REGISTER.reaped(pid)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | _WNOTHREAD)
    except ChildProcessError:
        return  # somebody was quicker, which is as good


@contextmanager
def _subreaper() -> Iterator[None]:
    _set_subreaper(1)
    try:
        yield
    finally:
        _set_subreaper(0)


def _set_subreaper(value: int) -> None:
    """Call prctl(2), for which Python has no other way; OSError if it is refused."""
    import ctypes  # noqa: PLC0415 - for this one call

    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    wanted = ctypes.c_ulong(value)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, wanted, zero, zero, zero) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot become a subreaper: {os.strerror(number)}")
