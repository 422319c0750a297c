"""One queue and one task for each hook: none waits for another, and nobody for them.

What is for people is gathered for a moment, or for a minute in a storm: one message
tells of all that waits.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec
import trio
from msgspec.structs import replace

from selfhealingd.core.hook import Execute, Hook, Notify, Post
from selfhealingd.notify.queue import FOR_PEOPLE, USUAL, Pace, Queue
from selfhealingd.wire.documents import EventDocument

AT_ONCE = 4
"""Commands that run at a time; of requests, which cost less, four times as many."""


GATHER_SECS = 2.0
"""What happens within this time of an event is mostly of the same trouble."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way. ``missed``: how many before it were dropped.

    ``more``: those after it that are told with it.
    """

    event: EventDocument
    missed: int = 0
    more: tuple[EventDocument, ...] = ()


RunIt: TypeAlias = Callable[[str, Execute, Letter], Awaitable[str | None]]
"""Run the command of the hook of that name; returns why that failed, if it did."""

SendIt: TypeAlias = Callable[[Post, Letter], Awaitable[str | None]]
"""Send the request; returns why that failed, if it did. Both have deadlines."""


NotifyIt: TypeAlias = Callable[[str, Notify, Letter], Awaitable[str | None]]
"""Tell people, for the hook of that name; likewise."""


ProveIt: TypeAlias = Callable[[str, Notify], Awaitable[str | None]]
"""Look whether people could be told, and tell nobody; returns why not, if so."""


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How each kind of hook is carried out; all of them have deadlines."""

    execute: RunIt
    post: SendIt
    notify: NotifyIt
    prove: ProveIt


class Ear:
    """Hears how hooks fare; each method is called with the hook."""

    def failed(self, hook: Hook, words: str, row: int) -> None:
        """It failed, for the so-manieth time in a row."""

    def went_well(self, hook: Hook) -> None:
        """It did not."""

    def dropped(self, hook: Hook, count: int) -> None:
        """It is too slow: so many were dropped by now."""

    def gone(self, hook: Hook) -> None:
        """There is nothing more to hear of it."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How a hook fares, for as long as there is one of its name.

    ``told``, ``failed``: how often it was carried out, and how that ended. ``lost``:
    events that nobody was told of, as there were too many. ``row``: failures since it
    last worked, ``problem``: what the latest was. ``waiting``: events.
    ``last``: when it last worked, on trio's clock.
    """

    told: int = 0
    failed: int = 0
    lost: int = 0
    waiting: int = 0
    row: int = 0
    problem: str | None = None
    last: float | None = None


class Hooks:
    """Tells of events by hooks; ``run`` has to run for that."""

    def __init__(self, ways: Ways, ear: Ear) -> None:
        self._ways = ways
        self._ear = ear
        self._workers: dict[str, _Worker] = {}
        self._nursery: trio.Nursery | None = None
        self._executing = trio.CapacityLimiter(AT_ONCE)
        self._posting = trio.CapacityLimiter(4 * AT_ONCE)

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Tell, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    def sync(self, hooks: Mapping[str, Hook]) -> None:
        """Have these hooks from now on; what is under way ends as it began.

        What waits for a hook that stays is told by it as it is now.
        """
        if self._nursery is None:
            raise AssertionError("not running")
        for name in self._workers.keys() - hooks.keys():
            self._workers.pop(name).leave()
        for name, hook in hooks.items():
            worker = self._workers.get(name)
            if worker is None:
                worker = _Worker(hook, self._deliver, self._ear)
                self._workers[name] = worker
                self._nursery.start_soon(worker.run)
            else:
                worker.become(hook)
            if isinstance(hook.way, Notify):
                # Whoever mistyped a URL should not find out at night.
                self._nursery.start_soon(self._prove, worker, hook, hook.way)

    def offer(self, event: EventDocument) -> None:
        """Let it be told to whom it concerns; waits for nobody."""
        for worker in self._workers.values():
            if worker.hook.wants(
                kind=event.kind, level=event.level, service=event.service
            ):
                worker.take(event)

    def tallies(self) -> dict[str, Tally]:
        """How each fares, by its name."""
        return {name: one.tally for name, one in self._workers.items()}

    async def test(self, name: str, event: EventDocument) -> str | None:
        """Tell of an event by this hook, now, beside what waits for it.

        Returns why that failed, if it did. Raises KeyError where there is none.
        """
        worker = self._workers[name]
        return await worker.tell(worker.hook, Letter(event=event))

    def hurry(self) -> None:
        """Tell at once what waits for its time: the daemon ends."""
        for worker in self._workers.values():
            worker.hurry()

    async def drained(self) -> None:
        """Wait until all that was offered so far, and since, was told."""
        for worker in list(self._workers.values()):
            await worker.idle.wait()

    async def _prove(self, worker: "_Worker", hook: Hook, way: Notify) -> None:
        try:
            problem = await self._ways.prove(hook.name, way)
        except Exception as fault:  # noqa: BLE001 - it is told
            problem = f"cannot be looked at: {fault!r}"
        if problem is not None:
            worker.note(hook, problem)

    async def _deliver(self, hook: Hook, letter: Letter) -> str | None:
        match hook.way:
            case Execute() as way:
                async with self._executing:
                    return await self._ways.execute(hook.name, way, letter)
            case Post() as way:
                async with self._posting:
                    return await self._ways.post(way, letter)
            case Notify() as way:
                return await self._ways.notify(hook.name, way, letter)


