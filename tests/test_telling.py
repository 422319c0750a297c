"""Hooks run real commands: told on stdin, ended in time, never in the way."""

import json
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from harness import DEADLINE, lives, soon

from selfhealingd.core.hook import Execute, Hook, Post
from selfhealingd.core.launch import Launch
from selfhealingd.core.notice import Notice
from selfhealingd.notify.hooks import Hooks, Letter
from selfhealingd.problems import Problems
from selfhealingd.supervise import reaper
from selfhealingd.telling import make_hooks
from selfhealingd.wire.documents import EventDocument

pytestmark = pytest.mark.process

EVENT = EventDocument(
    at="2026-11-26T13:09:00.123Z",
    seq=7,
    kind="incident.opened",
    component="SelfHealing",
    service="web",
    words="crashed: exited with status 1",
    level="warning",
)


@dataclass
class World:
    """Hooks as the daemon has them, and what status would tell."""

    hooks: Hooks
    problems: Problems

    def have(self, script: str, timeout: float = DEADLINE) -> None:
        launch = Launch(argv=("sh", "-c", script))
        hook = Hook(name="any", way=Execute(launch=launch, timeout=timeout))
        self.hooks.sync({"any": hook})

    async def tell(self, event: EventDocument = EVENT) -> list[str]:
        self.hooks.offer(event)
        with trio.fail_after(DEADLINE):
            await self.hooks.drained()
        return [problem.words for problem in self.problems.all()]


def unwritten(letter: Letter) -> Notice:
    raise AssertionError(letter)


@pytest.fixture
async def world(nursery: trio.Nursery) -> AsyncIterator[World]:
    await nursery.start(reaper.serve)
    problems = Problems()
    hooks = make_hooks("mark", problems, unwritten)
    await nursery.start(hooks.run)
    yield World(hooks, problems)
    nursery.cancel_scope.cancel()


async def test_a_command_is_told(world: World, tmp_path: Path) -> None:
    """The event is on its stdin, and what a shell needs of it in its environment."""
    out = tmp_path / "out"
    world.have(
        f"cat > {out}; echo"
        ' "$SELFHEALINGD_EVENT|$SELFHEALINGD_SERVICE|$SELFHEALINGD_LEVEL|'
        f'$SELFHEALINGD_WORDS|$SELFHEALINGD_MISSED" >> {out}'
    )
    assert [] == await world.tell()
    event, facts = out.read_text().splitlines()
    assert (7, "incident.opened", "web") == tuple(
        json.loads(event)[key] for key in ("seq", "kind", "service")
    )
    assert "incident.opened|web|warning|crashed: exited with status 1|0" == facts


async def test_one_that_fails_is_a_problem_until_it_works(world: World) -> None:
    """Status says what is wrong and how often; a success, or a reload, ends that."""
    world.have("echo no route; exit 3")
    told = "hook any fails: exited with status 3: no route"
    assert [told] == await world.tell()
    again = "hook any fails, 2 times in a row: exited with status 3: no route"
    assert [again] == await world.tell()
    world.have("exit 0")
    assert () == world.problems.all()
    world.have("exit 1")
    assert 1 == len(await world.tell())
    world.have("exit 1")
    assert () == world.problems.all()


async def test_one_that_cannot_be_started(world: World) -> None:
    """The reason is told, and the daemon goes on."""
    launch = Launch(argv=("/nonexistent/tell",))
    hook = Hook(name="any", way=Execute(launch=launch, timeout=1))
    world.hooks.sync({"any": hook})
    [told] = await world.tell()
    assert "/nonexistent/tell" in told


def pids_in(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


async def test_one_that_hangs_is_ended_with_its_tree(
    world: World, tmp_path: Path
) -> None:
    """Its time is up for all that it started, whatever they ignore."""
    file = tmp_path / "pids"
    script = f'(trap "" TERM; setsid sleep 600) & echo $! $$ > {file}; sleep 600'
    world.have(script, timeout=0.5)
    [told] = await world.tell()
    assert "timed out after 0.5 s" in told
    assert [False, False] == [lives(pid) for pid in pids_in(file)]


async def test_one_that_forks_leaves_nothing(world: World, tmp_path: Path) -> None:
    """A daemon that a hook would start is ended with it."""
    file = tmp_path / "pids"
    world.have(f"setsid sleep 600 & echo $! > {file}")
    assert [] == await world.tell()
    assert [False] == [lives(pid) for pid in pids_in(file)]


async def test_one_that_is_killed(world: World, tmp_path: Path) -> None:
    """Somebody's ``kill -9`` is one more way to fail; what it started is ended."""
    file = tmp_path / "pids"
    world.have(f"sleep 600 & echo $$ $! > {file}; wait")
    world.hooks.offer(EVENT)
    await soon(lambda: len(pids_in(file)) == 2)
    os.kill(pids_in(file)[0], signal.SIGKILL)
    with trio.fail_after(DEADLINE):
        await world.hooks.drained()
    [problem] = world.problems.all()
    assert "killed by SIGKILL" in problem.words
    assert [False, False] == [lives(pid) for pid in pids_in(file)]


async def test_a_flood_is_bounded(world: World, tmp_path: Path) -> None:
    """Of thousands of events some are told, and status says how many are not."""
    file = tmp_path / "told"
    world.have(f"echo x >> {file}")
    for _ in range(5000):
        world.hooks.offer(EVENT)
    await soon(lambda: file.exists() and len(file.read_text()) >= 2 * 20)
    [problem] = world.problems.all()
    assert "hook any can't keep up: 4900 events were not told" == problem.words
    world.hooks.sync({})
    assert () == world.problems.all()


@pytest.mark.parametrize(
    ("style", "key", "value"),
    [
        ("event", "kind", "incident.opened"),
        ("chat", "text", "web: crashed: exited with status 1"),
    ],
)
async def test_a_webhook_is_told(
    world: World, nursery: trio.Nursery, style: str, key: str, value: str
) -> None:
    """The whole event, or its words as a chat wants them."""
    got: list[bytes] = []

    async def serve(stream: trio.SocketStream) -> None:
        got.append(await stream.receive_some(65536))
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    nursery.start_soon(trio.serve_listeners, serve, listeners)
    post = Post(
        secure=False,
        host="127.0.0.1",
        port=port,
        target="/",
        timeout=DEADLINE,
        style=style,  # type: ignore[arg-type]
    )
    world.hooks.sync({"any": Hook(name="any", way=post)})
    assert [] == await world.tell()
    head, _, body = got[0].partition(b"\r\n\r\n")
    assert b"X-Selfhealingd-Event: incident.opened" in head
    assert value == json.loads(body)[key]
