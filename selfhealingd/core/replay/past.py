"""What is known of the past besides decisions: how runs lived, how long things took.

Another policy starts programs at other times than were recorded. How such a run would
have lived nobody knows; it is given the life of the recorded run that began nearest in
time, which is the truth where the policies agree.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import msgspec

from selfhealingd.core.events import Emptied, Event, Exited, News
from selfhealingd.core.host import Host
from selfhealingd.core.policy import Policy
from selfhealingd.core.snapshot import Anchor

SIGKILL = 9

LAST = 1 << 62

SAME_SECS = 1.0
"""What was begun within this time is the same in both tellings."""


class Rest(msgspec.Struct, frozen=True):
    """How what a process left of its group ended: ``after`` so many seconds.

    ``told``: from when it was told to, after the process's end, and not from that end.
    ``stubborn``: of SIGKILL alone.
    """

    after: float
    told: bool
    stubborn: bool


class Answer(msgspec.Struct, frozen=True):
    """How a run ended that was told to: ``after`` so many seconds.

    ``stubborn``: of SIGKILL alone. ``rest``: if something was left.
    """

    at: float
    after: float
    end: Exited
    stubborn: bool
    rest: Rest | None


class Given(msgspec.Struct, frozen=True):
    """A signal; ``late``: when its process had ended."""

    at: float
    signal: int
    late: bool


@dataclass(slots=True)
class Life:
    """One recorded run; ``at`` is when its start was asked for.

    ``whole``: that was seen. ``told``: how much of its news came before it was told to
    end, if it was; ``signals``: with what, and when.
    """

    run: int
    at: float
    whole: bool = True
    news: list[News] = field(default_factory=list)
    told: int | None = None
    signals: list[Given] = field(default_factory=list)

    @property
    def end(self) -> Exited | None:
        """The end of its process."""
        return next((one for one in self.news if isinstance(one, Exited)), None)

    @property
    def rest(self) -> Rest | None:
        """What became of what it left."""
        end = self.end
        over = [one.at for one in self.news if isinstance(one, Emptied)]
        if end is None or not over:
            return None
        late = [one for one in self.signals if one.late and one.at <= over[0]]
        since = late[-1].at if late else end.at
        stubborn = len(late) > 1 and late[-1].signal == SIGKILL
        return Rest(after=over[0] - since, told=bool(late), stubborn=stubborn)

    def lingers(self, at: float) -> bool:
        """Whether it was told to end then, and hadn't when the records end."""
        if self.told is None or self.end is not None:
            return False
        return any(abs(one.at - at) < SAME_SECS for one in self.signals)

    @property
    def answer(self) -> Answer | None:
        """How it ended once it was told to."""
        end = self.end
        given = [one for one in self.signals if not one.late]
        if end is None or self.told is None or not given:
            return None
        return Answer(
            at=self.at,
            after=end.at - given[-1].at,
            end=end,
            stubborn=given[-1].signal == SIGKILL and len(given) > 1,
            rest=self.rest,
        )


@dataclass(slots=True)
class Took:
    """How something went that was begun ``at`` that time: over in so many seconds.

    ``after`` is infinite where its end made no difference any more, or was never seen.
    """

    at: float
    after: float = math.inf
    problem: str | None = None


@dataclass(kw_only=True)
class Past:
    """A daemon's life as it was recorded, from ``at`` to ``until``.

    ``began``: it was up at ``at`` already. ``given``: what came from outside, whatever
    the policy was. ``lives``: the runs of each service, in order; ``evidence`` and
    ``commands``: how those went. ``owed``: what came of deeds from before ``at``.
    ``due``: when timers fired, with the event's number. What it tells is asked for only
    once it is complete.
    """

    anchor: Anchor
    at: float
    host: Host
    policy: Policy
    began: bool
    until: float
    given: list[Event] = field(default_factory=list)
    lives: dict[str, list[Life]] = field(default_factory=dict)
    evidence: dict[str, list[Took]] = field(default_factory=dict)
    commands: dict[tuple[str, str | None], list[Took]] = field(default_factory=dict)
    owed: list[Event] = field(default_factory=list)
    due: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def life(self, service: str, at: float) -> Life | None:
        """The run whose start was nearest to ``at``."""
        return _nearest(self._starts.get(service, ()), at)

    def fires(self, service: str, at: float) -> tuple[float, int]:
        """When a timer fires that is set to ``at``, and in which order: as it did."""
        known = self.due.get(service, ())
        place = bisect_left(known, (at, 0))
        late = known[place : place + 1]
        return late[0] if late and late[0][0] - at < SAME_SECS else (at, LAST)

    def current(self, service: str, run: int) -> Life | None:
        """A run that was there when all this began."""
        known = self.lives.get(service, ())
        return next((one for one in known if one.run == run and not one.whole), None)

    def answer(self, service: str, at: float, own: Life | None) -> Answer | None:
        """How a run that lives as ``own`` did ends when it is told to."""
        if own is not None and (answer := own.answer) is not None:
            return answer
        return _nearest(self._answers.get(service, ()), at)

    def gathered(self, service: str, at: float) -> Took | None:
        """How long it takes to keep evidence."""
        return _likely(self.evidence.get(service, ()), at)

    def command(self, service: str, runbook: str | None, at: float) -> Took | None:
        """How a command goes."""
        return _likely(self.commands.get((service, runbook), ()), at)

    @cached_property
    def _starts(self) -> dict[str, list[Life]]:
        return {
            name: [one for one in known if one.whole and one.news]
            for name, known in self.lives.items()
        }

    @cached_property
    def _answers(self) -> dict[str, list[Answer]]:
        return {
            name: [answer for one in known if (answer := one.answer) is not None]
            for name, known in self.lives.items()
        }


def _likely(known: Sequence[Took], at: float) -> Took | None:
    """How it went; where it is another one, as one did of which that is known."""
    found = _nearest(known, at)
    if found is None or found.after < math.inf or abs(found.at - at) < SAME_SECS:
        return found
    return _nearest([one for one in known if one.after < math.inf], at)


N = TypeVar("N", Life, Took, Answer)


def _nearest(known: Sequence[N], at: float) -> N | None:
    """The one nearest in time; they are in order."""
    place = bisect_left(known, at, key=lambda one: one.at)
    around = known[max(place - 1, 0) : place + 1]
    return min(around, key=lambda one: abs(one.at - at), default=None)
