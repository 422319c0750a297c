"""The threads that fork, which never end.

A child belongs to the thread that forked it, and passes to the main thread only when
that one ends; orphans come to the main thread. So as long as these threads live, the
main thread has no children but orphans, and one system call tells whether there are
any (``reaper``), however many programs run. Threads that end, as trio's do when they
are idle, would make that look slower, not wrong.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Generic, TypeAlias, TypeVar

import trio

T = TypeVar("T")
Report: TypeAlias = Callable[[], None]
_Work: TypeAlias = Callable[[], Report]

_idle: list[SimpleQueue[_Work]] = []


async def in_forker(work: Callable[[], T], limiter: trio.CapacityLimiter) -> T:
    """Do blocking work in such a thread; it is left alone if the wait is cancelled.

    Of ``limiter`` it has a token until it really is done. Raises what ``work`` raises,
    and RuntimeError if there is no thread for it.
    """
    task = Task(work, limiter)
    await limiter.acquire_on_behalf_of(task)
    task.hand_over()
    return await task.result()


def begin_in_forker(work: Callable[[], T], limiter: trio.CapacityLimiter) -> "Task[T]":
    """Hand blocking work to such a thread at once; its result can be awaited later.

    Raises trio.WouldBlock if ``limiter`` has no token left, and RuntimeError if there
    is no thread for it.
    """
    task = Task(work, limiter)
    limiter.acquire_on_behalf_of_nowait(task)
    task.hand_over()
    # It needs the interpreter, which otherwise it gets when we have nothing to do.
    time.sleep(0)
    return task


class Task(Generic[T]):
    """Work for one of these threads, which has a token of ``limiter`` for it."""

    def __init__(self, work: Callable[[], T], limiter: trio.CapacityLimiter) -> None:
        self._done = trio.Event()
        self._work = work
        self._limiter = limiter
        self._token = trio.lowlevel.current_trio_token()
        self._results: list[T] = []
        self._error: BaseException | None = None

    def hand_over(self) -> None:
        """Have it done; without a thread for it, the token is given back."""
        try:
            _hand_over(self._carry_out)
        except BaseException:
            self._limiter.release_on_behalf_of(self)
            raise

    async def result(self) -> T:
        """Return what has come of it, or raise it; once."""
        await self._done.wait()
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # its traceback leads back to us
        return self._results.pop()

    def _carry_out(self) -> Report:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            self._error = error
        return self._report

    def _report(self) -> None:
        with suppress(trio.RunFinishedError):  # then nobody waits for it
            self._token.run_sync_soon(self._finish)

    def _finish(self) -> None:
        self._limiter.release_on_behalf_of(self)
        self._done.set()


def _hand_over(work: _Work) -> None:
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = SimpleQueue()
        # As a daemon: an exec that hangs must not keep the process from ending.
        threading.Thread(
            target=_serve, args=(inbox,), name="forker", daemon=True
        ).start()
    inbox.put(work)


def _serve(inbox: SimpleQueue[_Work]) -> None:
    while True:
        report = inbox.get()()
        # Idle before it is told, or the next work would need one thread more.
        _idle.append(inbox)
        report()
        del report
