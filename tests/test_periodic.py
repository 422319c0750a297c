"""The registry is as the config, and the operator at the terminal, want it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest
import trio
from harness import soon

from selfhealingd.config.settings import Task as Command
from selfhealingd.core.launch import Launch
from selfhealingd.periodic import Periodic
from selfhealingd.tasks import BackgroundTaskManager, NoSuchTask, Task, TaskFacts


async def nothing() -> None:
    """Do nothing, well."""


OWN = Task(id="self-check", every=3600, run=nothing)
Make = Callable[..., Awaitable[Periodic]]


def command(name: str, *argv: str, every: float = 3600, timeout: float = 10) -> Command:
    launch = Launch(argv=argv or ("true",))
    return Command(name=name, every=every, timeout=timeout, jitter=0, launch=launch)


def ids(periodic: Periodic) -> set[str]:
    return {facts.id for facts in periodic.manager.facts()}


def _facts(periodic: Periodic, task: str) -> TaskFacts:
    [found] = [facts for facts in periodic.manager.facts() if facts.id == task]
    return found


@pytest.fixture
async def make(nursery: trio.Nursery) -> AsyncIterator[Make]:
    async def make(*commands: Command, ended: frozenset[str] = frozenset()) -> Periodic:
        manager = BackgroundTaskManager(
            random=Random(1),  # noqa: S311
            on_failure=lambda _task, _words: None,
            on_change=lambda: None,
            paused=frozenset(),
        )
        await nursery.start(manager.run)
        periodic = Periodic(
            manager, "mark", own=[OWN], ended=ended, on_change=lambda: None
        )
        periodic.sync({one.name: one for one in commands})
        return periodic

    yield make
    nursery.cancel_scope.cancel()


async def test_sync_adds_changes_and_removes(make: Make) -> None:
    """The daemon's own stay; an unchanged task is left alone."""
    periodic = await make(command("a"), command("b"))
    assert {"self-check", "a", "b"} == ids(periodic)
    periodic.sync({"b": command("b", every=7), "c": command("c")})
    assert {"self-check", "b", "c"} == ids(periodic)
    assert 7 == _facts(periodic, "b").every


async def test_what_was_ended_by_hand_stays_ended(make: Make) -> None:
    """Over a sync and a restart, until resume-all brings back all."""
    periodic = await make(command("a"), command("b"))
    periodic.unregister("a")
    periodic.sync({"a": command("a", every=5), "b": command("b")})
    assert {"self-check", "b"} == ids(periodic)
    again = await make(command("a"), command("b"), ended=periodic.ended)
    assert {"self-check", "b"} == ids(again)
    assert ["a"] == again.resume_all()
    assert {"self-check", "a", "b"} == ids(again)
    assert frozenset() == again.ended


async def test_cleanup_ends_all_of_them(make: Make) -> None:
    """The daemon's own, too; it is an emergency."""
    periodic = await make(command("a"))
    assert {"a", "self-check"} == set(periodic.cleanup())
    assert set() == ids(periodic)
    periodic.resume_all()
    assert {"self-check", "a"} == ids(periodic)


async def test_an_unknown_id_is_an_error_and_changes_nothing(make: Make) -> None:
    """Neither the registry nor what counts as ended."""
    periodic = await make()
    with pytest.raises(NoSuchTask):
        periodic.unregister("nobody")
    assert frozenset() == periodic.ended


@pytest.mark.process
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 0", None),
        ("echo first; echo no disk; exit 3", "exited with status 3: no disk"),
        ("kill -KILL $$", "killed by SIGKILL"),
        ("exec sleep 1000", "timed out after 0.3 s"),
    ],
)
async def test_a_run_says_what_went_wrong(
    make: Make, tmp_path: Path, script: str, words: str | None
) -> None:
    """The exit in words, and the last line that was printed."""
    done = f"{tmp_path}/done"
    periodic = await make(
        command("a", "sh", "-c", f": > {done}; {script}", every=0.2, timeout=0.3)
    )
    await soon(lambda: _facts(periodic, "a").runs)
    assert words == _facts(periodic, "a").last_error


@pytest.mark.process
async def test_a_command_that_does_not_exist_is_told(make: Make) -> None:
    """It counts as a failed run, with the path in the words."""
    periodic = await make(command("a", "/nonexistent/tool", every=0.1))
    await soon(lambda: _facts(periodic, "a").failures)
    a = _facts(periodic, "a")
    assert a.last_error is not None
    assert "/nonexistent/tool" in a.last_error
