"""One probe on one run: what was answered, what that amounts to, and who is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
import trio

from selfhealingd.core.ask import Answer, Outcome
from selfhealingd.core.events import Event, Ready, Recovered, Sickened, Unready
from selfhealingd.core.incident import Cause
from selfhealingd.core.probe import READINESS, Heartbeat, Probe, Tally, judge
from selfhealingd.core.symptom import Symptom

MISSES = 3
"""Times in a row that it could not be asked, after which that is told."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told; ``stretch``: by what timeouts are multiplied now.

    ``discreet``: what of a service's words may be told.
    """

    report: Callable[[Event], Awaitable[None]]
    stretch: Callable[[], float]
    discreet: Callable[[str], str] = str


class Case:
    """Takes answers, and reports when the run becomes sick, and when well again.

    ``since``: when the latest answer first was what it is.
    """

    def __init__(
        self,
        service: str,
        run: int,
        key: str,
        probe: Probe,
        telling: Telling,
    ) -> None:
        self.service = service
        self.run = run
        self.key = key
        self.probe = probe
        self.answer: Answer | None = None
        self.since = 0.0
        self._report = telling.report
        self._stretch = telling.stretch
        self._discreet = telling.discreet
        self._tally = Tally()
        self._failing_since = 0.0
        self._misses = 0
        self._told: Answer | None = None

    @property
    def sick(self) -> bool:
        """Whether so many answers in a row said so."""
        return self._tally.sick is True

    @property
    def blind(self) -> bool:
        """Whether nobody could ask for some time."""
        return self._misses >= MISSES

    async def take(self, answer: Answer) -> None:
        """Take in an answer; tells what is new about the run, and nothing else."""
        now = trio.current_time()
        if answer.outcome is not Outcome.OK:
            told = self._discreet(answer.words)
            answer = msgspec.structs.replace(answer, words=told)
        if not answer.like(self.answer):
            self.since = now
        self.answer = answer
        missed = answer.outcome is Outcome.UNKNOWN
        self._misses = self._misses + 1 if missed else 0
        before, self._tally = (
            self._tally,
            judge(self.probe, self._tally, answer.outcome),
        )
        if answer.outcome is Outcome.FAILED and before.latest is not Outcome.FAILED:
            self._failing_since = now
        if self._tally.sick is False and before.sick is not False:
            await self.well()
        elif self.sick and answer.outcome is Outcome.FAILED:
            news = not (before.sick and answer.like(self._told))
            self._told = answer
            if news:
                await self._report(self._sick(now, answer))

    async def well(self) -> None:
        """Tell that nothing is wrong; also of what another daemon may have seen."""
        now = trio.current_time()
        if self.key == READINESS:
            event: Event = Ready(at=now, service=self.service, run=self.run)
        else:
            event = Recovered(at=now, service=self.service, run=self.run, key=self.key)
        await self._report(event)

    def _sick(self, now: float, answer: Answer) -> Event:
        probe = self.probe
        words = f"{probe.what}: {answer.words}"
        if self.key == READINESS:
            return Unready(at=now, service=self.service, run=self.run, lack=words)
        beat = isinstance(probe.what, Heartbeat)
        symptom = Symptom(
            key=self.key,
            cause=Cause.HEARTBEAT if beat else Cause.PROBE,
            words=words,
            at=self._failing_since,
            notice_secs=probe.notice_secs(self._stretch()),
            ladder=probe.ladder,
        )
        return Sickened(at=now, service=self.service, run=self.run, symptom=symptom)
