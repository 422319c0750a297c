"""One watch, looked at by an eye that sees what a test says."""

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from selfhealingd.core.effects import Order
from selfhealingd.core.events import Event, Exited, SpawnFailed
from selfhealingd.core.launch import Launch
from selfhealingd.core.watch import Pidfile, Watch
from selfhealingd.supervise.identity import Identity
from selfhealingd.supervise.watching.sight import Down, Sight, Unknown
from selfhealingd.supervise.watching.watcher import Around, Watcher


class Sights:
    """An eye, and what is told of what it sees."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.events: list[Event] = []
        self.blind: list[str | None] = []
        self.troubles: list[str] = []
        self.told = trio.Event()

    async def look(self) -> Sight:
        await trio.lowlevel.checkpoint()
        return self.sight

    async def news(self) -> None:
        await trio.sleep(1)

    def died(self, identity: Identity) -> None:
        """Nothing to learn from."""

    async def report(self, event: Event) -> None:
        self.events.append(event)
        self.told.set()

    def trouble(self, _: str, words: str) -> None:
        self.troubles.append(words)
        self.told.set()

    def note(self, _: str, words: str | None) -> None:
        self.blind.append(words)


@pytest.fixture
def sights() -> Sights:
    return Sights(Unknown("cannot ask systemd: no bus"))


@pytest.fixture
def watcher(sights: Sights, nursery: trio.Nursery) -> Callable[[Watch], Watcher]:
    """Make a watcher that begins to look."""

    def make(watch: Watch) -> Watcher:
        around = Around(nursery, sights.report, sights.trouble, sights.note)
        made = Watcher("w", watch, sights, around, run=0, up=False)
        nursery.start_soon(made.attend)
        return made

    return make


def watch(start: str = "true", **seconds: float) -> Watch:
    command = Launch(argv=("sh", "-c", start))
    return Watch(sought=Pidfile("/x"), start=command, stop=command, **seconds)  # type: ignore[arg-type]


async def test_what_can_t_be_asked_is_not_missing(
    sights: Sights,
    watcher: Callable[[Watch], Watcher],
    autojump_clock: MockClock,  # noqa: ARG001
) -> None:
    """However long it lasts: it is told as that, and once it is over all goes on."""
    watcher(watch()).start(1, look=True)
    await trio.sleep(600)
    assert [] == sights.events
    assert ["cannot ask systemd: no bus"] == sights.blind
    sights.sight = Down("it failed")
    await trio.sleep(60)
    assert sights.blind[-1] is None
    [told] = sights.events
    assert isinstance(told, Exited)
    assert told.exit.problem == "it failed"


@pytest.mark.process
async def test_a_start_that_does_not_detach_is_told_so(
    sights: Sights, watcher: Callable[[Watch], Watcher]
) -> None:
    """Once startwaitsecs are over, however long a stop might take."""
    sights.sight = Down("no command line matches")
    begun = trio.current_time()
    watcher(watch("exec sleep 1000", startwaitsecs=0.3)).start(1, look=False)
    with trio.fail_after(20):
        await sights.told.wait()
    assert 10 > trio.current_time() - begun
    [told] = sights.events
    assert isinstance(told, SpawnFailed)
    assert "timed out after 0.3 s" in told.problem
    assert "in the background" in told.problem


@pytest.mark.process
async def test_a_stop_that_hangs_has_its_own_time(
    sights: Sights, watcher: Callable[[Watch], Watcher]
) -> None:
    """It is that of a stop, and not the longer one of a start."""
    sights.sight = Down("gone")
    made = watcher(watch("exec sleep 1000", startwaitsecs=1000, stopwaitsecs=0.3))
    made.order(Order.STOP, 15)
    with trio.fail_after(20):
        await sights.told.wait()
    assert "timed out after 0.3 s" in sights.troubles[0]
