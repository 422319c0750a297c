"""The records decided again, one by one, to see that the same comes of them.

A difference is a defect of ours, unless another version wrote the records. What was
given and how runs lived is kept, so that another policy can be asked about it.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from selfhealingd.core import record
from selfhealingd.core.adoption import awaits_process
from selfhealingd.core.effects import (
    Announcement,
    Command,
    Effect,
    Gather,
    Signal,
    Spawn,
)
from selfhealingd.core.events import (
    Advised,
    Appeared,
    Asked,
    Began,
    CommandEnded,
    Due,
    Event,
    FlagsChanged,
    Gathered,
    Knocked,
    News,
    Noticed,
    Reconfigured,
    Spawned,
    Undertaken,
)
from selfhealingd.core.host import Host
from selfhealingd.core.life import Stopping, alive
from selfhealingd.core.policy import Policy
from selfhealingd.core.record import Input, Opening
from selfhealingd.core.replay.account import Account
from selfhealingd.core.replay.past import Given, Life, Past, Took
from selfhealingd.core.replay.story import Story
from selfhealingd.core.step import step
from selfhealingd.wire.replay import MismatchDocument

Record: TypeAlias = Mapping[str, Any]

SHOWN = 10


class Retelling:
    """Takes in records in their order, from an opening on; counts from ``since``.

    ``pasts``: each daemon's life, as far as it was counted. ``records``: when the
    first record was made. ``unread``: records that this version can't read, or for
    which there is no opening; ``versions``: whose they are.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self.account = Account()
        self.story = Story()
        self.pasts: list[Past] = []
        self.versions: dict[str, None] = {}
        self.events = 0
        self.unread = 0
        self.mismatches = 0
        self.shown: list[MismatchDocument] = []
        self.since: datetime | None = None
        self.until: datetime | None = None
        self._wanted = since
        self._opening: Opening | None = None
        self._policy, self._host = Policy(), Host()
        self._seq = 0
        self._expected: deque[Record] = deque()
        self._checks: list[Opening] = []
        self._begun: dict[_Key, Took] = {}
        self._past: Past | None = None
        self._last = 0.0

    def take(self, line: Record) -> None:
        """Take in one record."""
        try:
            match line.get("kind"):
                case record.OPENING:
                    self._open(msgspec.convert(line, Opening))
                case record.INPUT:
                    self._decide(msgspec.convert(line, Input))
                case _:
                    self._compare(line)
        except msgspec.ValidationError:
            # Without it, all that follows would be decided on a wrong ground.
            self.unread += 1
            self.close()

    def close(self, until: datetime | None = None) -> None:
        """There is no more of this life; it went on until then, or to its last record.

        What was recorded before another life began may have been cut off by a crash.
        """
        if until is not None:
            self._reach(until)
        past = self._past
        if past is not None:
            past.until = max(self._last, past.at)
            if until is not None:
                past.until = max(past.until, past.anchor.to_at(until))
                self.until = past.anchor.to_utc(past.until)
            self.account.end(at=past.until)
        self._past, self._opening = None, None
        self._expected.clear()
        self._checks.clear()
        self._begun.clear()

    def _open(self, opening: Opening) -> None:
        known = self._opening
        if known is not None and _same_life(known, opening):
            if opening.seq >= known.seq:
                self._checks.append(opening)  # a new file; nothing happened
                return
            if self._seq > known.seq:
                return  # behind us
            # What a file begins with is taken as it is written, and decisions may have
            # been made since the daemon's first record: with that one, none is missed.
            self._retract()
        self.close()
        self._opening = opening
        self.versions[opening.version] = None
        self._policy, self._host = opening.policy, opening.host
        self._seq = opening.seq
        at = opening.anchor.to_at(datetime.fromisoformat(opening.at))
        self._last = at
        if self._counts(at):
            self._count_from(at, began=opening.seq > 0)

    def _retract(self) -> None:
        """Count nothing from where nothing was decided yet."""
        if self._past is not None:
            self.pasts.remove(self._past)
            self.since = None if not self.pasts else self.since
            self._past = None

    def _decide(self, given: Input) -> None:
        opening, event = self._opening, given.event
        if opening is None:
            self.unread += 1
            return
        if given.seq <= self._seq:
            return  # the opening has it already
        self._miss(len(self._expected))
        self._check_rotation(given.seq)
        self._reach(opening.anchor.to_utc(event.at))
        before = self._host
        self._host, effects = step(self._policy, before, event)
        self._seq, self._last = given.seq, event.at
        if isinstance(event, Reconfigured):
            self._policy = event.policy
        told = [one for one in effects if isinstance(one, Announcement)]
        documents = [
            record.document(one, now=event.at, seq=given.seq, anchor=opening.anchor)
            for one in told
        ]
        self._expected.extend(map(_plain, documents))
        self._note(event, before, effects)
        if self._past is None:
            return
        self.events += 1
        self.until = opening.anchor.to_utc(event.at)
        self.account.take(self._host, effects, at=event.at)
        for one, document in zip(told, documents, strict=True):
            self.story.add(one, document)

    def _compare(self, line: Record) -> None:
        if self._opening is None or line.get("seq", 0) < self._seq:
            return
        if line.get("seq") == self._opening.seq:
            return  # of a decision before the opening
        if self._expected and self._expected[0] == line:
            self._expected.popleft()
            return
        decided = self._expected.popleft() if self._expected else None
        self._mismatch(line, decided)

    def _miss(self, number: int) -> None:
        for _ in range(number):
            self._mismatch(None, self._expected.popleft())

    def _mismatch(self, line: Record | None, decided: Record | None) -> None:
        if self._past is None:
            return
        self.mismatches += 1
        if len(self.shown) < SHOWN:
            self.shown.append(
                MismatchDocument(
                    at=str((line or decided or {}).get("at")),
                    recorded=_words(line),
                    decided=_words(decided),
                )
            )

    def _check_rotation(self, seq: int) -> None:
        """See whether we are where a new file says that the daemon was."""
        for opening in [one for one in self._checks if one.seq < seq]:
            self._checks.remove(opening)
            if (opening.host, opening.policy) != (self._host, self._policy):
                self._host, self._policy = opening.host, opening.policy
                line = {"at": opening.at, "words": "the state at the start of a file"}
                self._mismatch(line, {"words": "another state"})

    def _reach(self, when: datetime) -> None:
        """Begin to count where that is what was asked for, and not to be past it."""
        opening, wanted = self._opening, self._wanted
        if opening is None or self._past is not None:
            return
        if wanted is None or when >= wanted:
            wanted_at = self._last if wanted is None else opening.anchor.to_at(wanted)
            self._count_from(max(self._last, wanted_at), began=True)

    def _counts(self, at: float) -> bool:
        assert self._opening is not None  # noqa: S101 - only within a life
        return self._wanted is None or self._opening.anchor.to_utc(at) >= self._wanted

    def _count_from(self, at: float, *, began: bool) -> None:
        assert self._opening is not None  # noqa: S101 - only within a life
        anchor = self._opening.anchor
        self.since = self.since or anchor.to_utc(at)
        self.until = anchor.to_utc(at)
        self._past = Past(
            anchor=anchor,
            at=at,
            host=self._host,
            policy=self._policy,
            began=began,
            until=at,
            lives={
                s.name: [Life(run=s.run, at=at, whole=False)]
                for s in self._host.services.values()
                if alive(s.life)
            },
        )
        self.pasts.append(self._past)
        self.account.begin(self._host, at=at)

    def _note(self, event: Event, before: Host, effects: tuple[Effect, ...]) -> None:
        """Keep what it says of the world, whatever was decided."""
        past = self._past
        if past is not None:
            _note_event(past, event, before, self._begun)
            if isinstance(event, Due):
                past.due.setdefault(event.service, []).append((event.at, self._seq))
        for effect in effects:
            match effect:
                case Gather() | Command() if past is not None:
                    self._begun[_key(effect)] = _begin(past, effect, event.at)
                case Spawn() | Signal() if past is not None:
                    _note_deed(past, effect, self._host, event.at)
                case _:
                    pass


