"""Writes log lines to a descriptor without ever making the loop wait for it."""

import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum

import trio

QUEUED = 10_000
_BATCH = 500


class _Mode(Enum):
    DIRECT = "each line is written at once: no loop runs that could be held"
    QUEUED = "lines wait for the task"
    ENDED = "lines wait for close"


class Writer:
    """Writes lines to a descriptor without ever making the loop wait for it.

    Before ``run`` each line is written at once; while it runs, lines wait in a queue of
    10,000 of which the oldest is dropped; after it, for ``close``. Errors of the stream
    (a closed pipe, a full disk) are swallowed on purpose, as there is nowhere left to
    tell them: ``lost`` counts the lines that were dropped or could not be written.
    """

    def __init__(self, descriptor: int, *, notice: Callable[[int], bytes]) -> None:
        self.lost = 0
        self._descriptor = descriptor
        self._notice = notice
        self._mode = _Mode.DIRECT
        self._lines: deque[bytes] = deque()
        self._dropped = 0
        self._queue = threading.Lock()
        self._writing = threading.Lock()
        self._nudge = trio.Event()
        self._token: trio.lowlevel.TrioToken | None = None

    def put(self, line: bytes) -> None:
        """Take over one line with its end; from any thread."""
        with self._queue:
            if len(self._lines) >= QUEUED:
                self._lines.popleft()
                self._dropped += 1
                self.lost += 1
            self._lines.append(line)
        if self._mode is _Mode.DIRECT:
            self._drain()
        elif self._mode is _Mode.QUEUED and self._token is not None:
            self._wake_soon(self._token)

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Write what comes, in a worker thread, for ever.

        A write that hangs is left to its thread when this is cancelled: a terminal
        that was stopped must not prevent the end.
        """
        self._token = trio.lowlevel.current_trio_token()
        self._mode = _Mode.QUEUED
        one_at_a_time = trio.CapacityLimiter(1)
        task_status.started()
        try:
            while True:
                self._nudge = trio.Event()
                if not self._lines:
                    await self._nudge.wait()
                await trio.to_thread.run_sync(
                    self._drain, abandon_on_cancel=True, limiter=one_at_a_time
                )
        finally:
            self._mode = _Mode.ENDED

    def close(self, seconds: float = 1.0) -> bool:
        """Write what is left, for at most ``seconds``; return whether all was written.

        To be called when the loop has ended; blocks.
        """
        # A thread, because nothing else bounds a write to a terminal that hangs; being
        # a daemon thread it does not keep the process.
        thread = threading.Thread(target=self._drain, daemon=True)
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            return False
        self._mode = _Mode.DIRECT
        return True

    def _wake_soon(self, token: trio.lowlevel.TrioToken) -> None:
        try:
            token.run_sync_soon(self._wake, idempotent=True)
        except trio.RunFinishedError:
            self._mode = _Mode.ENDED

    def _wake(self) -> None:
        self._nudge.set()

    def _drain(self) -> None:
        with self._writing:
            for batch in self._batches():
                try:
                    _write_all(self._descriptor, b"".join(batch))
                except OSError:
                    with self._queue:
                        self.lost += len(batch)

    def _batches(self) -> Iterator[list[bytes]]:
        while True:
            with self._queue:
                number = min(len(self._lines), _BATCH)
                batch = [self._lines.popleft() for _ in range(number)]
                dropped, self._dropped = self._dropped, 0
            if dropped:
                batch.insert(0, self._notice(dropped))
            if not batch:
                return
            yield batch


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            # Somebody who shares the terminal made it non-blocking.
            waiting = select.poll()
            waiting.register(descriptor, select.POLLOUT)
            waiting.poll()
