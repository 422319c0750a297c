"""Inbox -> step -> effects: the one place where decisions are asked for and done.

Everything that happens comes through one bounded inbox. Deeds are performed at once
and never awaited here. What is announced goes out in order; an announcement that must
be durable, and whatever comes after it, waits until the state was written.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec
import trio

from selfhealingd.core import events, record
from selfhealingd.core.effects import (
    Announcement,
    Answer,
    Command,
    Deed,
    Effect,
    Finish,
    Gather,
    Listen,
    Observe,
    Order,
    Signal,
    Spawn,
    Wake,
)
from selfhealingd.core.events import Event
from selfhealingd.core.host import Host
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import Listening
from selfhealingd.core.policy import Kind, Policy
from selfhealingd.core.snapshot import Anchor
from selfhealingd.core.step import step
from selfhealingd.timers import Timers
from selfhealingd.wire.documents import EventDocument

INBOX = 10_000


class Hands(Protocol):
    """What performs deeds on processes."""

    def start(self, service: str, run: int, launch: Launch) -> None:
        """Start a run; its events come through the inbox."""

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:
        """Signal a run's process or group."""

    def find(self, service: str, run: int, *, look: bool) -> None:
        """Start a run of a watch, or only look for it; its events come as others."""

    def order(self, service: str, order: Order, signo: int) -> None:
        """End a watch by its command, or where it has none by a signal."""

    def listen(
        self, service: str, sockets: tuple[Listening, ...], at: float | None
    ) -> None:
        """Send ``Knocked`` on the first connection from ``at`` on; None: on none."""

    def observe(self, service: str, run: int, pid: int | None) -> None:
        """Look whether a run is well from now on; ``pid`` None: no more."""

    def gather(self, service: str, run: int, incident: str) -> None:
        """Keep an incident's evidence, then send ``Gathered``."""

    def command(
        self, service: str, incident: str, attempt: int, runbook: str | None
    ) -> None:
        """Carry out an attempt by a command, then send ``CommandEnded``."""


class Memory(Protocol):
    """What keeps state and journal."""

    def put(self, lines: Sequence[bytes], *, state_changed: bool, durable: bool) -> int:
        """Take over records, and whether the state changed; returns a ticket."""

    async def written(self, ticket: int) -> None:
        """Wait until what the ticket stands for was written, or could not be."""


_Item: TypeAlias = tuple[Event, trio.Event | None] | trio.Event


class _Told(msgspec.Struct, frozen=True):
    ticket: int | None
    documents: tuple[EventDocument, ...]
    answers: tuple[Answer, ...]
    passed: trio.Event | None = None


