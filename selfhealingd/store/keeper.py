"""Writes state and journal in the background: few writes, and never a held loop.

Producers hand over and go on; whoever must not speak before a thing is on disk waits
for its ticket. State is written before the journal, both before a ticket is released.
A disk that is full or hangs must not stop healing: it is told as ``problem``, tickets
are released all the same, and the writing is tried again every ``interval``.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

import trio

from selfhealingd.store.errors import StoreError
from selfhealingd.store.journal import Journal

T = TypeVar("T")

BUFFER = 10_000


class Keeper(Generic[T]):
    """The one owner of state file and journal while the daemon runs.

    ``snapshot`` is called in the loop's thread, as late as possible, and must be cheap:
    ``write_state`` gets its result in a worker thread, where encoding belongs, and
    raises StoreError. ``interval``: seconds from one write in calm to the next.
    ``patience``: seconds after which a write that does not end counts as a problem.
    """

    def __init__(
        self,
        journal: Journal,
        snapshot: Callable[[], T],
        write_state: Callable[[T], None],
        *,
        interval: float = 1.0,
        patience: float = 5.0,
    ) -> None:
        self.problem: str | None = None
        """Why the last write failed, for a person; None when all is well."""
        self.dropped = 0
        """Journal lines lost because the disk took none for too long."""
        self._journal = journal
        self._snapshot = snapshot
        self._write_state = write_state
        self._interval = interval
        self._patience = patience
        self._lines: deque[bytes] = deque()
        self._changed = False
        self._urgent = False
        self._writing = False
        self._stopped = False
        self._last_ticket = 0
        self._released = 0
        self._last_round = -math.inf
        self._nudge = trio.Event()
        self._progress = trio.Event()
        self._one_at_a_time = trio.CapacityLimiter(1)

    def put(
        self,
        lines: Sequence[bytes] = (),
        *,
        state_changed: bool = False,
        durable: bool = False,
    ) -> int:
        """Take over journal lines and the news that the state changed; never waits.

        ``durable``: write at once and to the disk itself. Returns a ticket for
        ``written``, which stands for everything put so far.
        """
        if lines or state_changed:
            self._lines.extend(lines)
            self._drop_oldest()
            self._changed |= state_changed
            self._urgent |= durable
            self._last_ticket += 1
            self._nudge.set()
        return self._last_ticket

    async def written(self, ticket: int) -> None:
        """Wait until what the ticket stands for was written, or could not be.

        Never longer than the patience once its write has begun.
        """
        await trio.lowlevel.checkpoint()
        while self._released < ticket and self.problem is None and not self._stopped:
            await self._progress.wait()

    async def flush(self, seconds: float) -> bool:
        """Write what is there now; return whether all of it is on disk in time."""
        with trio.move_on_after(seconds):
            while not self._clean and not self._stopped:
                self._urgent = True
                if self.problem is None:
                    self._nudge.set()
                await self._progress.wait()
        return self._clean

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Write what is put, for ever; once.

        When cancelled during a write it leaves the write to its thread, since a disk
        that hangs must not hold up the end: flush first.
        """
        task_status.started()
        try:
            while True:
                await self._until_due()
                await self._round()
        finally:
            self._stopped = True
            self._tell_progress()

    @property
    def _clean(self) -> bool:
        return not (self._changed or self._lines or self._writing)

    def _due(self) -> float:
        if self._clean:
            return math.inf
        if self._urgent and self.problem is None:
            return -math.inf
        return self._last_round + self._interval

    async def _until_due(self) -> None:
        while (due := self._due()) > trio.current_time():
            self._nudge = trio.Event()
            with trio.move_on_at(due):
                await self._nudge.wait()

    async def _round(self) -> None:
        ticket, durable, changed = self._last_ticket, self._urgent, self._changed
        lines = tuple(self._lines)
        self._lines.clear()
        self._changed = self._urgent = False
        self._writing = True
        self._last_round = trio.current_time()
        state = partial(self._write_state, self._snapshot()) if changed else None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._lose_patience)
            state_failed, journal_failed = await trio.to_thread.run_sync(
                partial(self._write, state, lines, durable=durable),
                abandon_on_cancel=True,
                limiter=self._one_at_a_time,
            )
            nursery.cancel_scope.cancel()
        if state_failed:
            self._changed = True
        if journal_failed:
            self._lines.extendleft(reversed(lines))
            self._drop_oldest()
        self._writing = False
        problems = dict.fromkeys(filter(None, (state_failed, journal_failed)))
        self.problem = "; ".join(problems) or None
        self._released = ticket
        self._tell_progress()

    def _write(
        self, state: Callable[[], None] | None, lines: Sequence[bytes], *, durable: bool
    ) -> tuple[str | None, str | None]:
        """Write both, in the worker thread; return what went wrong with each.

        The journal is tried even when the state could not be written, so that what
        happened is known at least.
        """
        return (
            _words_of(state) if state is not None else None,
            _words_of(partial(self._journal.append, lines, sync=durable)),
        )

    async def _lose_patience(self) -> None:
        await trio.sleep(self._patience)
        self.problem = (
            f"cannot write state and journal: the disk has not answered for "
            f"{self._patience:g} s; look at the kernel log (dmesg)"
        )
        self._tell_progress()

    def _drop_oldest(self) -> None:
        while len(self._lines) > BUFFER:
            self._lines.popleft()
            self.dropped += 1

    def _tell_progress(self) -> None:
        self._progress.set()
        self._progress = trio.Event()


def _words_of(write: Callable[[], None]) -> str | None:
    try:
        write()
    except StoreError as error:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - told as the problem, never fatal
        # A defect of ours, such as a value that TOML does not know.
        return f"cannot write: an internal error ({type(fault).__name__}: {fault})"
    return None
