"""Every run that is alive, each in a task that reports what becomes of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from signal import SIGKILL

import trio

from selfhealingd.core.adoption import UNSEEN
from selfhealingd.core.events import Emptied, Event, Exited, Spawned, SpawnFailed
from selfhealingd.core.exits import Exit
from selfhealingd.core.launch import Launch
from selfhealingd.supervise import spawn
from selfhealingd.supervise.adopted import hold
from selfhealingd.supervise.cgroup import Cgroups
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.environment import INSTANCE, PROGRAM, RUN
from selfhealingd.supervise.errors import SignalError, SpawnError
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.identity import Identity, age
from selfhealingd.supervise.notes import Notes
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.readiness.gate import Gate, Gates, Open
from selfhealingd.supervise.sockets.pool import Sockets
from selfhealingd.supervise.tree import Volley, glance, left, members, send, wait_gone

SPAWNS_AT_ONCE = 8
_KILL_SECS = 5.0
_DRAIN_SECS = 1.0


@dataclass(frozen=True, slots=True)
class _Live:
    child: Child
    nursery: trio.Nursery


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What runs are given: sockets, ways for their output, and where they live.

    With ``cgroups`` each lives in one of its own; with ``gates`` it is seen whether it
    is ready. ``notes`` tell a later daemon which process is whose.
    """

    outputs: Outputs
    sockets: Sockets
    cgroups: Cgroups | None = None
    gates: Gates | None = None
    notes: Notes | None = None