def _pace(hook: Hook) -> Pace:
    return FOR_PEOPLE if isinstance(hook.way, Notify) else USUAL


class _Worker:
    """Tells of one event after the other, in their order."""

    def __init__(
        self,
        hook: Hook,
        deliver: Callable[[Hook, Letter], Awaitable[str | None]],
        ear: Ear,
    ) -> None:
        self.hook = hook
        self.idle = trio.Event()
        self.idle.set()
        self._deliver = deliver
        self._ear = ear
        self._queue = Queue[EventDocument](_pace(hook))
        self._tally = Tally()
        self._told = 0
        self._left = False
        self._waiting = trio.CancelScope()

    @property
    def tally(self) -> Tally:
        return replace(self._tally, waiting=len(self._queue))

    def become(self, hook: Hook) -> None:
        """Be another one from now on; what was wrong with it may have been mended."""
        if hook != self.hook or self._tally.row or self._queue.dropped:
            self._ear.gone(self.hook)
            self._tally = replace(self._tally, row=0, problem=None)
            self._told = self._queue.dropped = 0
        self.hook = hook
        self._queue.pace = _pace(hook)

    def hurry(self) -> None:
        self._queue.hurry()

    def leave(self) -> None:
        """Tell nothing more."""
        self._left = True
        self._waiting.cancel()
        self._ear.gone(self.hook)
        self.idle.set()

    def take(self, event: EventDocument) -> None:
        if self.idle.is_set():
            self.idle = trio.Event()
        if self._queue.put(event):
            self._tally = replace(self._tally, lost=self._tally.lost + 1)
            self._ear.dropped(self.hook, self._queue.dropped)

    async def run(self) -> None:
        while not self._left:
            with trio.CancelScope() as self._waiting:
                event = await self._queue.get()
                more = await self._gathered()
            if self._waiting.cancelled_caught:
                return
            missed = self._queue.dropped - self._told
            self._told = self._queue.dropped
            await self.tell(self.hook, Letter(event=event, missed=missed, more=more))
            if not len(self._queue):
                self.idle.set()

    async def _gathered(self) -> tuple[EventDocument, ...]:
        if not isinstance(self.hook.way, Notify):
            return ()
        await self._queue.pause(GATHER_SECS)
        return self._queue.rest()

    async def tell(self, hook: Hook, letter: Letter) -> str | None:
        try:
            problem = await self._deliver(hook, letter)
        except Exception as fault:  # noqa: BLE001 - it is told
            # No descriptor for its pipe, perhaps: whatever it is, the daemon goes on.
            problem = f"cannot be told: {fault!r}"
        self.note(hook, problem)
        return problem

    def note(self, hook: Hook, problem: str | None) -> None:
        """Count and tell how it went; ``problem`` None: well."""
        if self._left or hook != self.hook:
            return  # how it was is no news of how it is
        tally = self._tally
        if problem is None:
            self._tally = replace(
                tally,
                told=tally.told + 1,
                row=0,
                problem=None,
                last=trio.current_time(),
            )
            self._ear.went_well(hook)
        else:
            self._tally = replace(
                tally, failed=tally.failed + 1, row=tally.row + 1, problem=problem
            )
            self._ear.failed(hook, problem, self._tally.row)
