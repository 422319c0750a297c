"""What a run shows is told once."""

import trio
from trio.testing import MockClock

from selfhealingd.core.events import Event, MoreTimeAsked, Ready, Unready
from selfhealingd.supervise.readiness.notice import Notice
from selfhealingd.supervise.readiness.witness import Witness


class Court:
    """What a witness told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.trouble: list[str] = []
        self.said: list[str | None] = []
        self.witness = Witness(
            "web",
            3,
            report=self._report,
            trouble=lambda _, words: self.trouble.append(words),
            say=lambda _, words: self.said.append(words),
        )

    async def _report(self, event: Event) -> None:
        self.events.append(event)


async def test_ready_once(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """However often it is said, and whatever is said beside it."""
    court = Court()
    for _ in range(3):
        await court.witness.heed(Notice(ready=True, status="up"))
    await court.witness.ready()
    assert [Ready(at=trio.current_time(), service="web", run=3)] == court.events


async def test_a_lack_once(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Only another one is news."""
    court = Court()
    for lack in ("a", "a", "b", "b"):
        await court.witness.unready(lack)
    lacks = [event.lack for event in court.events if isinstance(event, Unready)]
    assert ["a", "b"] == lacks


async def test_more_time(autojump_clock: MockClock) -> None:  # noqa: ARG001
    """Each demand that goes at least a second further: a flood is few events."""
    court = Court()
    for _ in range(100):
        await court.witness.heed(Notice(more=5))
        await trio.sleep(0.1)
    asked = [event.at for event in court.events if isinstance(event, MoreTimeAsked)]
    assert 10 == len(asked)


async def test_what_it_says_of_itself() -> None:
    """Its status, and what it does; both until it says otherwise, or ends."""
    court = Court()
    for notice in (
        Notice(),
        Notice(status="two of three"),
        Notice(doing="reloading"),
        Notice(ready=True, status=""),
        Notice(doing="stopping"),
    ):
        await court.witness.heed(notice)
    court.witness.over()
    assert [
        None,
        "two of three",
        "reloading: two of three",
        None,
        "stopping",
        None,
    ] == court.said


async def test_strangers_are_told_of_once() -> None:
    """A flood of theirs must not flood the log."""
    court = Court()
    for pid in (0, 7, 8):
        court.witness.ignore(pid)
    (words,) = court.trouble
    assert "ignored a notification of a process that can't be seen" in words
