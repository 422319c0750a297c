"""What is known, and how it is looked at. Knows no terminal and no socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from selfhealctl.top.order import Sort, ordered
from selfhealingd.wire.documents import IncidentDocument, ProgramDocument, Status
from selfhealingd.wire.measured import (
    CourseDocument,
    HistoryDocument,
    HostCourseDocument,
)


@dataclass(frozen=True, slots=True)
class Live:
    """The daemon answers."""


@dataclass(frozen=True, slots=True)
class Lost:
    """It does not, since a time in seconds of the wall clock, for this reason."""

    since: float
    words: str


Link: TypeAlias = Live | Lost


@dataclass(frozen=True, slots=True)
class Browsing:
    """Keys move and act."""


@dataclass(frozen=True, slots=True)
class Filtering:
    """Keys are words to look for; ``before`` is what Escape brings back."""

    before: str


@dataclass(frozen=True, slots=True)
class Confirming:
    """A yes is awaited for what ``deed`` is."""

    question: str
    deed: "Operate"


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A reason is typed."""

    question: str
    method: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Some text is read; ``top`` is its first line on the screen."""

    title: str
    text: tuple[str, ...]
    top: int = 0


Mode: TypeAlias = Browsing | Filtering | Confirming | Reasoning | Reading


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


@dataclass(frozen=True, slots=True)
class Operate:
    """Do something to one service by a method of the daemon, or to all of it."""

    method: str
    name: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """Show what it writes, outside this view."""

    name: str


@dataclass(frozen=True, slots=True)
class Explain:
    """Read why it is as it is."""

    name: str


@dataclass(frozen=True, slots=True)
class Inspect:
    """Read its open incident, or its latest."""

    id: str


Deed: TypeAlias = Quit | Operate | Tail | Explain | Inspect


@dataclass(frozen=True, slots=True)
class Note:
    """The last word about what was done. ``until``: seconds of the wall clock."""

    words: str
    ok: bool = True
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that the screen shows. ``now``: seconds of the wall clock.

    ``services``: those that are shown, in order; ``top``: the first one on the screen.
    ``frozen``: the time that is shown while nothing new is.
    """

    now: float
    columns: int = 80
    machine: str = ""
    rows: int = 24
    link: Link = field(default_factory=Live)
    status: Status | None = None
    interval: float = 5.0
    measured: bool = True
    host: HostCourseDocument | None = None
    courses: Mapping[str, CourseDocument] = field(default_factory=dict)
    services: tuple[ProgramDocument, ...] = ()
    selected: str | None = None
    top: int = 0
    sort: Sort = Sort.WORST
    words: str = ""
    mode: Mode = field(default_factory=Browsing)
    frozen: float | None = None
    note: Note | None = None

    @property
    def every(self) -> tuple[ProgramDocument, ...]:
        """All services, in the daemon's order."""
        if self.status is None:
            return ()
        return (*self.status.programs, *self.status.watches)

    @property
    def place(self) -> int:
        """The row of the selected one; 0 where it is not shown."""
        names = (
            at for at, one in enumerate(self.services) if one.name == self.selected
        )
        return next(names, 0)

    @property
    def current(self) -> ProgramDocument | None:
        """The selected one."""
        return self.services[self.place] if self.services else None

    @property
    def incidents(self) -> tuple[IncidentDocument, ...]:
        """The open ones, the latest first."""
        found = () if self.status is None else self.status.incidents
        return tuple(one for one in reversed(found) if one.outcome is None)

    @property
    def paused(self) -> bool:
        """Whether a person wants it to stand still."""
        return self.frozen is not None

    @property
    def shown_at(self) -> float:
        """The time of which all of it is."""
        if isinstance(self.link, Lost):
            return self.link.since
        return self.now if self.frozen is None else self.frozen

    def told(self, words: str, *, ok: bool = True, secs: float = 8.0) -> "Model":
        """Say something for a while."""
        return replace(self, note=Note(words, ok, self.now + secs))

    def at(self, now: float) -> "Model":
        """Let time pass."""
        note = self.note
        gone = note is not None and note.until <= now
        return replace(self, now=now, note=None if gone else note)

    def seen(self, status: Status) -> "Model":
        """Take in how all is; the selection stays with its service."""
        model = replace(self, status=status, link=Live()).sought(self.words)
        if model.selected is None and model.services:
            return replace(model, selected=model.services[0].name)
        return model

    def sought(self, words: str) -> "Model":
        """Show what has these words."""
        return _ordered(replace(self, words=words))

    def sorted_by(self, sort: Sort) -> "Model":
        """Show it in this order."""
        return _ordered(replace(self, sort=sort))

    def drawn(self, history: HistoryDocument) -> "Model":
        """Take in the last minutes of the host and some services."""
        known = {one.name for one in self.every}
        courses = {name: one for name, one in self.courses.items() if name in known}
        courses |= {one.name: one for one in history.services}
        return replace(
            self,
            courses=courses,
            host=history.host,
            interval=history.interval,
            measured=history.enabled,
        )

    def lost(self, words: str) -> "Model":
        """Nobody answers any more; since when is known from the first time."""
        since = self.link.since if isinstance(self.link, Lost) else self.now
        return replace(self, link=Lost(since, words))

    def moved(self, place: int, height: int) -> "Model":
        """Select the row at ``place``, as near as there is one."""
        if not self.services:
            return self
        place = max(0, min(place, len(self.services) - 1))
        return replace(self, selected=self.services[place].name).settled(height)

    def settled(self, height: int) -> "Model":
        """Scroll as little as shows the selected row among ``height``."""
        most = max(0, len(self.services) - height)
        top = min(max(self.top, self.place - height + 1), self.place, most)
        return self if top == self.top else replace(self, top=max(0, top))


def _ordered(model: Model) -> Model:
    shown = ordered(model.every, sort=model.sort, words=model.words)
    return replace(model, services=shown)
