"""What is wrong with the host, told and answered."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
from harness import soon

from selfhealingd.config.settings import Runbook
from selfhealingd.core.breaker import Breaker, PermanentlyOpen
from selfhealingd.core.events import Event, Noticed
from selfhealingd.core.host import Host
from selfhealingd.core.launch import Launch
from selfhealingd.core.policy import Flags, Policy
from selfhealingd.core.remedy import Hold, Ladder, Run
from selfhealingd.core.snapshot import Anchor
from selfhealingd.hostcare import Finding, HostCare
from selfhealingd.loop import Loop
from selfhealingd.problems import Problems

pytestmark = pytest.mark.process


class Bench:
    """Care of a host, with a runbook that writes down each run."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "ran"
        self.problems = Problems()
        self.loop = Loop(
            Policy(),
            Host(),
            Anchor(0, datetime(2026, 11, 26, tzinfo=UTC)),
            memory=None,  # type: ignore[arg-type] # nothing is decided here
            tell=lambda _event: None,
            on_fault=lambda _event, _fault: None,
        )
        self.posted: list[Event] = []
        self.loop.post = self.post  # type: ignore[method-assign]
        self.care = HostCare("mark", self.loop, self.problems)
        script = f'echo "$SELFHEALINGD_CAUSE $SELFHEALINGD_DETAIL" >> {self.log}'
        launch = Launch(argv=("sh", "-c", script))
        self.care.runbooks = {"mend": Runbook(name="mend", timeout=10, launch=launch)}

    async def post(self, event: Event) -> None:
        await trio.lowlevel.checkpoint()
        self.posted.append(event)

    @property
    def ran(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def told(self) -> list[str]:
        return [problem.words for problem in self.problems.all()]


@pytest.fixture
async def bench(tmp_path: Path, nursery: trio.Nursery) -> Bench:
    made = Bench(tmp_path)
    await nursery.start(made.care.run)
    return made


MEND: Ladder = (Run("mend"),)


def found(words: str, ladder: Ladder = MEND, *, key: str = "k") -> Finding:
    return Finding(key=key, cause="rule", words=words, do="look", ladder=ladder)


async def test_what_comes_and_goes_is_an_event(bench: Bench) -> None:
    """Once each, in their order, for the journal and for hooks."""
    bench.care.tell(found("hot", ()))
    bench.care.tell(found("hotter", ()))
    bench.care.over("k")
    bench.care.over("k")
    await soon(lambda: 2 == len(bench.posted))
    assert [("hot", False), ("hotter", True)] == [
        (one.words, one.over) for one in bench.posted if isinstance(one, Noticed)
    ]


async def test_a_runbook_is_told_what_is_wrong(bench: Bench) -> None:
    """It is run when something comes up, and not while it goes on."""
    bench.care.tell(found("hot"))
    bench.care.tell(found("hotter"))
    await soon(lambda: bench.ran)
    bench.care.tell(found("full", (Hold(),), key="other"))
    assert ["rule hot"] == bench.ran
    assert ["hotter", "full"] == bench.told


async def test_the_same_thing_is_not_answered_again_so_soon(bench: Bench) -> None:
    """However often it comes and goes; other things are."""
    bench.care.tell(found("hot"))
    bench.care.over("k")
    bench.care.tell(found("hot"))
    bench.care.tell(found("full", key="other"))
    await soon(lambda: 2 == len(bench.ran))
    assert {"rule hot", "rule full"} == set(bench.ran)
    bench.care.over("k")
    bench.care.over("unknown")
    assert ["full"] == bench.told


@pytest.mark.parametrize(
    "host",
    [
        Host(flags=Flags(auto_healing=False)),
        Host(flags=Flags(auto_detection=False)),
        Host(shutting_down=True),
        Host(main=Breaker(state=PermanentlyOpen(failures=10))),
    ],
)
async def test_no_runbook_while_nothing_is_healed(bench: Bench, host: Host) -> None:
    """Nor one that the config has no more."""
    bench.loop.host = host
    bench.care.tell(found("hot"))
    bench.loop.host = Host()
    bench.care.tell(found("cold", (Run("gone"),), key="other"))
    bench.care.tell(found("full", key="third"))
    await soon(lambda: bench.ran)
    assert ["rule full"] == bench.ran
