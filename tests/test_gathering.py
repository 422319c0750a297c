"""Evidence is gathered in time, kept as far as it goes, and healing is never held."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from selfhealingd import gathering
from selfhealingd.core.events import Event, Gathered, Spawned
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.launch import Launch
from selfhealingd.core.life import Backoff, Life, Running, Why
from selfhealingd.core.output import LogTo
from selfhealingd.core.policy import Policy
from selfhealingd.core.sample import Metric, Sample
from selfhealingd.core.snapshot import Anchor
from selfhealingd.gathering import PROBLEM, Gatherer
from selfhealingd.investigating import Investigator
from selfhealingd.loop import Loop
from selfhealingd.observe.evidence import look
from selfhealingd.observe.evidence.pyspy import spy_on
from selfhealingd.problems import Problems
from selfhealingd.store.evidence import EvidenceStore
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.wire.evidence import EvidenceDocument

pytestmark = pytest.mark.process

HANGS = """
import sys
def waits_for_ever():
    print("up")
    sys.stdin.read()
waits_for_ever()
"""
CRASH = Exit(at=9.0, signal=signal.SIGSEGV, lasted=5.0)
PATIENCE = 30


class Bench:
    """A gatherer beside a loop whose state is what we say."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "web.log"
        self.log.write_text("starting\nERROR: cannot reach db\nbye\n")
        self.loop = Loop(
            Policy(),
            Host(),
            Anchor(0, datetime(2026, 11, 26, tzinfo=UTC)),
            memory=None,  # type: ignore[arg-type] # nothing is decided here
            tell=lambda _event: None,
            on_fault=lambda _event, _fault: None,
        )
        self.loop.launches = {
            "web": Launch(argv=("/bin/cat", "x"), stdout=LogTo(path=self.log))
        }
        self.store = EvidenceStore(folder / "evidence")
        self.problems = Problems()
        self.match: str | None = None
        self.events: list[Event] = []
        self.kept_before: list[bool] = []
        self.samples: Callable[[str], list[Sample]] = lambda _: []
        outputs = Outputs(folder / "run")
        self.gatherer = Gatherer(
            self.loop,
            self.store,
            Investigator(outputs, "mark", samples=self.measured),
            self.problems,
            report=self.report,
            journal=lambda _: self.match,
        )

    async def report(self, event: Event) -> None:
        self.events.append(event)
        self.kept_before.append(self.store.folder.exists())

    def measured(self, service: str) -> list[Sample]:
        return self.samples(service)

    def be(self, life: Life, **more: Any) -> None:
        s = Service(name="web", life=life, wanted=True, run=3, **more)
        self.loop.host = Host(services={"web": s})

    async def gather(self, incident: str = "web-1") -> EvidenceDocument | None:
        """Gather for run 3; the event comes once, whatever happens."""
        before = len(self.events)
        with trio.fail_after(PATIENCE):
            await self.gatherer.gather("web", 3, incident, self.gatherer.ends("web", 3))
        [event] = self.events[before:]
        assert isinstance(event, Gathered)
        assert ("web", incident) == (event.service, event.incident)
        data = self.store.read(incident)
        return None if data is None else decoded(data)


