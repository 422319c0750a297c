"""One thread that moves output, in turns, for all FIFOs whose logs may stall together.

Why a thread of its own: a write to a full journal or a dead server stops whoever makes
it, and that must not be the loop. Moving 1 GiB of lines through one FIFO (2 cores, the
writer on one of them) took

    splice in the loop                    430 to  920 MB/s   0.5 to 1.8 s of CPU
    a worker thread called for a piece    420 to  740 MB/s   0.9 to 1.1 s
    this: a thread with its own epoll   1,260 to 1,330 MB/s   0.4 to 0.6 s

Idle FIFOs cost nothing: the thread sleeps in epoll. After a small piece it lets the
FIFO alone for 1 ms, after another one for 2, up to 16: who writes line by line is not
answered line by line, and a FIFO half full is emptied without a rest.
"""

import heapq
import itertools
import math
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import trio

from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.peek import Peeker
from selfhealingd.supervise.output.question import Question
from selfhealingd.supervise.output.sink import Sink
from selfhealingd.supervise.output.waiting import Gate, StopMoving

T = TypeVar("T")

RETRY_SECS = 1.0
_SHORTEST, _LONGEST = 0.001, 0.016
_TURNS = 64
_STOP_SECS = 2.0


class Stream:
    """One program's stdout or stderr, on its way; the mover's, but for ``problem``."""

    __slots__ = ("fifo", "gone", "moved", "problem", "rest", "sink")

    def __init__(
        self, fifo: Fifo, sink: Sink, moved: tuple[Callable[[], None], ...] = ()
    ) -> None:
        """``moved`` are called, in the loop, whenever something has moved."""
        self.fifo = fifo
        self.sink = sink
        self.moved = moved
        self.problem = ""
        self.rest = 0.0
        self.gone = False


