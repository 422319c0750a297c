"""What is told of answers: the edges, and nothing else."""

import pytest
import trio
from trio.testing import MockClock

from selfhealingd.core.ask import Answer, Connect, failed, ok, unknown
from selfhealingd.core.events import Event, Ready, Recovered, Sickened, Unready
from selfhealingd.core.incident import Cause
from selfhealingd.core.probe import LIVENESS, READINESS, Heartbeat, Probe
from selfhealingd.core.readiness import Tcp
from selfhealingd.core.remedy import Hold
from selfhealingd.core.symptom import Symptom
from selfhealingd.observe.probes.case import Case, Telling

PORT = Connect(place=Tcp("", 80))
GONE, HUNG = failed("nothing listens on :80"), failed("no answer")
RUN = {"service": "web", "run": 3}


def discreet(words: str) -> str:
    return words.replace("hunter2", "…")


class Told:
    def __init__(self, key: str, probe: Probe) -> None:
        self.events: list[Event] = []
        telling = Telling(self._report, lambda: 2.0, discreet)
        self.case = Case("web", 3, key, probe, telling)

    async def _report(self, event: Event) -> None:
        self.events.append(event)

    async def after(self, *answers: Answer) -> list[type[Event]]:
        """Take answers, one each second; return what was told of them."""
        self.events.clear()
        for answer in answers:
            await self.case.take(answer)
            await trio.sleep(1)
        return [type(event) for event in self.events]


async def test_liveness(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Sick once, since its first failure; well once."""
    probe = Probe(what=PORT, failure_threshold=2, period=10, ladder=(Hold(),))
    told = Told(LIVENESS, probe)
    assert [Recovered] == await told.after(ok("up"), ok("up"))
    assert [] == await told.after(GONE, ok("up"), unknown("?"), GONE, unknown("?"))
    since = trio.current_time() - 2
    assert [Sickened] == await told.after(GONE, GONE, unknown("?"))
    symptom = Symptom(
        key="liveness",
        cause=Cause.PROBE,
        words=":80: nothing listens on :80",
        at=since,
        notice_secs=probe.notice_secs(2),
        ladder=(Hold(),),
    )
    assert [Sickened(at=since + 2, symptom=symptom, **RUN)] == told.events  # type: ignore[arg-type]
    assert told.case.sick
    assert [Recovered] == await told.after(ok("up"))
    assert not told.case.sick


async def test_a_secret_in_what_it_says_is_not_told(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Neither in an event nor where somebody looks."""
    told = Told(LIVENESS, Probe(what=PORT, failure_threshold=1))
    assert [Sickened] == await told.after(failed("it wrote: login hunter2", "a line"))
    assert "hunter2" not in repr(told.events)
    assert failed("it wrote: login …", "a line") == told.case.answer


async def test_other_words_are_news(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """The same ones aren't, nor are details."""
    told = Told(LIVENESS, Probe(what=PORT, failure_threshold=1))
    assert [Sickened] == await told.after(GONE, GONE)
    assert [Sickened] == await told.after(HUNG, HUNG)
    details = (failed("status 1: 12:00", "1"), failed("status 1: 12:01", "1"))
    assert [Sickened] == await told.after(*details)
    assert details[1] == told.case.answer


async def test_readiness(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """It is told in other words, as nothing is restarted for it."""
    told = Told(READINESS, Probe(what=PORT, failure_threshold=2))
    assert [Ready] == await told.after(ok("up"), GONE)
    assert [Unready] == await told.after(GONE, GONE)
    lack = ":80: nothing listens on :80"
    [event] = told.events
    assert isinstance(event, Unready)
    assert lack == event.lack
    assert [Ready] == await told.after(ok("up"))


async def test_a_heartbeat_has_a_cause_of_its_own() -> None:
    """So that rules for incidents can tell it apart."""
    told = Told(LIVENESS, Probe(what=Heartbeat(5), failure_threshold=1))
    await told.case.take(failed("no WATCHDOG=1"))
    [event] = told.events
    assert isinstance(event, Sickened)
    assert Cause.HEARTBEAT is event.symptom.cause


@pytest.mark.parametrize("answer", [unknown("?")])
async def test_unknown_is_shown_and_not_told(
    answer: Answer,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Since when it is so, too."""
    told = Told(LIVENESS, Probe(what=PORT, failure_threshold=1))
    assert [] == await told.after(answer, answer, answer)
    assert (answer, 0) == (told.case.answer, told.case.since)
    await told.after(GONE)
    assert 3 == told.case.since


async def test_what_can_t_be_asked_three_times_is_blind(
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Until there is an answer again, whichever."""
    told = Told(LIVENESS, Probe(what=PORT, failure_threshold=9))
    await told.after(unknown("?"), unknown("!"))
    assert not told.case.blind
    await told.after(unknown("?"))
    assert told.case.blind
    await told.after(GONE)
    assert not told.case.blind
