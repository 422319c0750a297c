"""A drill: a service is made to fail, and what comes of it is told as it comes.

It ends with its deadline, with its client, and with the daemon: what was stopped goes
on then, what was pretended is gone, and what was killed is the engine's to heal.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.core.breaker import By, Closed, breaker_name
from selfhealingd.core.drill import (
    EVIDENCE_SECS,
    SIGCONT,
    Drill,
    healed,
    held,
    only_told,
    ours,
    stages,
    summary,
)
from selfhealingd.core.events import Acted, ResetAsked, SignalAsked
from selfhealingd.core.host import Service
from selfhealingd.core.leak import RISE, Leak, noticing
from selfhealingd.core.life import Held, Running, pid_of
from selfhealingd.core.sample import NO_SAMPLE
from selfhealingd.store.errors import StoreError
from selfhealingd.system import System
from selfhealingd.wire.evidence import EvidenceDocument
from selfhealingd.wire.operation import Outcome

HOOKS_SECS = 10.0
UNDO_SECS = 10.0
LOOK_SECS = 0.2
"""How often it is looked whether evidence is there, of which no event tells."""

log = logs.get("SelfHealing")


class Exercise:
    """One drill of one service. ``tell`` takes each stage with its words."""

    def __init__(
        self,
        system: System,
        drill: Drill,
        name: str,
        by: By,
        tell: Callable[[str, str], None],
    ) -> None:
        self._system = system
        self._drill = drill
        self._name = name
        self._by = by
        self._tell = tell
        self._reason = f"drill {drill.value}"
        self._began = 0.0
        self._run = 0
        self._hit = 0
        self._told: set[str] = set()
        self._evidence: float | None = None
        self._released = False

    async def run(self, seconds: float, scope: trio.CancelScope) -> Outcome:
        """Carry it out in so many seconds at most, and say how it went.

        Who cancels ``scope`` aborts it.
        """
        outcome = Outcome(name=self._name, ok=False)
        problem = f"aborted after {seconds:.0f} s"
        try:
            with scope, trio.move_on_after(seconds):
                problem = await self._carry_out()
            if scope.cancelled_caught:
                problem = "aborted: nobody waits for it any more"
        finally:
            with trio.move_on_after(UNDO_SECS, shield=True):
                undone = await self._undo()
                outcome = self._outcome(problem, undone)
                await self._record(outcome.words)
        return outcome

    async def _carry_out(self) -> str:
        """Return what went wrong, or nothing."""
        s = self._service()
        if s is None:
            return "it is gone"
        self._began, self._run = trio.current_time(), s.run
        refused = await self._hurt(s)
        if refused is not None:
            return refused
        while True:
            moved = self._system.loop.moved
            s = self._service()
            if s is None:
                return "it is gone from the config"
            if self._system.loop.host.shutting_down:
                return "aborted: the daemon is shutting down"
            await self._look(s)
            if self._drill is Drill.LEAK:
                if s.run != self._run and ours(s, self._began) is None:
                    return "its run ended before anything was noticed"
                self._release(s)
            ended = healed(s, self._began, released=self._released)
            if ended is not None:
                await self._hooks()
                await self._wait_for_evidence(s)
                return "" if ended else "not healed"
            if self._drill is Drill.CRASHLOOP:
                await self._go_on(s)
            seen = ours(s, self._began) is None or self._evidence is not None
            with trio.move_on_after(math.inf if seen else LOOK_SECS):
                await moved.wait()

    def _service(self) -> Service | None:
        return self._system.loop.host.services.get(self._name)

    async def _hurt(self, s: Service) -> str | None:
        """Do it to the run that is up; return why that can't be done."""
        if self._drill is Drill.LEAK:
            return self._leak(s)
        self._hit = s.run
        signo = self._drill.signal
        [answer] = await self._system.loop.ask(
            lambda number: SignalAsked(
                at=trio.current_time(),
                request=number,
                by=self._by,
                reason=self._reason,
                service=self._name,
                signal=signo,
            )
        )
        if not answer.done:
            return answer.words
        self._tell("injected", answer.words)
        return None

    def _leak(self, s: Service) -> str | None:
        """Pretend it, at the measurement; nothing is done to the service."""
        sampler = self._system.sampler
        program = self._system.loop.policy.programs[s.name]
        rules = noticing(self._system.config.rules.get(s.name, ()))
        rise = RISE * sampler.interval
        leak = Leak(rules=rules, began=self._began, rise=rise)
        if not rules or not sampler.pretend(s.name, s.run, leak):
            return "it is not measured any more"
        self._hit = s.run
        words = (
            "a leak is pretended at the measurement, and nothing allocated: from the"
            f" next sweep on, rules see its memory grow for {rise:g} s, to just beyond"
        )
        lowest = leak.lowest(sampler.latest(s.name) or NO_SAMPLE)
        words += f" {lowest}" if lowest is not None else " the lowest of its rules"
        if lowest is not None and only_told(program, lowest):
            words += "; its remedy is hold: it will be told, and nothing done"
        self._tell("injected", words)
        return None

    def _release(self, s: Service) -> None:
        """Take back what is left to a person, so that the incident passes."""
        found = ours(s, self._began)
        if self._released or found is None or not held(s, self._began):
            return
        late = trio.current_time() - found.opened > EVIDENCE_SECS
        if self._evidence is not None or late:
            self._released = True
            self._system.sampler.unpretend(self._name)
            words = f"{Held.LADDER.value}: nothing is done, and what was pretended is"
            self._tell("held", f"{words} gone after {self._after():.2f} s")

    async def _go_on(self, s: Service) -> None:
        """Let it crash again, until its breaker opens; then let it be healed."""
        if not isinstance(s.breaker.state, Closed):
            words = f"{breaker_name(s.name, s.kind)} is {s.breaker.label}"
            self._tell("breaker", f"{words} after {self._after():.2f} s")
            await self._reset(s)
            self._hit = 1 << 62
        elif isinstance(s.life, Running) and s.run > self._hit:
            await self._hurt(s)

    async def _reset(self, s: Service) -> None:
        await self._system.loop.ask(
            lambda number: ResetAsked(
                at=trio.current_time(),
                request=number,
                by=self._by,
                reason=self._reason,
                breaker=breaker_name(s.name, s.kind),
                force=s.breaker.permanent,
            )
        )

    async def _look(self, s: Service) -> None:
        found = ours(s, self._began)
        if found is not None and self._evidence is None:
            self._evidence = await self._kept(found.id)
        for stage, words in stages(s, self._run, self._began, self._evidence):
            if stage not in self._told:
                self._told.add(stage)
                self._tell(stage.partition(" ")[0], words)

    async def _wait_for_evidence(self, s: Service) -> None:
        """See what is kept of something that was healed faster than that."""
        with trio.move_on_after(EVIDENCE_SECS):
            while self._evidence is None:
                await trio.sleep(LOOK_SECS)
                await self._look(s)

    async def _kept(self, incident: str) -> float | None:
        """When the evidence was complete, if it is."""
        read = partial(self._system.evidence.read, incident)
        with suppress(StoreError, msgspec.DecodeError, ValueError):
            data = await trio.to_thread.run_sync(read, abandon_on_cancel=True)
            if data is not None:
                found = msgspec.json.decode(data, type=EvidenceDocument)
                taken = datetime.fromisoformat(found.taken)
                return self._system.loop.anchor.to_at(taken) + found.seconds
        return None

    async def _hooks(self) -> None:
        """Wait until who is to be told of this was, and tell who was."""
        await self._system.loop.pulse()
        since = self._system.loop.anchor.rfc3339(self._began)
        events = [
            one
            for one in self._system.feed.last(500)
            if one.service == self._name and one.at >= since
        ]
        hooks = [
            name
            for name, hook in self._system.config.hooks.items()
            if any(
                hook.wants(kind=one.kind, level=one.level, service=one.service)
                for one in events
            )
        ]
        if not hooks:
            self._tell("hooks", "none is told of this")
            return
        with trio.move_on_after(HOOKS_SECS) as late:
            await self._system.hooks.drained()
        failing = [one for one in hooks if f"hook {one}" in self._system.problems]
        words = f"{', '.join(hooks)} told after {self._after():.2f} s"
        if late.cancelled_caught:
            words = f"{', '.join(hooks)}: not all was told within {HOOKS_SECS:g} s"
        if failing:
            words += f"; failing: {', '.join(failing)}"
        self._tell("hooks", words)

    async def _undo(self) -> str | None:
        """Take back what is left of it; return what that was."""
        s = self._service()
        if s is None or self._hit == 0:
            return None
        if self._drill is Drill.HANG and s.run == self._run and pid_of(s.life):
            await self._continue()
            return "it goes on (SIGCONT)"
        if self._drill is Drill.LEAK and self._system.sampler.unpretend(self._name):
            return "what was pretended is gone"
        if self._drill is Drill.CRASHLOOP and s.breaker.failures:
            await self._reset(s)
            return "its breaker was reset"
        return None

    async def _continue(self) -> None:
        await self._system.loop.ask(
            lambda number: SignalAsked(
                at=trio.current_time(),
                request=number,
                by=self._by,
                reason=self._reason,
                service=self._name,
                signal=SIGCONT,
            )
        )

    def _outcome(self, problem: str, undone: str | None) -> Outcome:
        s = self._service()
        words = "it is gone" if s is None else summary(s, self._began)
        if not self._hit:
            words = ""
        parts = (problem, words, undone)
        return Outcome(
            name=self._name,
            ok=not problem,
            words="; ".join(part for part in parts if part),
            hint=f"selfhealctl show {self._name}" if problem and self._hit else None,
        )

    async def _record(self, words: str) -> None:
        await self._system.loop.ask(
            lambda number: Acted(
                at=trio.current_time(),
                request=number,
                by=self._by,
                reason=words,
                action=f"{self._reason} ended",
                target=self._name,
            )
        )

    def _after(self) -> float:
        return trio.current_time() - self._began
