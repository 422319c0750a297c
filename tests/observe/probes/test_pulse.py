"""Signs of life that come, stay away, and come again."""

import pytest
import trio
from trio.testing import MockClock

from selfhealingd.core.ask import Outcome
from selfhealingd.core.events import Event, Recovered, Sickened
from selfhealingd.core.probe import Heartbeat, LogSilence, Probe, What
from selfhealingd.observe.probes.case import Case, Telling
from selfhealingd.observe.probes.pulse import GRACE_SECS, Pulse


class Heart:
    """One run, and what is told of it."""

    def __init__(self, what: What | None = None, stretch: float = 1) -> None:
        self.told: list[tuple[float, str]] = []
        self.pulse = Pulse()
        self.stretch = stretch
        probe = Probe(what=what or Heartbeat(10), failure_threshold=1)
        telling = Telling(self._report, lambda: self.stretch)
        self.case = Case("web", 1, "liveness", probe, telling)

    async def listen(self) -> None:
        await self.pulse.listen(self.case, 10, lambda secs: secs * self.stretch)

    async def _report(self, event: Event) -> None:
        match event:
            case Sickened(symptom=symptom):
                self.told.append((event.at, symptom.words))
            case Recovered():
                self.told.append((event.at, "well"))


SILENT = "WATCHDOG=1 within 10 s: no WATCHDOG=1 for 10 s"


@pytest.fixture
async def heart(nursery: trio.Nursery) -> Heart:
    heart = Heart()
    nursery.start_soon(heart.listen)
    await trio.testing.wait_all_tasks_blocked()
    return heart


async def test_it_never_beats(heart: Heart, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """It is noticed once its time is over, and told once."""
    await trio.sleep(100)
    assert [(10 + GRACE_SECS, SILENT)] == heart.told
    assert heart.case.sick


async def test_it_beats(heart: Heart, autojump_clock: MockClock) -> None:  # noqa: ARG001
    """That it is well is told once, and no more."""
    for _ in range(20):
        heart.pulse.beat()
        await trio.sleep(9)
    assert [(0, "well")] == heart.told


async def test_it_stops_and_begins_again(
    heart: Heart,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """Noticed within its time; and the first beat is enough to be well."""
    heart.pulse.beat()
    await trio.sleep(5)
    heart.pulse.beat()
    await trio.sleep(25)
    heart.pulse.beat()
    await trio.sleep(1)
    assert [(0, "well"), (15 + GRACE_SECS, SILENT), (30, "well")] == heart.told


async def test_a_beat_at_the_last_moment(
    heart: Heart,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """It may be there, and not have been read yet."""
    heart.pulse.beat()
    await trio.sleep(10 + GRACE_SECS / 2)
    heart.pulse.beat()
    await trio.sleep(5)
    assert [(0, "well")] == heart.told


async def test_it_says_that_it_has_failed(
    heart: Heart,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """That counts at once, until it beats again."""
    heart.pulse.beat()
    await trio.sleep(1)
    heart.pulse.fail()
    await trio.sleep(100)
    heart.pulse.beat()
    await trio.sleep(1)
    told = "WATCHDOG=1 within 10 s: it sent WATCHDOG=trigger"
    assert [(0, "well"), (1, told), (101, "well")] == heart.told


async def test_pressure_gives_it_more_time(
    heart: Heart,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """As what it is short of may be the host's."""
    heart.stretch = 3
    heart.pulse.beat()
    await trio.sleep(29)
    assert [(0, "well")] == heart.told
    await trio.sleep(2)
    assert [(0, "well"), (30 + GRACE_SECS, SILENT)] == heart.told


async def test_we_were_not_there_ourselves(
    nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    """Stopped, or starved: what came meanwhile is still to be read."""
    heart = Heart()
    nursery.start_soon(heart.listen)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(60)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(9)
    await trio.testing.wait_all_tasks_blocked()
    assert [] == heart.told
    assert heart.case.answer is None


async def test_silence_of_a_log(
    nursery: trio.Nursery,
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """It is judged in the same way."""
    heart = Heart(LogSilence(10))
    nursery.start_soon(heart.listen)
    await trio.sleep(11)
    assert heart.case.answer is not None
    assert Outcome.FAILED is heart.case.answer.outcome
    assert "a line within 10 s: nothing written for 10 s" == heart.told[0][1]