class Runs:
    """Starts, watches and signals programs; decides nothing about them.

    ``report`` takes each event, in order for one run: ``Spawned`` before ``Exited``
    before ``Emptied``; what it wrote until then is where it belongs, unless nothing
    takes it for 1 s. ``trouble`` takes what could not be done, in words.
    """

    def __init__(
        self,
        instance: str,
        report: Callable[[Event], Awaitable[None]],
        trouble: Callable[[str, str], None],
        kit: Kit,
    ) -> None:
        self._instance = instance
        self._report = report
        self._trouble = trouble
        self._kit = kit
        # Threads of their own: spawns that hang on a dead network disk must not keep
        # the state from being written.
        self._spawning = trio.CapacityLimiter(SPAWNS_AT_ONCE)
        self._lives: dict[tuple[str, int], _Live] = {}
        self._reports = 0
        self._reported = trio.Event()

    def begin(self, service: str, run: int, launch: Launch) -> spawn.Order | None:
        """Begin a start for which nothing has to be waited, to be given to ``live``.

        None: there is something, or something is wrong with it, as ``live`` will tell.
        """
        gated = self._kit.gates is not None and self._kit.gates.needed(launch)
        if gated or launch.sockets or self._spawning.available_tokens < 1:
            return None
        try:
            order = self._order(service, run, launch, ())
            order.begin(self._spawning)
        except Exception:  # noqa: BLE001 - ``live`` meets it again
            return None
        return order

    async def live(
        self,
        service: str,
        run: int,
        launch: Launch,
        order: spawn.Order | None = None,
    ) -> None:
        """Start a program and stay with it until nothing of it is left.

        ``order``: its start, if ``begin`` has begun it.
        """
        if order is not None:
            await self._live(service, run, Open(launch), order)
            return
        try:
            gate = await self._gate(service, run, launch)
        except (SpawnError, OutputError) as error:
            await self._fail(service, run, error)
            return
        with closing(gate):
            await self._live(service, run, gate, None)

    async def _gate(self, service: str, run: int, launch: Launch) -> Gate:
        if self._kit.gates is None:
            return Open(launch)
        return await self._kit.gates.prepare(service, run, launch)

    async def _live(
        self, service: str, run: int, gate: Gate, order: spawn.Order | None
    ) -> None:
        try:
            if order is None:
                sockets = await self._kit.sockets.lend(gate.launch.sockets)
                order = self._order(service, run, gate.launch, sockets)
            child = await order.child(self._spawning)
        except (SpawnError, OutputError) as error:
            await self._fail(service, run, error)
            return
        began = trio.current_time()
        self._note(service, run, child)
        async with self._kept(service, run, child, gate):
            await self._house(service, child)
            await self._watch(service, run, child, began=began)

    async def adopt(
        self,
        service: str,
        run: int,
        identity: Identity,
        launch: Launch,
        held: trio.Event,
    ) -> None:
        """Stay with a program that an earlier daemon started, as ``live`` does.

        ``launch`` tells where its output goes, and what it may still have to show;
        ``held`` is set once signals reach it.
        """
        with closing(await self._gate_again(service, run, launch)) as gate:
            handles = self._handles_again(service, launch)
            child = hold(identity, self._marks(service, run), handles.pipes)
            await self._stay(service, run, child, gate, held)

    async def _gate_again(self, service: str, run: int, launch: Launch) -> Gate:
        try:
            return await self._gate(service, run, launch)
        except (SpawnError, OutputError) as error:
            self._trouble(service, str(error))
            return Open(launch)

    def _handles_again(self, service: str, launch: Launch) -> Handles:
        try:
            return self._kit.outputs.open(
                service, launch.stdout, launch.stderr, launch.credentials
            )
        except OutputError as error:
            self._trouble(service, str(error))
            return Handles()

    async def _stay(
        self,
        service: str,
        run: int,
        child: Child | None,
        gate: Gate,
        held: trio.Event,
    ) -> None:
        if child is None:
            now = trio.current_time()
            end = Exit(at=now, problem=UNSEEN)
            await self._report(Exited(at=now, service=service, run=run, exit=end))
            return
        if self._kit.cgroups is not None:
            cgroup = self._kit.cgroups.of(service, child.identity)
            child.cgroup = cgroup if cgroup.populated else None
        began = trio.current_time() - age(child.identity)
        async with self._kept(service, run, child, gate):
            held.set()
            # Known now, they are known again when they have lost their parents.
            await members(child)
            await self._watch(service, run, child, began=began)

    @asynccontextmanager
    async def _kept(
        self, service: str, run: int, child: Child, gate: Gate
    ) -> AsyncIterator[None]:
        """Let signals reach a run for the block, after which nothing of it is left."""
        try:
            async with trio.open_nursery() as nursery:
                self._lives[service, run] = _Live(child, nursery)
                nursery.start_soon(gate.watch, child)
                yield
                nursery.cancel_scope.cancel()
        except Exception:
            # Without a watch it must not go on: it would be run twice.
            with trio.move_on_after(_KILL_SECS, shield=True):
                await send(child, SIGKILL)
            raise
        finally:
            self._lives.pop((service, run), None)
            if child.cgroup is not None:
                child.cgroup.remove()
            child.close()

    async def hand_over(self, seconds: float) -> None:
        """Take no status of a program any more, so that the next daemon can.

        Waits up to so many seconds until the ends that were seen are reported.
        """
        for live in self._lives.values():
            live.child.spare()
        with trio.move_on_after(seconds):
            while self._reports:
                await self._reported.wait()

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:
        """Signal a run's process or its whole tree; one that is gone is no trouble.

        What is seen of the tree at a glance is signalled at once, the rest by a task.
        """
        live = self._lives.get((service, run))
        if live is None:
            return
        try:
            if group:
                self._signal_tree(service, live, signo)
            else:
                # Its tree may fall apart with it: remember who belongs to it.
                glance(live.child)
                live.child.send(signo)
        except SignalError as error:
            self._trouble(service, str(error))
        except OSError as error:  # such as no descriptor left
            live.child.send(signo)
            self._trouble(service, f"cannot signal all of it: {error}")

    def _signal_tree(self, service: str, live: _Live, signo: int) -> None:
        volley = Volley(live.child, signo)
        if volley.begin():
            self._tell_spared(service, volley)
        else:
            live.nursery.start_soon(self._signal_rest, service, volley)

    async def _signal_rest(self, service: str, volley: Volley) -> None:
        try:
            await volley.finish()
        except OSError as error:
            self._trouble(service, f"cannot signal all of it: {error}")
        self._tell_spared(service, volley)

    def _tell_spared(self, service: str, volley: Volley) -> None:
        for words in volley.spared.values():
            self._trouble(service, words)

    async def _fail(
        self, service: str, run: int, error: SpawnError | OutputError
    ) -> None:
        now = trio.current_time()
        await self._report(
            SpawnFailed(at=now, service=service, run=run, problem=str(error))
        )

    async def lose(self, service: str, run: int) -> None:
        """Report a run as over of which nothing is known any more."""
        now = trio.current_time()
        end = Exit(at=now, problem="its watch failed; see the daemon's log")
        await self._report(Exited(at=now, service=service, run=run, exit=end))

    def _order(
        self, service: str, run: int, launch: Launch, sockets: tuple[int, ...]
    ) -> spawn.Order:
        """Raises OutputError."""
        handles = self._kit.outputs.open(
            service, launch.stdout, launch.stderr, launch.credentials
        )
        marks = self._marks(service, run)
        return spawn.Order(launch, marks, replace(handles, sockets=sockets))

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        self._reports += 1
        try:
            yield
        finally:
            self._reports -= 1
            self._reported.set()
            self._reported = trio.Event()

    def _marks(self, service: str, run: int) -> dict[str, str]:
        return {
            INSTANCE: self._instance,
            PROGRAM: service,
            RUN: str(run),
        }

    def _note(self, service: str, run: int, child: Child) -> None:
        if self._kit.notes is None:
            return
        try:
            self._kit.notes.put(service, run, child.identity)
        except OSError as error:
            self._trouble(
                service,
                f"cannot note its pid: {error}; should the daemon be killed within the"
                " next second, it may be stopped and started again",
            )

    async def _house(self, service: str, child: Child) -> None:
        """Move a program into a cgroup of its own, where that is possible."""
        if self._kit.cgroups is None:
            return
        cgroup = self._kit.cgroups.of(service, child.identity)
        try:
            await trio.to_thread.run_sync(child.live_in, cgroup)
        except OSError as error:
            self._trouble(
                service,
                f"cannot give it a cgroup of its own: {error}; who changes session and"
                " clears his environment may be overlooked when it is stopped",
            )

    async def _watch(
        self, service: str, run: int, child: Child, *, began: float
    ) -> None:
        await self._report(
            Spawned(
                at=trio.current_time(),
                service=service,
                run=run,
                pid=child.pid,
                started=child.started,
            )
        )
        status = await child.wait()
        now = trio.current_time()
        end = Exit(
            at=now,
            code=status.code,
            signal=status.signal,
            dumped=status.dumped,
            lasted=now - began,
        )
        with self._reporting():
            await self._kit.outputs.drain(service, _DRAIN_SECS)
            remaining = await left(child)
            await self._report(
                Exited(at=now, service=service, run=run, exit=end, left=len(remaining))
            )
        if remaining:
            await wait_gone(child)
            await self._kit.outputs.drain(service, _DRAIN_SECS)
            await self._report(
                Emptied(at=trio.current_time(), service=service, run=run)
            )