class Mover:
    """A thread, and what the loop may ask of it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """``changed`` is called, in the loop, when some stream's problem changes."""
        self.gate = Gate()
        self.peeker = Peeker()
        self.at_end: list[Callable[[], None]] = [self.peeker.close]
        self._changed = changed
        self._epoll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._epoll.register(self._bell, select.EPOLLIN)
        self._work: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._streams: dict[int, Stream] = {}
        self._dues: dict[Sink, float] = {}
        self._token: trio.lowlevel.TrioToken | None = None
        self._ended = trio.Event()
        self._stopping = False
        self._serving = self._over = self._closed = False
        self._lock = threading.Lock()
        self._since = 0.0

    async def run(self) -> None:
        """Move until cancelled; at most 2 s later the thread is left to itself.

        It is then held by a disk, and ends as soon as that lets it go.
        """
        self._token = trio.lowlevel.current_trio_token()
        try:
            await trio.to_thread.run_sync(
                self._serve, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
            )
        finally:
            self.post(self._stop)
            self.gate.stop()
            if not self._call_off():
                with trio.move_on_after(_STOP_SECS, shield=True):
                    await self._ended.wait()
            if self._closed:
                # Not by the thread: a number closed under us would be written to.
                os.close(self._bell)
                self.gate.close()

    def post(self, work: Callable[[], None]) -> None:
        """Have something done in the thread, soon, in order; from the loop."""
        if not self._over:
            self._work.append(work)
            os.eventfd_write(self._bell, 1)

    def held(self) -> float:
        """Return for how many seconds what is written to has not let the thread go."""
        since = self._since
        return time.monotonic() - since if since else 0.0

    async def ask(self, work: Callable[[], T]) -> T:
        """Have something done in the thread, and return what comes of it.

        Raises what ``work`` raises of OutputError and OSError. Waits as long as the
        thread is held: the caller sets the deadline.
        """
        return await self.put(work).answered()

    def put(self, work: Callable[[], T]) -> Question[T]:
        """Have something done in the thread before it moves what comes from now on."""
        question = Question(work, self.tell)
        self.post(question.answer)
        return question

    def tell(self, hear: Callable[[], None]) -> None:
        """Have something done in the loop, soon; from the thread."""
        if self._token is not None:
            with suppress(trio.RunFinishedError):  # then nobody is there to be told
                self._token.run_sync_soon(hear, idempotent=True)

    def attach(self, stream: Stream) -> None:
        """Move this stream from now on."""
        if stream.gone:
            return
        self._streams[stream.fifo.fd] = stream
        self._epoll.register(stream.fifo.fd, select.EPOLLIN | select.EPOLLONESHOT)

    def detach(self, stream: Stream) -> None:
        """Move this stream no more; FIFO and sink stay open."""
        stream.gone = True
        if self._streams.pop(stream.fifo.fd, None) is not None:
            self._epoll.unregister(stream.fifo.fd)

    def drain(self, stream: Stream, most: int | None = None) -> int:
        """Move what waits now, at most ``most`` bytes; return how much of it is left.

        What a program wrote before it ended is in front of what any descendant of it
        writes after that: so this ends even if those never do.
        """
        if stream.gone:
            return 0
        left = stream.fifo.pending() if most is None else most
        while left > 0:
            moved = self._move(stream)
            if not moved:
                break
            left -= moved
        if left > 0 and stream.problem:
            return left
        try:
            stream.sink.finish()
        except OutputError as error:
            self._note(stream, str(error))
            return 1
        return 0

    def _begin(self) -> bool:
        with self._lock:
            self._serving = not self._over
            return self._serving

    def _call_off(self) -> bool:
        """Say that it is over; return whether the thread never came to begin."""
        with self._lock:
            self._over = True
            if not self._serving:
                self._run_work()  # whoever came to stay, is to be closed
                self._close()
            return not self._serving

    def _serve(self) -> None:
        if not self._begin():
            return
        try:
            while not self._stopping:
                ready = self._epoll.poll(self._patience(), _TURNS)
                # First, so that what was ordered before a write is in force for it.
                self._run_work()
                for fd, _ in ready:
                    self._attend(fd)
                self._run_timers()
        except StopMoving:
            pass
        finally:
            self._close()
            self.tell(self._ended.set)

    def _run_work(self) -> None:
        while self._work:
            self._work.popleft()()

    def _attend(self, fd: int) -> None:
        if fd == self._bell:
            os.eventfd_read(fd)
            return
        stream = self._streams.get(fd)
        if stream is None:
            return  # it has left in this moment
        moved = self._move(stream)
        if moved * 2 >= stream.fifo.capacity:
            stream.fifo.grow()
            stream.rest = 0
            self._arm(stream)
            return
        if stream.problem and not moved:
            stream.fifo.grow()
            pause = RETRY_SECS
        else:
            pause = stream.rest = min(max(stream.rest * 2, _SHORTEST), _LONGEST)
        self._at(time.monotonic() + pause, lambda: self._arm(stream))

    def _move(self, stream: Stream) -> int:
        sink = stream.sink
        self._since = time.monotonic()
        try:
            moved = sink.move(stream.fifo)
        except OutputError as error:
            self._note(stream, str(error))
            moved = 0
        else:
            self._note(stream, sink.complaint)
        finally:
            self._since = 0.0
        if moved:
            for hear in stream.moved:
                self.tell(hear)
        self._mind(sink)
        return moved

    def _arm(self, stream: Stream) -> None:
        if not stream.gone:
            events = select.EPOLLIN | select.EPOLLONESHOT
            self._epoll.modify(stream.fifo.fd, events)

    def _note(self, stream: Stream, problem: str) -> None:
        if problem != stream.problem:
            stream.problem = problem
            self.tell(self._changed)

    def _mind(self, sink: Sink) -> None:
        """See to it that what is due is done."""
        if sink.due < self._dues.get(sink, math.inf):
            self._dues[sink] = sink.due
            self._at(sink.due, lambda: self._tick(sink))

    def _tick(self, sink: Sink) -> None:
        self._dues.pop(sink, None)
        if sink.due <= time.monotonic():
            sink.tick()
            for stream in self._streams.values():
                if stream.sink is sink:
                    self._note(stream, sink.complaint)
        self._mind(sink)

    def _at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (when, next(self._numbers), action))

    def _patience(self) -> float | None:
        if self._work:
            return 0
        if not self._timers:
            return None
        return max(self._timers[0][0] - time.monotonic(), 0)

    def _run_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()

    def _stop(self) -> None:
        self._stopping = True

    def _close(self) -> None:
        streams = list(self._streams.values())
        for stream in streams:
            self.detach(stream)
            stream.fifo.close()
        for sink in {stream.sink for stream in streams}:
            sink.close()
        for close in self.at_end:
            close()
        self._epoll.close()
        self._closed = True
