"""A host in virtual time, on which each run lives exactly as long as its script says.

Performs what ``step`` decides as the daemon would: timers fire exactly when ``Wake``
says and not otherwise, signals end processes, and each step is checked against what
must hold always. Nothing here waits: a day passes in an instant.
"""

import heapq
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import tomli_w
from msgspec.structs import replace

from selfhealingd.core import assessment, effects, events, knocking, snapshot
from selfhealingd.core.adoption import Survivor, fresh, missed
from selfhealingd.core.breaker import By
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host
from selfhealingd.core.life import Life, label
from selfhealingd.core.policy import Flags, Kind, Policy, Program
from selfhealingd.core.report import Facts
from selfhealingd.core.step import step, wake_at
from selfhealingd.core.symptom import Symptom
from selfhealingd.wire import documents as doc

BEGAN = 1000.0
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROOT = By(0, 4711)
HUP, CONT = 1, 18


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How one run goes.

    ``lasts``: seconds until it ends by itself, with ``code`` or by ``signal``.
    ``problem``: it never begins. ``spawns``: seconds until it has. ``obeys``: seconds
    from the stop signal to its end, None if it ignores it. ``kills``: how many SIGKILLs
    it takes. ``ready``: seconds from its start until it gives the sign that is waited
    for, None if it never does. ``left``: members of its group that outlive it, until
    SIGTERM if ``left_obey``, otherwise until SIGKILL.
    """

    lasts: float = math.inf
    code: int | None = 1
    signal: int | None = None
    problem: str | None = None
    spawns: float = 0.0
    obeys: float | None = 0.0
    kills: int = 1
    ready: float | None = 0.0
    left: int = 0
    left_obey: bool = True


FOREVER = Run()


def crash(after: float, code: int = 1) -> Run:
    """A run that ends with a bad status."""
    return Run(lasts=after, code=code)


def names(number: int) -> list[str]:
    """So many names of programs."""
    return [f"p{n:02}" for n in range(number)]


class Process:
    """One run's process and its group."""

    def __init__(self, service: str, run: int, script: Run, pid: int) -> None:
        self.service, self.run, self.script, self.pid = service, run, script, pid
        self.began = 0.0
        self.alive = True
        self.left = 0
        self.kills = script.kills

    @property
    def gone(self) -> bool:
        """Nothing of it is left."""
        return not self.alive and self.left == 0


