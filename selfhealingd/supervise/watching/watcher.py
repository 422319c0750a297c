"""One watch: its process found, held and moved.

One task looks and tells what became of the process; commands are given one at a time,
and nothing is looked for while one runs, as it may look like the process itself.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

import trio

from selfhealingd.core.effects import Order
from selfhealingd.core.events import Event
from selfhealingd.core.exits import Exit
from selfhealingd.core.launch import Launch
from selfhealingd.core.spans import span
from selfhealingd.core.watch import Unit, Watch
from selfhealingd.supervise.adopted import status_of
from selfhealingd.supervise.errors import SignalError
from selfhealingd.supervise.handles import Pipe
from selfhealingd.supervise.identity import Identity, age
from selfhealingd.supervise.pidfd import pidfd_of, send_by
from selfhealingd.supervise.register import REGISTER
from selfhealingd.supervise.watching.gaze import Gaze
from selfhealingd.supervise.watching.moves import carry_out
from selfhealingd.supervise.watching.reports import Reports
from selfhealingd.supervise.watching.sight import (
    Busy,
    Down,
    Eye,
    Sight,
    Unknown,
    Up,
    Withdrawn,
)

GRACE_SECS = 1.0
"""How long a process that ended may be without the successor that others give it."""

BUSY_SECS = 5.0
"""The same, while it is seen to be in their hands."""

ASK_SECS = 2.0
"""From one look to the next while whoever knows can't be asked."""

DETACH_SECS = 5.0
"""How long a command that ended a process may go on after that."""

_AGAIN_SECS = 0.1
_GONE = "its process is gone before it could be held"


class _Told(Enum):
    """What was reported last."""

    DOWN = auto()
    UP = auto()
    WITHDRAWN = auto()


class Held:
    """The process for as long as it is held; what it forks is nobody's stranger."""

    marks = MappingProxyType[str, str]({})
    pipes = frozenset[Pipe]()

    def __init__(self, identity: Identity) -> None:
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Around:
    """What watchers have in common: where they work, and whom they tell.

    ``report`` takes events, ``trouble`` what could not be done, and ``blind`` why a
    watch can't be looked at, None once it can.
    """

    nursery: trio.Nursery
    report: Callable[[Event], Awaitable[None]]
    trouble: Callable[[str, str], None]
    blind: Callable[[str, str | None], None]