class Loop:
    """Holds the policy and the host, and is the only one to change them.

    ``tell`` is called with each announcement, as a document, once it may be known;
    ``on_fault`` with an event that could not be decided, which is a defect of ours.
    """

    def __init__(
        self,
        policy: Policy,
        host: Host,
        anchor: Anchor,
        *,
        memory: Memory,
        tell: Callable[[EventDocument], None],
        on_fault: Callable[[Event, Exception], None],
    ) -> None:
        self.policy = policy
        self.host = host
        self.anchor = anchor
        self.mark = (0, policy, host)
        """Number of the latest event, with what was so after it; one value, so that
        another thread can read it."""
        self.launches: dict[str, Launch] = {}
        self.finished = trio.Event()
        self.ended_by: str | None = None
        """The essential program whose end was the reason to finish."""
        self.moved = trio.Event()
        self._memory = memory
        self._tell = tell
        self._on_fault = on_fault
        self._timers = Timers()
        self._inbox, self._events = trio.open_memory_channel[_Item](INBOX)
        self._outbox, self._told = trio.open_memory_channel[_Told](math.inf)
        self._requests: dict[int, trio.MemorySendChannel[Answer]] = {}
        self._last_request = 0
        self._durable = 0

    async def post(self, event: Event) -> None:
        """Put an event into the inbox; waits while it is full."""
        await self._inbox.send((event, None))

    async def apply(self, event: Event) -> None:
        """Put an event into the inbox and wait until it was taken in."""
        taken = trio.Event()
        await self._inbox.send((event, taken))
        await taken.wait()

    async def ask(self, *makes: Callable[[int], events.Request]) -> list[Answer]:
        """Put requests into the inbox and wait for their answers, in their order.

        Each of ``makes`` gets its request's number. An answer comes after the state
        that it speaks of was written.
        """
        channels = []
        numbers = range(self._last_request + 1, self._last_request + len(makes) + 1)
        self._last_request += len(makes)
        try:
            for number, make in zip(numbers, makes, strict=True):
                send, receive = trio.open_memory_channel[Answer](1)
                self._requests[number] = send
                channels.append(receive)
                await self.post(make(number))
            return [await channel.receive() for channel in channels]
        finally:
            for number in numbers:
                self._requests.pop(number, None)

    async def pulse(self) -> None:
        """Wait until all that came before was decided, and told.

        Never returns if the loop is stuck.
        """
        passed = trio.Event()
        await self._inbox.send(passed)
        await passed.wait()

    async def settled(self) -> None:
        """Wait until every change so far that must be durable was written."""
        await self._memory.written(self._durable)

    async def run(self, hands: Hands) -> None:
        """Decide and perform, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._timers.run, self._due)
            nursery.start_soon(self._publish)
            async for item in self._events:
                if isinstance(item, trio.Event):
                    self._outbox.send_nowait(_Told(None, (), (), passed=item))
                    continue
                event, taken = item
                self._take(event, hands)
                if taken is not None:
                    taken.set()

    async def _due(self, service: str) -> None:
        await self.post(events.Due(at=trio.current_time(), service=service))

    # No await beyond this point: one event is decided and performed as a whole.

    def _take(self, event: Event, hands: Hands) -> None:
        before = self.host
        try:
            self.host, effects = step(self.policy, before, event)
        except Exception as fault:  # noqa: BLE001 - told in status, never fatal
            # The decision is pure, so nothing is half-done: the event is dropped.
            self._fault(event, fault)
            return
        if isinstance(event, events.Reconfigured):
            self.policy = event.policy
        seq = self.mark[0] + 1
        self.mark = (seq, self.policy, self.host)
        announcements, answers = self._perform(effects, hands)
        told = tuple(
            record.document(a, now=event.at, seq=seq, anchor=self.anchor)
            for a in announcements
        )
        changed = self.host is not before
        ticket = None
        # A policy is part of every decision after it, so a replay must know of it.
        if changed or told or isinstance(event, events.Reconfigured):
            durable = any(a.durable for a in announcements)
            lines = [
                msgspec.json.encode(record.Input(seq=seq, event=event)),
                *map(msgspec.json.encode, told),
            ]
            kept = self._memory.put(lines, state_changed=changed, durable=durable)
            ticket = kept if durable else None
            self._durable = kept if durable else self._durable
            self.moved.set()
            self.moved = trio.Event()
        if told or answers:
            self._outbox.send_nowait(_Told(ticket, told, answers))

    def _fault(self, event: Event, fault: Exception) -> None:
        self._on_fault(event, fault)
        if isinstance(event, events.Asked):
            words = "cannot do that: an internal error, see the daemon's log"
            answer = Answer(request=event.request, done=False, words=words)
            self._outbox.send_nowait(_Told(None, (), (answer,)))

    def _perform(
        self, effects: Sequence[Effect], hands: Hands
    ) -> tuple[list[Announcement], tuple[Answer, ...]]:
        announcements: list[Announcement] = []
        answers = []
        for effect in effects:
            match effect:
                case Answer():
                    answers.append(effect)
                case (
                    Spawn()
                    | Signal()
                    | Wake()
                    | Listen()
                    | Observe()
                    | Gather()
                    | Command()
                    | Finish()
                ):
                    self._do(effect, hands)
                case _:
                    announcements.append(effect)
        return announcements, tuple(answers)

    def _do(self, deed: Deed, hands: Hands) -> None:
        match deed:
            case Spawn() | Signal():
                self._move(deed, hands)
            case Wake(service=service, at=at):
                self._timers.set(service, at)
            case Listen(service=service, at=at):
                # Without ``at`` it may not be in the config any more.
                sockets = () if at is None else self.launches[service].sockets
                hands.listen(service, sockets, at)
            case Observe(service=service, run=run, pid=pid):
                hands.observe(service, run, pid)
            case Gather(service=service, run=run, incident=incident):
                hands.gather(service, run, incident)
            case Command(
                service=service, incident=incident, attempt=attempt, runbook=runbook
            ):
                hands.command(service, incident, attempt, runbook)
            case Finish(ended_by=name):
                self.ended_by = name
                self.finished.set()
            case Answer():
                raise AssertionError(deed)

    def _move(self, deed: Spawn | Signal, hands: Hands) -> None:
        match deed:
            case Spawn(service=service, run=run, look=look):
                if self.policy.programs[service].kind is Kind.WATCH:
                    hands.find(service, run, look=look)
                else:
                    hands.start(service, run, self.launches[service])
            case Signal(service=service, run=run, signal=signo, group=group):
                if deed.order is not None:
                    hands.order(service, deed.order, signo)
                else:
                    hands.signal(service, run, signo, group=group)

    async def _publish(self) -> None:
        async for told in self._told:
            if told.ticket is not None:
                await self._memory.written(told.ticket)
            for document in told.documents:
                self._tell(document)
            for answer in told.answers:
                waiting = self._requests.get(answer.request)
                if waiting is not None:
                    waiting.send_nowait(answer)
            if told.passed is not None:
                told.passed.set()