class Simulator:
    """Programs, their scripts, and the decisions about them."""

    def __init__(
        self,
        programs: Iterable[Program],
        scripts: Mapping[str, Iterable[Run]] | None = None,
        policy: Policy | None = None,
    ) -> None:
        declared = {p.name: p for p in programs}
        self.policy = replace(policy or Policy(), programs=declared)
        self.scripts = {n: iter(runs) for n, runs in (scripts or {}).items()}
        self.now = BEGAN
        self.told: list[tuple[float, effects.Announcement]] = []
        self.answers: list[effects.Answer] = []
        self.signals: list[tuple[float, effects.Signal]] = []
        self.spawned: list[tuple[float, str]] = []
        self.finished = False
        self.processes: dict[str, Process] = {}
        self.wakes: dict[str, float] = {}
        self.doors: dict[str, float] = {}
        self.observed: dict[str, int] = {}
        self.gathers: list[effects.Gather] = []
        self.gathers_in: float | None = 0.5
        self.commands: list[effects.Command] = []
        self._ahead: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._awake = True
        self.host = Host(
            services={p.name: fresh(p, now=BEGAN) for p in declared.values()}
        )

    # What a test says

    def begin(self) -> "Simulator":
        """Start the daemon."""
        self.feed(events.Began(at=self.now))
        return self

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while (when := self._next()) is not None and when <= end:
            self._advance(when)
        self.now = end

    def run_until(self, reached: Callable[[], object], within: float = 1e5) -> None:
        """Let time pass until something is true."""
        end = self.now + within
        while not reached():
            when = self._next()
            assert when is not None, "nothing is going to happen any more"
            assert when <= end, "it took too long"
            self._advance(when)

    def start(self, name: str) -> effects.Answer:
        return self._ask(events.StartAsked, service=name)

    def stop(self, name: str) -> effects.Answer:
        return self._ask(events.StopAsked, service=name)

    def restart(self, name: str) -> effects.Answer:
        return self._ask(events.RestartAsked, service=name)

    def signal(self, name: str, number: int) -> effects.Answer:
        return self._ask(events.SignalAsked, service=name, signal=number)

    def resume(self, reason: str) -> effects.Answer:
        return self._ask(events.ResumeAsked, reason=reason)

    def reset(
        self, breaker: str, *, force: bool = False, reason: str = "mended"
    ) -> effects.Answer:
        return self._ask(events.ResetAsked, breaker=breaker, force=force, reason=reason)

    def shut_down(self) -> effects.Answer:
        return self._ask(events.ShutdownAsked)

    def knock(self, name: str, *, opened: bool = True) -> None:
        """Let a client connect where the daemon waits for one."""
        self.run_for(max(0.0, self.doors.pop(name) - self.now))
        self.feed(events.Knocked(at=self.now, service=name, opened=opened))

    def appear(self, name: str) -> None:
        """Let a watch's process be there that others started."""
        run = self.host.services[name].run + 1
        p = Process(name, run, FOREVER, 5000 + run)
        p.began = self.now
        self.processes[name] = p
        self.feed(
            events.Appeared(at=self.now, service=name, run=run, pid=p.pid, started=7)
        )

    def withdraw(self, name: str) -> None:
        """Let others stop a watch, or be known to have done so."""
        p = self.processes.get(name)
        if p is not None:
            p.alive = False
        self.feed(
            events.Exited(
                at=self.now,
                service=name,
                run=self.host.services[name].run,
                exit=Exit(at=self.now, code=0),
                meant=True,
            )
        )

    def sicken(self, name: str, symptom: Symptom) -> None:
        """Let somebody see that something is wrong with the latest run."""
        self.feed(
            events.Sickened(
                at=self.now,
                service=name,
                run=self.host.services[name].run,
                symptom=replace(symptom, at=self.now),
            )
        )

    def recover(self, name: str, key: str) -> None:
        """Let somebody see that it isn't any more."""
        run = self.host.services[name].run
        self.feed(events.Recovered(at=self.now, service=name, run=run, key=key))

    def end_command(self, problem: str | None = None) -> None:
        """End the command that an attempt asked for."""
        command = self.commands.pop(0)
        self.feed(
            events.CommandEnded(
                at=self.now,
                service=command.service,
                incident=command.incident,
                attempt=command.attempt,
                problem=problem,
            )
        )

    def switch(self, *, auto_healing: bool = True, **others: bool) -> None:
        """Read the flag file."""
        flags = Flags(auto_healing=auto_healing, **others)
        self.feed(events.FlagsChanged(at=self.now, flags=flags))

    def reconfigure(self, *programs: Program) -> None:
        """Put another set of programs in force."""
        policy = replace(self.policy, programs={p.name: p for p in programs})
        self.feed(events.Reconfigured(at=self.now, policy=policy))
        self.policy = policy

    def come_back(
        self,
        away: float = 5.0,
        *,
        clean: bool = False,
        boot: bool = False,
        alone: bool = True,
    ) -> None:
        """End the daemon, ``alone`` or with all that ran, and start it again."""
        alone = alone and not (clean or boot)
        lasting = {n: p for n, p in self.processes.items() if alone and p.alive}
        before = snapshot.Anchor(self.now, self._utc())
        text = tomli_w.dumps(
            {
                "engine": snapshot.encode_engine(self.host, before),
                "service": {
                    name: snapshot.encode_service(s, before)
                    for name, s in self.host.services.items()
                },
            }
        )
        back = 30.0 if boot else self.now + away
        read = tomllib.loads(text)
        self.host = snapshot.decode(
            read["engine"],
            read["service"],
            self.policy,
            snapshot.Return(
                anchor=snapshot.Anchor(back - away, before.utc),
                now=back,
                same_boot=not boot,
                clean=clean,
                survivors={
                    name: Survivor(run=p.run, pid=p.pid, started=7, at=p.began)
                    for name, p in lasting.items()
                },
            ),
        )
        self.now, self.finished, self.wakes, self.doors = back, False, {}, {}
        self.observed = {}
        self.processes = lasting
        if not alone:
            self._ahead = []
        self._awake = False
        for event in missed(self.host, lasting, {}, now=self.now):
            self.feed(event)
        self._awake = True
        self.begin()

    # What a test looks at

    def life(self, name: str) -> Life:
        return self.host.services[name].life

    def state(self, name: str) -> str:
        return label(self.life(name))

    def states(self) -> dict[str, str]:
        return {name: self.state(name) for name in self.host.services}

    def starts(self, name: str) -> list[float]:
        """When it was spawned, in seconds since the beginning."""
        return [at - BEGAN for at, service in self.spawned if service == name]

    def heard(self, kind: type[Any]) -> list[Any]:
        """All announcements of one kind."""
        return [said for _, said in self.told if isinstance(said, kind)]

    def path(self, name: str) -> list[str]:
        """The states that a program went through."""
        moves = [t for t in self.heard(effects.Transition) if t.service == name]
        return [t.after for t in moves]

    def facts(self) -> Facts:
        """What the host doesn't know of itself."""
        return Facts(
            now=self.now,
            anchor=snapshot.Anchor(self.now, self._utc()),
            flags=doc.FlagsDocument(file="flags.env", values={}),
            version="0",
            pid=1,
            uptime=self.now - BEGAN,
        )

    def status(self) -> doc.Status:
        """The status document."""
        return assessment.assess(self.policy, self.host, self.facts())

    # How the host goes about it

    def feed(self, event: events.Event) -> None:
        """Let something happen, and do what follows from it."""
        self.host, todo = step(self.policy, self.host, event)
        if isinstance(event, events.Reconfigured):
            self.policy = event.policy
        for effect in todo:
            self._perform(effect)
        for name in self.host.services:
            when = wake_at(self.policy, self.host, name)
            assert self.wakes.get(name) == when or not self._awake
        if self._awake:
            assert self.doors == knocking.watched(self.policy, self.host)

    def _perform(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Spawn():
                self._spawn(effect)
            case effects.Signal():
                self._send(effect)
            case effects.Finish():
                kinds = {name: p.kind for name, p in self.policy.programs.items()}
                assert all(
                    p.gone or kinds.get(name) is Kind.WATCH
                    for name, p in self.processes.items()
                )
                self.finished = True
            case effects.Answer():
                self.answers.append(effect)
            case effects.Gather():
                self.gathers.append(effect)
                if self.gathers_in is not None:
                    self._later(self.gathers_in, lambda: self._gathered(effect))
            case effects.Command():
                self.commands.append(effect)
            case effects.Wake() | effects.Listen() | effects.Observe():
                self._look(effect)
            case _:
                self.told.append((self.now, effect))

    def _look(self, effect: effects.Wake | effects.Listen | effects.Observe) -> None:
        match effect:
            case effects.Wake(service=name, at=None):
                self.wakes.pop(name, None)
            case effects.Wake(service=name, at=float(at)):
                self.wakes[name] = at
            case effects.Listen(service=name, at=None):
                self.doors.pop(name, None)
            case effects.Listen(service=name, at=float(at)):
                self.doors[name] = at
            case effects.Observe(service=name, pid=None):
                self.observed.pop(name, None)  # what ended while nobody looked, too
            case effects.Observe(service=name, run=run, pid=int(pid)):
                p = self.processes[name]
                assert (p.run, p.pid) == (run, pid)
                self.observed[name] = run
            case _:
                raise AssertionError(effect)

    def _ask(self, kind: type[Any], **values: object) -> effects.Answer:
        self._number += 1
        request = self._number
        self.feed(kind(at=self.now, by=ROOT, request=request, **values))
        (answer,) = [a for a in self.answers if a.request == request]
        return answer

    def _spawn(self, spawn: effects.Spawn) -> None:
        name, run = spawn.service, spawn.run
        earlier = self.processes.get(name)
        assert earlier is None or earlier.gone, "two live runs of one service"
        self.spawned.append((self.now, name))
        script = next(self.scripts.get(name, iter(())), FOREVER)
        process = Process(name, run, script, 1000 + len(self.spawned))
        self.processes[name] = process
        self._later(script.spawns, lambda: self._begun(process))

    def _begun(self, p: Process) -> None:
        about: dict[str, Any] = {"at": self.now, "service": p.service, "run": p.run}
        if p.script.problem is not None:
            p.alive = False
            self.feed(events.SpawnFailed(**about, problem=p.script.problem))
            return
        p.began = self.now
        if p.script.lasts < math.inf:
            self._later(p.script.lasts, lambda: self._end(p))
        if self.policy.programs[p.service].readiness and p.script.ready is not None:
            self._later(p.script.ready, lambda: self._get_ready(p))
        self.feed(events.Spawned(**about, pid=p.pid, started=7))

    def _gathered(self, gather: effects.Gather) -> None:
        self.feed(
            events.Gathered(
                at=self.now, service=gather.service, incident=gather.incident
            )
        )

    def _get_ready(self, p: Process) -> None:
        if p.alive:
            self.feed(events.Ready(at=self.now, service=p.service, run=p.run))

    def _end(self, p: Process, signal: int | None = None) -> None:
        if not p.alive:
            return
        p.alive, p.left = False, p.script.left
        signal = signal or p.script.signal
        code = p.script.code if signal is None else None
        lasted = self.now - p.began
        end = Exit(at=self.now, code=code, signal=signal, lasted=lasted)
        self.feed(
            events.Exited(
                at=self.now, service=p.service, run=p.run, exit=end, left=p.left
            )
        )

    def _send(self, signal: effects.Signal) -> None:
        if signal.signal != CONT:
            self.signals.append((self.now, signal))
        p = self.processes[signal.service]
        assert p.run == signal.run
        if p.alive and signal.signal == 9:
            p.kills -= 1
            if p.kills <= 0:
                self._later(0.0, lambda: self._end(p, 9))
        elif p.alive and signal.signal in {HUP, CONT}:
            pass  # it reads its config again, or was awake anyway
        elif p.alive and p.script.obeys is not None:
            self._later(p.script.obeys, lambda: self._end(p, signal.signal))
        elif p.left and signal.group and (p.script.left_obey or signal.signal == 9):
            self._later(0.0, lambda: self._empty(p))

    def _empty(self, p: Process) -> None:
        if p.left:
            p.left = 0
            self.feed(events.Emptied(at=self.now, service=p.service, run=p.run))

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._ahead, (self.now + seconds, self._number, do))

    def _next(self) -> float | None:
        times = [self._ahead[0][0]] if self._ahead else []
        return min([*times, *self.wakes.values()], default=None)

    def _advance(self, when: float) -> None:
        self.now = max(self.now, when)
        if self._ahead and self._ahead[0][0] <= when:
            heapq.heappop(self._ahead)[2]()
            return
        name = min(self.wakes, key=self.wakes.__getitem__)
        del self.wakes[name]
        self.feed(events.Due(at=self.now, service=name))

    def _utc(self) -> datetime:
        return NOON + timedelta(seconds=self.now - BEGAN)