class Watcher:
    """Looks at one watch by its ``eye``, from ``attend`` on, and gives it commands.

    ``run``: the number of its latest run; ``up``: it is believed to have a process.
    """

    def __init__(
        self,
        name: str,
        watch: Watch,
        eye: Eye,
        around: Around,
        *,
        run: int,
        up: bool,
    ) -> None:
        self.watch = watch
        self.run = run
        self._name = name
        self._nursery = around.nursery
        self._reports = Reports(name, around.report)
        self._trouble = around.trouble
        self._gaze = Gaze(name, eye, around.blind)
        self._stopping: trio.CancelScope | None = None
        self._eye = eye
        self._told = _Told.UP if up else _Told.DOWN
        self._held: Held | None = None
        self._owed = False
        self._ordered = False
        self._moving = trio.Lock()
        self._stir = trio.Event()

    @property
    def up(self) -> bool:
        """Whether it was told to have a process."""
        return self._told is _Told.UP

    async def attend(self) -> None:
        """Tell what becomes of it, for ever."""
        while True:
            async with self._moving:
                sight = await self._gaze.look()
            if isinstance(sight, Up):
                await self._stay(sight.identity)
            else:
                await self._absent(sight)

    def start(self, run: int, *, look: bool) -> None:
        """Answer for a run: see to it that there is a process, or look for one."""
        self.run, self._owed, self._ordered = run, True, False
        self._shake()
        self._nursery.start_soon(self._find if look else self._start, run)

    def order(self, order: Order, signo: int) -> None:
        """Have it end, or end and come back: by a command, or else by a signal."""
        self._ordered = True
        self._shake()
        restart = order is Order.RESTART
        launch = self._command("restart") if restart else None
        if launch is not None:
            seconds = max(self.watch.startwaitsecs, self.watch.stopwaitsecs)
            self._nursery.start_soon(self._carry_out, launch, _limit(seconds))
        elif (launch := self._command("stop")) is not None:
            self._stopping = _limit(self.watch.stopwaitsecs)
            self._nursery.start_soon(self._carry_out, launch, self._stopping)
        else:
            self.signal(signo)

    def signal(self, signo: int) -> None:
        """Signal its process, if it has one."""
        if self._held is None:
            return
        identity = self._held.identity
        try:
            with pidfd_of(identity) as fd:
                if fd is not None:
                    send_by(fd, signo, identity.pid)
        except (SignalError, OSError) as error:
            self._trouble(self._name, str(error))

    # Looking

    async def _stay(self, identity: Identity) -> None:
        """Be with a process until its end."""
        with pidfd_of(identity) as fd:
            if fd is None:
                await self._absent(Down(_GONE))
                return
            self._held, self._ordered = Held(identity), False
            REGISTER.enter(self._held, waited_for=False, watched=True)
            try:
                await self._tell_up(identity)
                await self._until_end(identity, fd)
                end = await self._end(identity, fd)
            finally:
                REGISTER.leave(self._held)
                self._held = None
        self._eye.died(identity)
        if self._stopping is not None:  # what it was to do is done
            last = trio.current_time() + DETACH_SECS
            self._stopping.deadline = min(self._stopping.deadline, last)
        await self._tell_end(end)

    async def _tell_up(self, identity: Identity) -> None:
        if self._owed:
            self._owed = False
            await self._reports.spawned(self.run, identity.pid, identity.started)
        else:
            self.run += 1
            await self._reports.appeared(self.run, identity)
        self._told = _Told.UP
        self._shake()

    async def _until_end(self, identity: Identity, fd: int) -> None:
        async with trio.open_nursery() as nursery:

            async def answer() -> None:
                while True:
                    stir = self._stir
                    if self._owed:
                        await self._tell_up(identity)
                    await stir.wait()

            nursery.start_soon(answer)
            await trio.lowlevel.wait_readable(fd)
            nursery.cancel_scope.cancel()

    async def _end(self, identity: Identity, fd: int) -> Exit:
        now = trio.current_time()
        lasted = age(identity)
        status = await status_of(identity, fd)
        return Exit(
            at=now,
            code=status.code,
            signal=status.signal,
            dumped=status.dumped,
            lasted=lasted,
        )

    async def _tell_end(self, end: Exit) -> None:
        sight = await self._settled()
        if isinstance(sight, Up):
            return  # others have put it in its place
        await self._tell_down(end, meant=isinstance(sight, Withdrawn))

    async def _settled(self) -> Sight | None:
        """Look until it is clear what follows on an end; None if that is ours."""
        began = trio.current_time()
        while not (self._ordered or self._owed):
            async with self._moving:
                sight = await self._gaze.look()
            if isinstance(sight, Up | Withdrawn):
                return sight
            held = isinstance(sight, Busy | Unknown)
            patience = BUSY_SECS if held else GRACE_SECS
            final = isinstance(sight, Down) and sight.final
            if final or trio.current_time() > began + patience:
                return sight
            await self._wait(_AGAIN_SECS)
        return None

    async def _absent(self, sight: Down | Busy | Unknown | Withdrawn) -> None:
        """Tell that it has no process, where that is news; then wait for some."""
        if self._owed or (isinstance(sight, Withdrawn) and self._ordered):
            pass  # who was asked to start or stop it tells
        elif isinstance(sight, Withdrawn) and self._told is not _Told.WITHDRAWN:
            await self._tell_down(self._problem(sight.words), meant=True)
        elif isinstance(sight, Down) and self._told is _Told.UP:
            await self._tell_down(self._problem(sight.words), meant=False)
        async with trio.open_nursery() as nursery:

            async def stirred() -> None:
                await self._stir.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(stirred)
            await self._eye.news()
            nursery.cancel_scope.cancel()

    async def _tell_down(self, end: Exit, *, meant: bool) -> None:
        self._told = _Told.WITHDRAWN if meant else _Told.DOWN
        self._owed = False
        await self._reports.exited(self.run, end, meant=meant)

    # Starting

    async def _find(self, run: int) -> None:
        """Look for the process of a run, for as long as it may be missing."""
        await self._answered(run, self.watch.startsecs)
        until = trio.current_time() + self.watch.startwaitsecs
        while self._owes(run):
            async with self._moving:
                sight = await self._gaze.look()
            if isinstance(sight, Unknown) and not self._ordered:
                await self._answered(run, ASK_SECS)
            elif isinstance(sight, Up | Busy) and trio.current_time() < until:
                self._shake()
                await self._answered(run, _AGAIN_SECS)
            elif self._owes(run):
                words = _GONE if isinstance(sight, Up) else sight.words
                meant = isinstance(sight, Withdrawn)
                await self._tell_down(self._problem(words), meant=meant)

    async def _start(self, run: int) -> None:
        """Start it, unless that proves to be done."""
        began = trio.current_time()
        problem = None
        async with self._moving:
            sight = await self._gaze.look()
            while isinstance(sight, Busy) and self._patient(run, began):
                await trio.sleep(_AGAIN_SECS)
                sight = await self._gaze.look()
            if self._owes(run) and not isinstance(sight, Up):
                limit = _limit(self.watch.startwaitsecs)
                problem = await self._move(self._command("start"), limit)
                if limit.cancelled_caught:
                    problem = (
                        f"{problem}; it has to start it in the background, and end"
                    )
        self._shake()
        while problem is None and self._patient(run, began):
            await self._answered(run, _AGAIN_SECS)
            self._shake()
        if not self._owes(run):
            return
        self._owed, self._told = False, _Told.DOWN
        if problem is None:
            sight = await self._gaze.look()
            seen = "" if isinstance(sight, Up) else f": {sight.words}"
            secs = span(self.watch.startwaitsecs)
            problem = f"it was started, and has no process after {secs}{seen}"
        await self._reports.failed(run, problem)

    def _owes(self, run: int) -> bool:
        return self._owed and self.run == run

    def _patient(self, run: int, began: float) -> bool:
        late = trio.current_time() > began + self.watch.startwaitsecs
        return self._owes(run) and not late

    async def _answered(self, run: int, seconds: float) -> None:
        with trio.move_on_after(seconds):
            while self._owes(run):
                await self._stir.wait()

    # Moving

    def _command(self, verb: str) -> Launch | None:
        launch: Launch | None = getattr(self.watch, verb)
        sought = self.watch.sought
        if launch is None and isinstance(sought, Unit):
            return Launch(argv=("systemctl", verb, sought.name))
        return launch

    async def _carry_out(self, launch: Launch, limit: trio.CancelScope) -> None:
        async with self._moving:
            problem = await self._move(launch, limit)
        self._shake()
        if problem is not None:
            self._trouble(self._name, f"{' '.join(launch.argv)}: {problem}")

    async def _move(self, launch: Launch | None, limit: trio.CancelScope) -> str | None:
        """Give a command, and return what went wrong."""
        if launch is None:
            return "nothing says how to start it"
        try:
            problem: str | None = await self._nursery.start(
                carry_out, self._name, launch, limit
            )
        except OSError as error:
            return str(error)
        return problem

    def _problem(self, words: str) -> Exit:
        return Exit(at=trio.current_time(), problem=words)

    async def _wait(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self._stir.wait()

    def _shake(self) -> None:
        self._stir.set()
        self._stir = trio.Event()


def _limit(seconds: float) -> trio.CancelScope:
    return trio.CancelScope(deadline=trio.current_time() + seconds)
