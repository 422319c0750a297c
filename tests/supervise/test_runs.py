"""Each run's life as events, in order, whatever it does."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trio
import trio.testing
from probed import Probed

from selfhealingd.core.adoption import UNSEEN
from selfhealingd.core.events import Emptied, Event, Exited, Spawned, SpawnFailed
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import Listening, Unix
from selfhealingd.core.output import LogTo
from selfhealingd.core.readiness import Notify, Readiness
from selfhealingd.supervise import reaper
from selfhealingd.supervise.adopted import zombie_status
from selfhealingd.supervise.child import Child, ExitStatus
from selfhealingd.supervise.identity import Identity, start_ticks
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.pidfd import wait_exited
from selfhealingd.supervise.readiness.gate import Gates
from selfhealingd.supervise.runs import Kit, Runs
from selfhealingd.supervise.sockets.pool import Sockets

Begin = Callable[..., Awaitable[tuple[Child, str]]]
pytestmark = pytest.mark.process


class Story:
    """Runs, and what they report."""

    def __init__(
        self, nursery: trio.Nursery, outputs: Outputs, runtime_dir: Path
    ) -> None:
        self.events: list[Event] = []
        self.trouble: list[str] = []
        self.said: list[str | None] = []
        gates = Gates(
            runtime_dir,
            outputs,
            report=self._report,
            trouble=self._trouble,
            say=lambda _, words: self.said.append(words),
            prober=Probed(),
        )
        self.runs = Runs(
            "mark",
            self._report,
            self._trouble,
            Kit(outputs=outputs, sockets=Sockets(), gates=gates),
        )
        self._moved = trio.Event()
        self._nursery = nursery

    def begin(self, script: str, run: int = 1) -> None:
        launch = Launch(argv=("sh", "-c", script))
        self._nursery.start_soon(self.runs.live, "web", run, launch)

    async def until(self, kind: type[Event]) -> Event:
        with trio.fail_after(20):
            while not any(isinstance(event, kind) for event in self.events):
                await self._moved.wait()
        return next(event for event in self.events if isinstance(event, kind))

    async def _report(self, event: Event) -> None:
        self.events.append(event)
        self._moved.set()
        self._moved = trio.Event()

    def _trouble(self, service: str, words: str) -> None:
        self.trouble.append(f"{service}: {words}")


@pytest.fixture
async def story(
    reaping: None,  # noqa: ARG001
    nursery: trio.Nursery,
    tmp_path: Path,
) -> AsyncIterator[Story]:
    outputs = Outputs(tmp_path / "run")
    await nursery.start(outputs.run)
    made = Story(nursery, outputs, tmp_path / "run")
    yield made
    made.runs.signal("web", 1, signal.SIGKILL, group=True)


async def test_spawned_then_exited(story: Story) -> None:
    """In this order, with pid, start time and exit status; no more if none is left."""
    await story.runs.live("web", 1, Launch(argv=("sh", "-c", "exit 3")))
    spawned, exited = story.events
    assert isinstance(spawned, Spawned)
    assert isinstance(exited, Exited)
    assert spawned.pid > 1
    assert spawned.started is not None
    assert (3, None, 0) == (exited.exit.code, exited.exit.signal, exited.left)
    assert spawned.at <= exited.at
    assert [1, 1] == [spawned.run, exited.run]


async def test_its_last_words_come_before_its_end(
    nursery: trio.Nursery, tmp_path: Path
) -> None:
    """When the exit is reported, the log has what was written just before it."""
    log = LogTo(path=tmp_path / "web.log")
    found: list[bytes] = []

    async def report(event: Event) -> None:
        if isinstance(event, Exited):
            found.append(log.path.read_bytes())

    await nursery.start(reaper.serve)
    outputs = Outputs(tmp_path / "run")
    await nursery.start(outputs.run)
    trouble = lambda _, words: pytest.fail(words)  # noqa: E731
    runs = Runs("mark", report, trouble, Kit(outputs=outputs, sockets=Sockets()))
    # Who writes little by little is left alone for longer and longer.
    script = "for n in 1 2 3 4 5 6; do echo $n; sleep 0.02; done; echo last; kill -9 $$"
    launch = Launch(argv=("sh", "-c", script), stdout=log)
    with trio.fail_after(20):
        for run in (1, 2):
            await runs.live("web", run, launch)
    assert [1, 2] == [said.count(b"last\n") for said in found]
    nursery.cancel_scope.cancel()


async def test_a_fifo_that_can_not_be_is_a_failed_start(
    story: Story, tmp_path: Path
) -> None:
    """What is in its way is in the words."""
    (tmp_path / "run").write_text("in the way")
    launch = Launch(argv=("true",), stdout=LogTo(path=tmp_path / "web.log"))
    await story.runs.live("web", 1, launch)
    [failed] = story.events
    assert isinstance(failed, SpawnFailed)
    assert "cannot open FIFO" in failed.problem


async def test_what_can_not_start_is_one_event(story: Story) -> None:
    """Why is in it."""
    await story.runs.live("web", 1, Launch(argv=("/nonexistent/tool",)))
    [failed] = story.events
    assert isinstance(failed, SpawnFailed)
    assert "/nonexistent/tool" in failed.problem


async def test_begun_at_once(story: Story) -> None:
    """Its events are the same as those of any start."""
    launch = Launch(argv=("sh", "-c", "exit 3"))
    order = story.runs.begin("web", 1, launch)
    assert order is not None
    await story.runs.live("web", 1, launch, order)
    spawned, exited = story.events
    assert isinstance(spawned, Spawned)
    assert isinstance(exited, Exited)
    assert (3, None, 0) == (exited.exit.code, exited.exit.signal, exited.left)


async def test_begun_but_can_not_start(story: Story) -> None:
    """It is told as of any start."""
    launch = Launch(argv=("/nonexistent/tool",))
    order = story.runs.begin("web", 1, launch)
    assert order is not None
    await story.runs.live("web", 1, launch, order)
    [failed] = story.events
    assert isinstance(failed, SpawnFailed)
    assert "/nonexistent/tool" in failed.problem


async def test_begun_and_then_cancelled(
    story: Story, footprint: Callable[[], tuple[list[str], bool]]
) -> None:
    """What was started is ended, though nobody had begun to wait for it."""
    before = footprint()
    launch = Launch(argv=("sleep", "600"))
    order = story.runs.begin("web", 1, launch)
    assert order is not None
    with trio.fail_after(20), trio.CancelScope() as scope:
        scope.cancel()
        await story.runs.live("web", 1, launch, order)
    assert [] == story.events
    assert before == footprint()


async def test_not_begun_where_something_is_to_be_waited_for(
    story: Story, tmp_path: Path
) -> None:
    """A readiness to be prepared, a socket to be opened, or a way that is barred."""
    ready = Readiness(sign=Notify())
    assert story.runs.begin("web", 1, Launch(argv=("true",), readiness=ready)) is None
    there = Listening(name="s", address=Unix(path=tmp_path / "s"))
    assert story.runs.begin("web", 1, Launch(argv=("true",), sockets=(there,))) is None
    (tmp_path / "run").write_text("in the way")
    barred = Launch(argv=("true",), stdout=LogTo(path=tmp_path / "web.log"))
    assert story.runs.begin("web", 1, barred) is None


async def test_a_group_is_empty_only_when_all_of_it_is_gone(story: Story) -> None:
    """What the program left behind is counted; a signal to the group ends it."""
    story.begin("sleep 1000 & sleep 1000 & exit 0")
    exited = await story.until(Exited)
    assert isinstance(exited, Exited)
    assert 2 == exited.left
    assert not any(isinstance(event, Emptied) for event in story.events)
    story.runs.signal("web", 1, signal.SIGKILL, group=True)
    await story.until(Emptied)


async def test_a_signal_reaches_its_run_alone(story: Story) -> None:
    """One to a run that is gone, or never was, is no trouble."""
    story.begin(f'exec {sys.executable} -c "import time; time.sleep(1000)"')
    await story.until(Spawned)
    story.runs.signal("web", 2, signal.SIGKILL, group=True)
    story.runs.signal("api", 1, signal.SIGKILL, group=False)
    story.runs.signal("web", 1, signal.SIGKILL, group=False)
    exited = await story.until(Exited)
    assert isinstance(exited, Exited)
    assert signal.SIGKILL == exited.exit.signal
    story.runs.signal("web", 1, signal.SIGKILL, group=True)
    assert [] == story.trouble


async def test_a_lost_run_is_over(story: Story) -> None:
    """Where the watch failed, the core hears of an end, and why."""
    await story.runs.lose("web", 7)
    [exited] = story.events
    assert isinstance(exited, Exited)
    assert 7 == exited.run
    assert exited.exit.problem is not None


async def left_alone(begin: Begin, program: str) -> Identity:
    """Start a program in a session of its own that is another process's child."""
    parent = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(['sh', '-c', sys.argv[1]], start_new_session=True)\n"
        "print(child.pid)\n"
        "child.wait()\n"
        "time.sleep(600)"
    )
    _, pid = await begin(parent, program)
    started = start_ticks(int(pid))
    assert started is not None
    return Identity(int(pid), started)