def decoded(data: bytes) -> EvidenceDocument:
    return msgspec.json.decode(data, type=EvidenceDocument)


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def hung() -> Iterator[int]:
    """A Python program that waits for its input for ever."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", HANGS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"up\n" == process.stdout.readline()
    yield process.pid
    process.kill()
    process.communicate()


async def test_of_one_that_hangs_all_is_kept_before_it_is_touched(
    bench: Bench, hung: int
) -> None:
    """Process, files, tree, limits, last lines and stack are there by ``Gathered``."""
    bench.be(Running(at=trio.current_time() - 60, pid=hung))
    began = trio.current_time()
    found = await bench.gather()
    assert [True] == bench.kept_before
    assert trio.current_time() - began < gathering.GATHERED_SECS
    assert found is not None
    assert found.alive
    assert (hung, None) == (found.pid, found.end)
    assert hung == found.tree[0].pid
    assert found.files is not None
    assert found.files.open > 2
    assert "State" in found.process
    assert "open files" in found.limits
    assert ("ERROR: cannot reach db", "bye") == found.telling[-2:]
    if spy_on(hung) is not None and "python_stack" not in found.missing:
        assert any("waits_for_ever" in frame for frame in found.python_stack)


async def test_a_crash_is_healed_first(bench: Bench) -> None:
    """``Gathered`` comes at once; then what remains of the run is kept."""
    bench.samples = lambda _: [Sample(at=1.0, run=3, values={Metric.CPU: 99.0})]
    bench.gatherer.note(Spawned(at=1.0, service="web", run=3, pid=777_777, started=5))
    bench.be(Backoff(at=9.0, why=Why.TURN), exit=CRASH)
    found = await bench.gather()
    assert [False] == bench.kept_before
    assert found is not None
    assert not found.alive
    assert 777_777 == found.pid
    assert "killed by SIGSEGV after 5 s" == found.end
    assert found.core is not None
    assert ("starting", "ERROR: cannot reach db", "bye") == found.output[0].lines
    assert found.samples is not None
    assert ("run", "ago", "cpu") == found.samples.columns
    assert found.files is None
    assert "load" in found.host


async def test_a_crash_whose_next_run_began_is_told_of_the_run_before(
    bench: Bench,
) -> None:
    """By the time the deed is done the program may be starting again."""
    bench.gatherer.note(Spawned(at=1.0, service="web", run=3, pid=777_777, started=5))
    bench.be(Running(at=9.0, pid=os.getpid()), exit=CRASH)
    s = bench.loop.host.services["web"]
    bench.loop.host = Host(services={"web": msgspec.structs.replace(s, run=4)})
    found = await bench.gather()
    assert found is not None
    assert (False, 777_777) == (found.alive, found.pid)
    assert "killed by SIGSEGV after 5 s" == found.end


async def test_what_was_there_before_the_run_is_not_its_own(
    bench: Bench, hung: int
) -> None:
    """A run of this daemon's that has written nothing has said nothing."""
    bench.be(Running(at=trio.current_time(), pid=hung))
    found = await bench.gather()
    assert found is not None
    assert () == found.output