_Key: TypeAlias = tuple[str, int]


def _key(what: Gather | Command | Gathered | CommandEnded) -> _Key:
    """What tells one from others: the incident, and the attempt if it is a command."""
    match what:
        case Gather() | Gathered():
            return what.incident, 0
        case Command() | CommandEnded():
            return what.incident, what.attempt


def _begin(past: Past, deed: Gather | Command, at: float) -> Took:
    took = Took(at)
    match deed:
        case Gather():
            past.evidence.setdefault(deed.service, []).append(took)
        case Command():
            key = (deed.service, deed.runbook)
            past.commands.setdefault(key, []).append(took)
    return took


def _note_event(
    past: Past, event: Event, before: Host, begun: dict[_Key, Took]
) -> None:
    match event:
        case (
            Began()
            | FlagsChanged()
            | Knocked()
            | Noticed()
            | Advised()
            | Undertaken()
            | Asked()
        ):
            past.given.append(event)
        case Appeared():
            _note_appeared(past, event, before)
        case Gathered() | CommandEnded():
            took = begun.pop(_key(event), None)
            if took is None:
                past.owed.append(event)
                return
            took.after = event.at - took.at
            if isinstance(event, CommandEnded):
                took.problem = event.problem
        case _:
            if isinstance(event, News):
                _add(past, event)


def _note_appeared(past: Past, event: Appeared, before: Host) -> None:
    s = before.services.get(event.service)
    if s is None or not awaits_process(s.life):
        past.given.append(event)
        life = Life(run=event.run, at=event.at)
        past.lives.setdefault(event.service, []).append(life)
        return
    # Our own start is under way, and this is what came of it.
    spawned = Spawned(
        at=event.at,
        service=event.service,
        run=s.run,
        pid=event.pid,
        started=event.started,
    )
    _add(past, spawned)


def _note_deed(past: Past, deed: Spawn | Signal, host: Host, at: float) -> None:
    known = past.lives.setdefault(deed.service, [])
    match deed:
        case Spawn(run=run):
            known.append(Life(run=run, at=at))
        case Signal(run=run, signal=signo):
            s = host.services.get(deed.service)
            ends = s is None or isinstance(s.life, Stopping)
            if ends and known and known[-1].run == run:
                life = known[-1]
                late = life.end is not None
                if life.told is None and not late:
                    life.told = len(life.news)
                life.signals.append(Given(at, signo, late))


def _add(past: Past, event: News) -> None:
    known = past.lives.get(event.service, ())
    life = next((one for one in reversed(known) if one.run == event.run), None)
    if life is not None:
        life.news.append(event)


def _same_life(one: Opening, other: Opening) -> bool:
    return (one.pid, one.boot, one.anchor) == (other.pid, other.boot, other.anchor)


def _plain(document: object) -> Record:
    plain: Record = msgspec.json.decode(msgspec.json.encode(document))
    return plain


def _words(line: Record | None) -> str | None:
    if line is None:
        return None
    service = line.get("service")
    return f"{service}: {line['words']}" if service else str(line.get("words"))
