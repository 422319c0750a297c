"""The same past under another policy: what was given comes at its time again.

Timers fire when this policy asks for them. A run that this policy starts lives as the
recorded run did whose start was nearest in time, and answers to a stop as that did.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from msgspec.structs import replace

from selfhealingd.core import events, record
from selfhealingd.core.adoption import awaits_process, fresh
from selfhealingd.core.effects import (
    Announcement,
    Command,
    Effect,
    Finish,
    Gather,
    Listen,
    Signal,
    Spawn,
    Wake,
)
from selfhealingd.core.events import Event
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host
from selfhealingd.core.incident import Cause
from selfhealingd.core.life import Stopping
from selfhealingd.core.policy import Policy
from selfhealingd.core.remedy import Ladder
from selfhealingd.core.replay.account import Account
from selfhealingd.core.replay.past import SIGKILL, Life, Past
from selfhealingd.core.replay.story import Story
from selfhealingd.core.step import step
from selfhealingd.core.symptom import Symptom

SPAWN_SECS = 0.01
END_SECS = 0.05
GATHER_SECS = 0.1
COMMAND_SECS = 1.0
"""How long things take that were never seen to happen."""

MOST_EVENTS = 2_000_000
"""No settings make an honest replay longer than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What another config would have been.

    ``ladders``: by service and key, what to try for the symptoms that it knows.
    """

    policy: Policy
    ladders: Mapping[str, Mapping[str, Ladder]]

    def symptom(self, service: str, told: Symptom) -> Symptom | None:
        """What was observed, as these settings would have it; None: not at all."""
        if told.cause not in {Cause.PROBE, Cause.HEARTBEAT, Cause.RULE}:
            return told
        ladder = self.ladders.get(service, {}).get(told.key)
        return None if ladder is None else replace(told, ladder=ladder)


class Guesses:
    """What had to be assumed, as no record tells.

    ``starts`` of services, and ``commands``, that were never seen; ``unobserved``: by
    service and key, what was observed and isn't under the other settings.
    """

    def __init__(self) -> None:
        self.starts: set[str] = set()
        self.commands: set[tuple[str, str]] = set()
        self.unobserved: set[tuple[str, str]] = set()


class Otherwise:
    """Decides each past anew by ``settings``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.account = Account()
        self.story = Story()
        self.guesses = Guesses()

    def live(self, past: Past) -> None:
        """Go through one life of the daemon."""
        host = self._beginning(past)
        self.account.begin(host, at=past.at)
        _World(past, self.settings, host, self.guesses, self._tell).run()
        self.account.end(at=past.until)

    def _beginning(self, past: Past) -> Host:
        if past.began:
            return past.host  # and a reload to begin with
        known = past.host.services
        services = {
            name: known[name]
            if name in known and known[name].kind is program.kind
            else fresh(program, now=past.at)
            for name, program in self.settings.policy.programs.items()
        }
        return replace(past.host, services=services)

    def _tell(
        self, past: Past, host: Host, effects: tuple[Effect, ...], at: float
    ) -> None:
        self.account.take(host, effects, at=at)
        for one in effects:
            if isinstance(one, Announcement):
                document = record.document(one, now=at, seq=0, anchor=past.anchor)
                self.story.add(one, document)


class _Running:
    """A run in this world, and the recorded one that it lives as.

    ``turn``: what was planned for it before counts no more. ``ended``: its process has;
    ``rest``: what becomes of what that leaves.
    """

    def __init__(self, run: int, life: Life | None) -> None:
        self.run = run
        self.life = life
        self.rest = None if life is None else life.rest
        self.turn = 0
        self.ended = False


_Place: TypeAlias = tuple[float, int, int]
_Ticket: TypeAlias = tuple[_Running, int]