async def test_lines_in_the_journal_are_asked_for(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the service, up to its end, by a command that may not be there."""
    bench.be(Backoff(at=9.0, why=Why.TURN), exit=CRASH)
    bench.match = "--unit=nginx.service"
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await bench.gather()
    assert found is not None
    assert "journalctl" in found.missing["output"]
    tool = tmp_path / "journalctl"
    tool.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    tool.chmod(0o755)
    found = await bench.gather("web-2")
    assert found is not None
    assert "output" not in found.missing
    said = found.output[-1]
    assert "journal: --unit=nginx.service" == said.path
    assert "--unit=nginx.service" == said.lines[-1]
    assert said.lines[-2].startswith("--until=@1")


async def test_what_hangs_costs_only_itself(
    bench: Bench, hung: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that never returns is given up; the rest is kept, and it is said."""
    gate = threading.Event()
    monkeypatch.setattr(gathering, "LOOK_SECS", 2.0)
    monkeypatch.setattr(look, "tree", lambda _pid: gate.wait(PATIENCE))
    bench.be(Running(at=0.0, pid=hung))
    try:
        found = await bench.gather()
    finally:
        gate.set()
    assert found is not None
    assert "no answer in 2 s" == found.missing["tree"]
    assert found.files is not None
    assert "bye" == found.telling[-1]


async def test_a_disk_that_takes_nothing_is_told_until_it_does(bench: Bench) -> None:
    """The incident goes on; status says what to do, and no more once it is mended."""
    bench.store.folder.write_bytes(b"in the way")
    bench.be(Backoff(at=9.0, why=Why.TURN), exit=CRASH)
    assert await bench_without_evidence(bench)
    [problem] = bench.problems.all()
    assert "evidence of incidents is not kept: cannot" in problem.words
    assert f"df -h {bench.store.folder}" in problem.do
    await bench.gatherer.retry()
    assert [problem] == list(bench.problems.all())
    bench.store.folder.unlink()
    await bench.gatherer.retry()
    assert () == bench.problems.all()
    assert bench.store.read("web-1") is not None


async def test_what_waited_for_the_disk_is_bounded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest are kept as soon as one can be; the oldest are given up."""
    monkeypatch.setattr(gathering, "MOST_UNKEPT", 2)
    bench.store.folder.write_bytes(b"in the way")
    bench.be(Backoff(at=9.0, why=Why.TURN), exit=CRASH)
    for n in range(4):
        await bench.gatherer.gather("web", 3, f"web-{n}", {})
    bench.store.folder.unlink()
    await bench.gatherer.gather("web", 3, "web-4", {})
    expected = {"web-2.json", "web-3.json", "web-4.json"}
    assert expected == {path.name for path in bench.store.folder.iterdir()}
    assert () == bench.problems.all()


async def bench_without_evidence(bench: Bench) -> bool:
    await bench.gatherer.gather("web", 3, "web-1", {})
    return bench.store.folder.is_file() and len(bench.events) == 1


async def test_a_disk_that_hangs_holds_nobody(
    bench: Bench, hung: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``Gathered`` comes all the same, and status tells of the disk."""
    gate = threading.Event()

    def hang(_incident: str, _data: bytes) -> None:
        gate.wait(PATIENCE)

    monkeypatch.setattr(gathering, "GATHERED_SECS", 2.0)
    monkeypatch.setattr(bench.store, "write", hang)
    bench.be(Running(at=0.0, pid=hung))
    try:
        assert await bench.gather() is None
    finally:
        gate.set()
    assert [PROBLEM] == list(bench.problems._by_cause)


async def test_a_defect_of_ours_holds_nobody(bench: Bench) -> None:
    """Whatever is raised in our own code: the event comes, and nothing else ends."""

    def broken(_service: str) -> list[Sample]:
        raise KeyError("a defect")

    bench.samples = broken
    bench.be(Running(at=0.0, pid=os.getpid()))
    assert await bench.gather() is None


async def test_a_service_that_nobody_knows(bench: Bench) -> None:
    """It was removed meanwhile, perhaps."""
    with trio.fail_after(PATIENCE):
        await bench.gatherer.gather("gone", 1, "gone-1", {})
    assert 1 == len(bench.events)


async def test_hundreds_at_once_are_bounded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are too many are healed without evidence, each with its event."""
    monkeypatch.setattr(gathering, "MOST_WAITING", 5)
    bench.be(Backoff(at=9.0, why=Why.TURN), exit=CRASH)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            for n in range(20):
                nursery.start_soon(bench.gatherer.gather, "web", 3, f"web-{n}", {})
    told = {event.incident for event in bench.events if isinstance(event, Gathered)}
    assert 20 == len(told) == len(bench.events)
    assert 5 == len(list(bench.store.folder.iterdir()))


async def test_other_settings_than_before_are_told(bench: Bench) -> None:
    """A crash soon after a change of the config is put beside it."""

    def spawned(at: float) -> Spawned:
        return Spawned(at=at, service="web", run=3, pid=777_777, started=5)

    now = trio.current_time()
    bench.gatherer.note(spawned(now - 90))
    bench.be(Backoff(at=9.0, why=Why.TURN), exit=CRASH)
    found = await bench.gather()
    assert found is not None
    assert not any("settings" in words for words in found.changed)
    launch = bench.loop.launches["web"]
    bench.loop.launches["web"] = msgspec.structs.replace(launch, argv=("/bin/cat",))
    bench.gatherer.note(spawned(now - 60))
    found = await bench.gather("web-2")
    assert found is not None
    [words] = [words for words in found.changed if "settings" in words]
    assert "its settings of now 1 min" in words
