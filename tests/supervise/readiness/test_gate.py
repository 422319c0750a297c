"""Runs that have to show that they are ready, and what is made of what they show."""

import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from harness import soon
from probed import Probed

from selfhealingd.core.ask import Http, failed, unknown
from selfhealingd.core.events import (
    Event,
    Exited,
    MoreTimeAsked,
    Ready,
    Spawned,
    SpawnFailed,
    Unready,
)
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import LogTo
from selfhealingd.core.readiness import (
    Answers,
    Line,
    Notify,
    Readiness,
    Sign,
    Tcp,
    Unix,
)
from selfhealingd.supervise import reaper
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.readiness.gate import Gates
from selfhealingd.supervise.readiness.lines import Reading
from selfhealingd.supervise.runs import Kit, Runs
from selfhealingd.supervise.sockets.pool import Sockets

pytestmark = pytest.mark.process

TELL = """
import os, signal, socket
def tell(message):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(message, os.environ['NOTIFY_SOCKET'])
"""
LISTEN = """
import signal, socket, sys
listener = socket.create_server(('127.0.0.1', int(sys.argv[1])), reuse_port=True)
signal.pause()
"""


class Story:
    """One run after the other, and what is reported of them."""

    def __init__(self, nursery: trio.Nursery, outputs: Outputs, folder: Path) -> None:
        self.events: list[Event] = []
        self.said: list[str | None] = []
        self.trouble: list[str] = []
        self.log = folder / "web.log"
        self.folder = folder
        self.prober = Probed()
        gates = Gates(
            folder,
            outputs,
            report=self._report,
            trouble=self._trouble,
            say=self._say,
            prober=self.prober,
        )
        self.runs = Runs(
            "mark",
            self._report,
            self._trouble,
            Kit(outputs=outputs, sockets=Sockets(), gates=gates),
        )
        self._moved = trio.Event()
        self._nursery = nursery

    def begin(self, sign: Sign | None, code: str, *args: object, **more: Any) -> None:
        launch = Launch(
            argv=(sys.executable, "-c", code, *map(str, args)),
            stdout=LogTo(path=self.log),
            readiness=None if sign is None else Readiness(sign=sign, period=0.05),
            **more,
        )
        self._nursery.start_soon(self.runs.live, "web", 1, launch)

    async def until(self, kind: type[Event]) -> Any:
        await self.moved(lambda: any(isinstance(one, kind) for one in self.events))
        return next(event for event in self.events if isinstance(event, kind))

    async def moved(self, done: Callable[[], object]) -> None:
        with trio.move_on_after(30):
            while not done():
                await self._moved.wait()
        assert done(), (self.events, self.trouble)

    async def end(self) -> None:
        self.runs.signal("web", 1, signal.SIGKILL, group=True)
        await self.until(Exited)

    def lacks(self) -> list[str]:
        return [one.lack for one in self.events if isinstance(one, Unready)]

    async def _report(self, event: Event) -> None:
        self.events.append(event)
        self._move()

    def _trouble(self, service: str, words: str) -> None:
        self.trouble.append(f"{service}: {words}")
        self._move()

    def _say(self, _service: str, words: str | None) -> None:
        self.said.append(words)
        self._move()

    def _move(self) -> None:
        self._moved.set()
        self._moved = trio.Event()


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    outputs = Outputs(tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(reaper.serve)
        await nursery.start(outputs.run)
        made = Story(nursery, outputs, tmp_path)
        yield made
        made.runs.signal("web", 1, signal.SIGKILL, group=True)
        if any(isinstance(event, Spawned) for event in made.events):
            await made.until(Exited)
        nursery.cancel_scope.cancel()


async def test_ready_by_its_own_word(story: Story) -> None:
    """With all else that it says; and nothing is left when it ends."""
    code = f"""{TELL}
tell(b'STATUS=loading')
tell(b'EXTEND_TIMEOUT_USEC=5000000')
tell(b'READY=1\\nSTATUS=serving')
tell(b'STOPPING=1')
signal.pause()
"""
    story.begin(Notify(), code)
    await story.until(Ready)
    more = await story.until(MoreTimeAsked)
    assert 5 == more.seconds
    await story.moved(lambda: len(story.said) == 4)
    await story.end()
    await story.moved(lambda: len(story.said) == 5)
    assert [
        "loading",
        "loading",
        "serving",
        "stopping: serving",
        None,
    ] == story.said
    assert [] == story.trouble
    assert not (story.folder / "notify" / "web.sock").exists()


async def test_a_child_may_speak_for_it(story: Story) -> None:
    """As scripts have a helper do it."""
    story.begin(Notify(), f"{TELL}\nif not os.fork(): tell(b'READY=1')\nsignal.pause()")
    assert 1 == (await story.until(Ready)).run


async def test_a_stranger_may_not(story: Story) -> None:
    """What he says is told as trouble, and counts for nothing."""
    story.begin(Notify(), f"{TELL}\nsignal.pause()")
    await story.until(Spawned)
    path = str(story.folder / "notify" / "web.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(b"READY=1", path)
    await story.moved(lambda: story.trouble)
    assert f"ignored a notification of pid {os.getpid()}" in story.trouble[0]
    assert [Spawned] == [type(event) for event in story.events]


async def test_no_socket_without_need(story: Story) -> None:
    """What doesn't declare it finds none, nor that of another."""
    code = "print(os.environ.get('NOTIFY_SOCKET'), flush=True)"
    story.begin(Line("^None$"), f"import os, signal\n{code}\nsignal.pause()")
    await story.until(Ready)


async def test_a_socket_that_can_not_be_made(story: Story) -> None:
    """The run never begins, and why is told."""
    (story.folder / "notify").touch()
    story.begin(Notify(), "")
    failed = await story.until(SpawnFailed)
    path = story.folder / "notify" / "web.sock"
    assert f"cannot make its notify socket '{path}': " in failed.problem


async def test_ready_by_a_line(story: Story) -> None:
    """Of stdout or stderr, in the middle of others, written since it was started."""
    story.log.write_text("it is up\n")
    errors = LogTo(path=story.folder / "web.err.log")
    code = """
import signal, sys
print('first', flush=True)
print('it is', end='', flush=True)
sys.stdin.read()
sys.stderr.write('it is up on 80\\n')
signal.pause()
"""
    story.begin(Line(r"up on \d+$"), code, stderr=errors)
    await story.until(Ready)


async def test_an_earlier_line_does_not_count(story: Story) -> None:
    """It was another run's."""
    story.log.write_text("it is up\n")
    code = "import signal\nprint('not yet', flush=True)\nsignal.pause()"
    story.begin(Line("up"), code)
    await soon(lambda: b"not yet" in story.log.read_bytes())
    await story.end()
    assert not any(isinstance(event, Ready) for event in story.events)


async def test_a_pattern_that_takes_too_long(story: Story) -> None:
    """It is told instead of stopping everything."""
    code = "import signal\nprint('a' * 60 + 'b', flush=True)\nsignal.pause()"
    story.begin(Line("(a+)+$"), code)
    unready = await story.until(Unready)
    assert "takes too long" in unready.lack


async def test_ready_by_a_port(story: Story) -> None:
    """First nobody listens, then it does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    code = "import time; time.sleep(0.3)\n" + LISTEN
    story.begin(Tcp("", port), code, port)
    await story.until(Ready)
    assert [f"nothing listens on :{port}"] == story.lacks()


async def test_ready_by_a_unix_socket(story: Story) -> None:
    """Likewise."""
    path = story.folder / "web.sock"
    code = """
import signal, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
signal.pause()
"""
    story.begin(Unix(str(path)), code, path)
    await story.until(Ready)


@pytest.mark.parametrize("kind", ["tcp", "unix"])
async def test_who_listened_before_it_is_not_it(story: Story, kind: str) -> None:
    """A port that answers too early is somebody else's: it doesn't count."""
    path = str(story.folder / "s")
    family = socket.AF_INET if kind == "tcp" else socket.AF_UNIX
    with socket.socket(family) as listener:
        listener.bind(("127.0.0.1", 0) if kind == "tcp" else path)
        listener.listen()
        port = listener.getsockname()[1]
        place = Tcp("127.0.0.1", port) if kind == "tcp" else Unix(path)
        story.begin(place, "import signal; signal.pause()")
        unready = await story.until(Unready)
    assert f"another process already listens on {place}" == unready.lack


async def test_a_port_that_it_shares(story: Story) -> None:
    """With its own listener on it, it is ready."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as listener:
        port = listener.getsockname()[1]
        story.begin(Tcp("", port), LISTEN, port)
        await story.until(Ready)


async def test_a_port_that_it_was_given(story: Story) -> None:
    """A listener from before its start that it holds open is its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        fetch = """
import ctypes, os, signal, sys
pidfd = os.pidfd_open(int(sys.argv[1]))
fd = ctypes.CDLL(None).syscall(438, pidfd, int(sys.argv[2]), 0)
assert fd >= 0
signal.pause()
"""
        if os.geteuid() != 0:
            pytest.skip("only root may fetch a descriptor from us")
        story.begin(Tcp("", port), fetch, os.getpid(), listener.fileno())
        await story.until(Ready)


async def test_ready_by_an_answer(story: Story) -> None:
    """It is asked again until all is well; what was said instead is told once."""
    down = failed("HTTP 503")
    story.prober.answers = [down, down, unknown("no descriptor"), down]
    asked = Http(host="127.0.0.1", port=80)
    sign = Answers(str(asked))
    story.begin(sign, "import signal; signal.pause()", asks=asked)
    await story.until(Ready)
    assert ["HTTP 503", "no descriptor", "HTTP 503"] == story.lacks()
    assert 5 == len(story.prober.asked)
    ask, launch, _ = story.prober.asked[0]
    assert (asked, sys.executable) == (ask, launch.argv[0])


HEART = f"""{TELL}
assert '2500000' == os.environ['WATCHDOG_USEC']
assert 'WATCHDOG_PID' not in os.environ
tell(b'WATCHDOG=1')
tell(b'READY=1\\nWATCHDOG=1')
tell(b'WATCHDOG=trigger')
signal.pause()
"""


async def test_heartbeats(story: Story) -> None:
    """They come with other words, and beside another sign of readiness."""
    story.begin(Notify(), HEART, watchdog=2.5)
    await story.until(Ready)
    await story.moved(lambda: len(story.prober.heard) == 3)
    expected = [("web", 1, "beat"), ("web", 1, "beat"), ("web", 1, "fail")]
    assert expected == story.prober.heard


async def test_heartbeats_are_no_sign_of_readiness(story: Story) -> None:
    """Where another one is waited for, its word doesn't make it ready."""
    story.begin(Line("never"), HEART, watchdog=2.5)
    await story.moved(lambda: len(story.prober.heard) == 3)
    await story.end()
    assert not any(isinstance(event, Ready) for event in story.events)
    await soon(lambda: not (story.folder / "notify" / "web.sock").exists())


async def test_heartbeats_without_any_sign(story: Story) -> None:
    """It may have no more to show than that it is up."""
    story.begin(None, HEART, watchdog=2.5)
    await story.moved(lambda: len(story.prober.heard) == 3)


async def test_a_second_gate_that_can_not_be_made(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the first one is cleared away."""

    async def prepare(*_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise OutputError("no such log")

    monkeypatch.setattr(Reading, "prepare", prepare)
    story.begin(Line("x"), HEART, watchdog=2.5)
    await story.until(SpawnFailed)
    assert not (story.folder / "notify" / "web.sock").exists()
