"""The prober's way into other rooms: real commands, and real logs."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing
from harness import soon

from selfhealingd.core.ask import Exec, Outcome
from selfhealingd.core.events import Event
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import LogTo
from selfhealingd.core.probe import LogLine, Probe, Probes
from selfhealingd.probing import prober
from selfhealingd.supervise import reaper
from selfhealingd.supervise.output.outputs import Outputs

pytestmark = pytest.mark.process


class Place:
    """A prober, and a program's log."""

    def __init__(self, folder: Path, outputs: Outputs) -> None:
        self.log = folder / "web.log"
        self.web = Launch(argv=("web",), stdout=LogTo(path=self.log))
        self.events: list[Event] = []
        self.outputs = outputs
        self.prober = prober("mark", outputs, lambda _: self.web, self._report, {})

    async def _report(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    outputs = Outputs(tmp_path / "run")
    async with trio.open_nursery() as nursery:
        await nursery.start(reaper.serve)
        await nursery.start(outputs.run)
        made = Place(tmp_path, outputs)
        await nursery.start(made.prober.run)
        yield made
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        ("exit 0", Outcome.OK, "exit status 0"),
        ("echo it is down >&2; exit 3", Outcome.FAILED, "exit status 3: it is down"),
        ("kill -9 $$", Outcome.FAILED, "killed by SIGKILL"),
    ],
)
async def test_a_command(
    place: Place, script: str, outcome: Outcome, words: str
) -> None:
    """Its end is what it says."""
    ask = Exec(("sh", "-c", script))
    answer = await place.prober.ask(ask, place.web, 20)
    assert (outcome, words) == (answer.outcome, answer.words)


async def test_a_command_that_does_not_exist(place: Place) -> None:
    """Nobody could be asked."""
    answer = await place.prober.ask(Exec(("no-such-command",)), place.web, 20)
    assert Outcome.UNKNOWN is answer.outcome
    assert "no-such-command" in answer.words


async def test_lines_of_a_log(place: Place) -> None:
    """They are read as the program writes them; what was there before is not."""
    place.log.write_text("an old ERR\n")
    probe = Probe(what=LogLine("ERR"), period=60, failure_threshold=1)
    place.prober.put({"web": Probes(liveness=probe)})
    place.prober.begin("web", 1, 4711)
    handles = place.outputs.open("web", place.web.stdout)
    await trio.testing.wait_all_tasks_blocked(0.1)
    ran = partial(trio.run_process, stdout=handles.stdout)
    await ran(["echo", "a new ERR"])
    await soon(lambda: place.events)
    [case] = place.prober.cases("web")
    assert case.answer is not None
    assert "it wrote: a new ERR" == case.answer.words