class _World:
    """Performs deeds as the past lets it."""

    def __init__(
        self,
        past: Past,
        settings: Settings,
        host: Host,
        guesses: Guesses,
        tell: Callable[[Past, Host, tuple[Effect, ...], float], None],
    ) -> None:
        self._past = past
        self._settings = settings
        self._policy = past.policy if past.began else settings.policy
        self._host = host
        self._guesses = guesses
        self._tell = tell
        self._order = count()
        self._queue: list[tuple[_Place, Event, _Ticket | None]] = []
        self._timers: dict[str, float | None] = {}
        self._doors: dict[str, float | None] = {}
        self._runs: dict[str, _Running] = {}
        self._over = False

    def run(self) -> None:
        """Go on until there are no more records."""
        past = self._past
        if past.began:
            self._put(events.Reconfigured(at=past.at, policy=self._settings.policy))
        for name, s in self._host.services.items():
            life = past.current(name, s.run)
            if life is not None:
                self._runs[name] = running = _Running(s.run, life)
                self._follow(name, running, life.at)
        for one in (*past.given, *past.owed):
            self._put(one)
        for _ in range(MOST_EVENTS):
            if self._over or not self._queue or self._queue[0][0][0] > past.until:
                break
            _, event, ticket = heapq.heappop(self._queue)
            if self._happens(event, ticket):
                self._step(event)

    def _step(self, event: Event) -> None:
        self._host, effects = step(self._policy, self._host, event)
        if isinstance(event, events.Reconfigured):
            self._policy = event.policy
        for effect in effects:
            self._perform(effect, event.at)
        self._tell(self._past, self._host, effects, event.at)

    def _happens(self, event: Event, ticket: _Ticket | None) -> bool:
        """Whether it does, in this world."""
        if ticket is not None:
            running, turn = ticket
            if running.turn != turn:
                return False
            running.ended = running.ended or isinstance(event, events.Exited)
            return True
        match event:
            case events.Due(service=name):
                return self._take(self._timers, name, event.at)
            case events.Knocked(service=name):
                return self._take(self._doors, name, event.at)
            case events.Appeared():
                self._appear(event)
                return False
            case _:
                return True

    @staticmethod
    def _take(asked: dict[str, float | None], name: str, at: float) -> bool:
        """Whether that was asked for by now; once."""
        when = asked.get(name)
        if when is None or when > at:
            return False
        asked[name] = None
        return True

    def _appear(self, event: events.Appeared) -> None:
        """Somebody else started a watch: it lives as it did then."""
        s = self._host.services.get(event.service)
        if s is None:
            return
        known = self._past.lives.get(event.service, ())
        life = next((one for one in known if one.at == event.at), None)
        run = s.run if awaits_process(s.life) else s.run + 1
        self._runs[event.service] = running = _Running(run, life)
        self._step(replace(event, run=run))
        self._follow(event.service, running, event.at)

    def _perform(self, effect: Effect, at: float) -> None:
        match effect:
            case Spawn(service=name, run=run):
                self._spawn(name, run, at, look=effect.look)
            case Signal(service=name, run=run, signal=signo):
                self._signal(name, run, signo, at)
            case Wake(service=name, at=when):
                self._timers[name] = when
                if when is not None:
                    fires, place = self._past.fires(name, max(when, at))
                    self._put(events.Due(at=fires, service=name), place=place)
            case Listen(service=name, at=when):
                self._doors[name] = when
            case Gather(service=name, incident=incident):
                took = self._past.gathered(name, at)
                until = at + (took.after if took else GATHER_SECS)
                self._put(events.Gathered(at=until, service=name, incident=incident))
            case Command():
                self._command(effect, at)
            case Finish():
                self._over = True
            case _:
                pass

    def _spawn(self, name: str, run: int, at: float, *, look: bool) -> None:
        life = self._past.life(name, at)
        self._runs[name] = running = _Running(run, life)
        if life is not None:
            self._follow(name, running, at)
        elif not look:
            self._guesses.starts.add(name)
            self._begin_unseen(name, running, at)

    def _begin_unseen(self, name: str, running: _Running, at: float) -> None:
        """Let a run come up at once and stay, as none was ever seen to start."""
        at += SPAWN_SECS
        ticket = (running, running.turn)
        self._put(events.Spawned(at=at, service=name, run=running.run, pid=1), ticket)
        if self._policy.programs[name].readiness is not None:
            self._put(events.Ready(at=at, service=name, run=running.run), ticket)

    def _follow(self, name: str, running: _Running, at: float) -> None:
        """Plan for a run what the recorded one went through, until it was told to end.

        ``at``: when this one began.
        """
        life = running.life
        if life is None:
            return
        ticket = (running, running.turn)
        waits = running.rest is not None and running.rest.told
        for told in life.news[: life.told]:
            if waits and isinstance(told, events.Emptied):
                continue
            shifted = _shifted(told, running.run, at - life.at)
            if isinstance(shifted, events.Sickened):
                symptom = self._settings.symptom(name, shifted.symptom)
                if symptom is None:
                    self._guesses.unobserved.add((name, shifted.symptom.key))
                    continue
                shifted = replace(shifted, symptom=symptom)
            self._put(shifted, ticket)

    def _signal(self, name: str, run: int, signo: int, at: float) -> None:
        s, running = self._host.services.get(name), self._runs.get(name)
        ends = s is None or isinstance(s.life, Stopping)
        if running is None or running.run != run or not ends:
            return
        if running.ended:
            self._end_rest(name, running, signo, at)
            return
        if running.life is not None and running.life.lingers(at):
            return
        answer = self._past.answer(name, at, running.life)
        if answer is not None and answer.stubborn and signo != SIGKILL:
            return
        running.turn += 1
        ticket = (running, running.turn)
        if answer is None:
            end = Exit(at=at + END_SECS, signal=signo)
            over = events.Exited(at=end.at, service=name, run=run, exit=end)
            self._put(over, ticket)
            return
        over = _ended(answer.end, run, at + answer.after - answer.end.at)
        self._put(over, ticket)
        running.rest = answer.rest
        if answer.rest is not None and not answer.rest.told:
            after = answer.rest.after
            gone = events.Emptied(at=over.at + after, service=name, run=run)
            self._put(gone, ticket)

    def _end_rest(self, name: str, running: _Running, signo: int, at: float) -> None:
        rest = running.rest
        if rest is None or not rest.told or (rest.stubborn and signo != SIGKILL):
            return
        running.rest = None
        gone = events.Emptied(at=at + rest.after, service=name, run=running.run)
        self._put(gone, (running, running.turn))

    def _command(self, command: Command, at: float) -> None:
        took = self._past.command(command.service, command.runbook, at)
        if took is None:
            self._guesses.commands.add((command.service, command.runbook or "reload"))
        self._put(
            events.CommandEnded(
                at=at + (took.after if took else COMMAND_SECS),
                service=command.service,
                incident=command.incident,
                attempt=command.attempt,
                problem=took.problem if took else None,
            )
        )

    def _put(
        self, event: Event, ticket: _Ticket | None = None, *, place: int = 0
    ) -> None:
        key = (event.at, place, next(self._order))
        heapq.heappush(self._queue, (key, event, ticket))


def _shifted(told: events.News, run: int, by: float) -> events.News:
    """The same news of another run, so much later."""
    at = told.at + by
    match told:
        case events.Exited():
            return _ended(told, run, by)
        case events.Sickened(symptom=symptom):
            moved = replace(symptom, at=symptom.at + by)
            return replace(told, run=run, at=at, symptom=moved)
        case _:
            return replace(told, run=run, at=at)


def _ended(told: events.Exited, run: int, by: float) -> events.Exited:
    end = replace(told.exit, at=told.exit.at + by)
    return replace(told, run=run, at=told.at + by, exit=end)
