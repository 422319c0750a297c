"""What is told of real files as they come, change and go."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
import trio.testing
from harness import soon

from selfhealingd.core.check import Absent, Asked, Check, FileCheck, Seen
from selfhealingd.core.events import Sickened
from selfhealingd.core.remedy import Reload
from selfhealingd.observe.checks import Checks, Edge, Told
from selfhealingd.observe.looking import Looker

pytestmark = pytest.mark.process


@dataclass
class House:
    """A file, checks of it, and what they told."""

    file: Path
    told: list[str] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    tried: float = -math.inf

    def __post_init__(self) -> None:
        self.checks = Checks(
            Told(
                edge=self.edge,
                met=lambda check, fault: self.note("met", check, fault.words),
                over=lambda check: self.note("over", check),
                blind=lambda check, why: self.note("blind", check, why),
                sighted=lambda check: self.note("sighted", check),
                tried=lambda _service: self.tried,
            )
        )

    async def edge(self, edge: Edge) -> None:
        await trio.lowlevel.checkpoint()
        self.edges.append(edge)
        sick = isinstance(edge, Sickened)
        self.told.append(f"{'sick' if sick else 'well'} {edge.service}.{edge.run}")

    def note(self, what: str, check: Check, words: str = "") -> None:
        self.told.append(f"{what} {check.name} {words}".strip())

    async def until(self, words: str, times: int = 1) -> None:
        """Wait until something was told so often."""
        await soon(lambda: times == sum(one.startswith(words) for one in self.told))

    async def looked(self, name: str) -> None:
        """Wait until there is something that the next look is compared with."""
        await soon(lambda: self.checks._posts[name].digest is not None)

    def check(
        self, name: str, service: str | None = None, *, unchanged: bool = False
    ) -> Check:
        asked = FileCheck(path=str(self.file), unchanged=unchanged)
        return Check(
            name=name, what=asked, every=0.02, service=service, ladder=(Reload(),)
        )

    def put(self, *checks: Check) -> None:
        self.checks.put({check.name: check for check in checks})


@pytest.fixture
async def home(tmp_path: Path, nursery: trio.Nursery) -> House:
    made = House(tmp_path / "f")
    await nursery.start(made.checks.run)
    return made


async def test_of_the_host(home: House) -> None:
    """Told when it begins to be wrong, and when it isn't any more."""
    home.put(home.check("a"))
    await home.until("met a")
    home.file.touch()
    await home.until("over a")
    home.file.unlink()
    await home.until("met a", 2)
    assert [f"met a {home.file} is not there", "over a"] == home.told[:2]


async def test_of_a_service(home: House) -> None:
    """Only while a run is up, and afresh with each."""
    check = home.check("a", service="web")
    home.put(check, home.check("host"))
    await home.until("met host")
    home.checks.begin("db", 5, 9)
    home.checks.begin("web", 1, 9)
    await home.until("sick web.1")
    home.checks.end("web")
    home.checks.begin("web", 2, 9)
    await home.until("sick web.2")
    home.file.touch()
    await home.until("well web.2")
    assert not any("well web.1" in one for one in home.told)
    edge = home.edges[0]
    assert isinstance(edge, Sickened)
    symptom = edge.symptom
    assert ("check a", (Reload(),)) == (symptom.key, symptom.ladder)
    assert f"{home.file} is not there" == symptom.words
    assert symptom.notice_secs > check.every


async def test_a_change_stays_until_a_remedy_was_tried(home: House) -> None:
    """That takes the new content, which is what should be from then on; once."""
    home.file.write_text("one")
    home.put(home.check("a", service="web", unchanged=True))
    home.checks.begin("web", 1, 9)
    await home.looked("a")
    home.file.write_text("two")
    await home.until("sick web.1")
    await trio.sleep(0.2)
    assert ["sick web.1"] == home.told
    home.tried = trio.current_time()
    await home.until("well web.1")
    home.file.write_text("three")
    await home.until("sick web.1", 2)
    await trio.sleep(0.2)
    assert 3 == len(home.told)
    home.file.write_text("two")
    await home.until("well web.1", 2)


async def test_a_change_of_the_host_stays_until_it_is_meant(home: House) -> None:
    """A reload says so; the old content does as well."""
    home.file.write_text("one")
    check = home.check("a", unchanged=True)
    home.put(check)
    await home.looked("a")
    home.file.write_text("two")
    await home.until("met a")
    home.file.write_text("one")
    await home.until("over a")
    home.file.write_text("three")
    await home.until("met a", 2)
    home.put(check)
    await home.until("over a", 2)
    await home.looked("a")
    home.file.write_text("four")
    await home.until("met a", 3)


async def test_a_reload_ends_what_a_removed_check_found(home: House) -> None:
    """A changed one begins afresh, the same one goes on."""
    same, other = home.check("same"), home.check("other", service="web")
    home.put(same, other)
    home.checks.begin("web", 1, 9)
    await home.until("met same")
    await home.until("sick web.1")
    home.put(same, home.check("new", service="web"))
    await home.until("well web.1")
    await home.until("sick web.1", 2)
    home.put()
    await home.until("over same")
    await home.until("well web.1", 2)
    assert 1 == sum(one.startswith("met same") for one in home.told)


async def test_what_is_seen_of_a_removed_check_is_not_told(home: House) -> None:
    """Its look was over at the very moment at which a reload took it away."""
    over = trio.Event()

    class Absence(Looker):
        async def look(self, what: Asked) -> Seen:  # noqa: ARG002
            await over.wait()
            return Absent()

    home.checks._looker = Absence()
    home.put(home.check("a"))
    await trio.testing.wait_all_tasks_blocked()
    over.set()
    home.put()
    await trio.testing.wait_all_tasks_blocked()
    assert [] == home.told


async def test_a_check_that_sees_nothing_is_told(home: House) -> None:
    """After three looks, and until it sees again; it is no fault of what it is of."""
    home.file = Path("/proc/self/mem")
    home.put(home.check("a", unchanged=True), home.check("b", service="web"))
    await home.until("blind a /proc/self/mem: ")
    home.put()
    await home.until("sighted a")
    assert 2 == len(home.told)