async def test_what_is_adopted_is_told_of_as_any_other_run(
    story: Story, nursery: trio.Nursery, begin: Begin
) -> None:
    """Who it is, and its end; the time that it lasted began before us."""
    identity = await left_alone(
        begin, "trap 'exit 4' TERM; while :; do sleep 0.05; done"
    )
    held = trio.Event()
    launch = Launch(argv=())
    nursery.start_soon(story.runs.adopt, "web", 1, identity, launch, held)
    with trio.fail_after(20):
        await held.wait()
    spawned = await story.until(Spawned)
    assert isinstance(spawned, Spawned)
    assert (identity.pid, identity.started) == (spawned.pid, spawned.started)
    story.runs.signal("web", 1, signal.SIGTERM, group=True)
    exited = await story.until(Exited)
    assert isinstance(exited, Exited)
    assert exited.exit.code in (4, None)  # None before Linux 6.15, where it was reaped
    assert exited.exit.lasted >= exited.at - spawned.at


async def test_what_ended_before_it_could_be_adopted_is_over(story: Story) -> None:
    """As if it had ended unseen."""
    nobody = Identity(2**22 - 1, 1)
    await story.runs.adopt("web", 1, nobody, Launch(argv=()), trio.Event())
    [exited] = story.events
    assert isinstance(exited, Exited)
    assert UNSEEN == exited.exit.problem


async def test_what_is_handed_over_is_not_reaped(story: Story) -> None:
    """Its end is left for the successor, who is told how it was."""
    story.begin("exec sleep 1000")
    spawned = await story.until(Spawned)
    assert isinstance(spawned, Spawned)
    assert spawned.started is not None
    identity = Identity(spawned.pid, spawned.started)
    await story.runs.hand_over(20)
    os.kill(spawned.pid, signal.SIGKILL)
    with trio.fail_after(20):
        await wait_exited(identity)
    await trio.testing.wait_all_tasks_blocked()
    assert ExitStatus(None, signal.SIGKILL) == zombie_status(identity)
    assert [spawned] == story.events
    await trio.to_thread.run_sync(os.waitpid, spawned.pid, 0)
