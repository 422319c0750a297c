"""Whole trees of real runs: what a stop, a kill and a crash make of them."""

import os
import signal
import sys
from collections.abc import Callable

import harness
import pytest
import trio

from selfhealingd.core.events import Emptied, Event, Exited
from selfhealingd.core.launch import Launch
from selfhealingd.supervise import reaper
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.runs import Kit, Runs
from selfhealingd.supervise.sockets.pool import Sockets

pytestmark = pytest.mark.process

# Its child leads a session, and has a child that also cleared its environment.
CLEARED = """
import os, signal
reader, writer = os.pipe()
if not os.fork():
    os.setsid()
    if not os.fork():
        os.setsid()
        os.set_inheritable(writer, True)
        os.execve('/bin/sh', ['sh', '-c', f'echo >&{writer}; exec sleep 600'], {})
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pause()
os.read(reader, 1)
open(os.environ['READY'], 'w').close()
signal.pause()
"""

# Forked twice, in a session of its own, deaf to SIGTERM.
DAEMON = """
import os, signal
reader, writer = os.pipe()
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(writer, b'x')
    while True: signal.pause()
os.wait()
os.read(reader, 1)
open('ready', 'w').close()
signal.pause()
"""


async def test_a_tree_that_falls_apart(
    nursery: trio.Nursery, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Who was seen when the program was told to end is known after its end, too."""
    ready = tmp_path_factory.mktemp("run") / "ready"
    events: list[Event] = []

    async def report(event: Event) -> None:
        events.append(event)

    def last(kind: type[Event]) -> Callable[[], bool]:
        return lambda: bool(events) and isinstance(events[-1], kind)

    trouble: list[str] = []
    await nursery.start(reaper.serve)
    runs = Runs(
        "tree",
        report,
        lambda _, words: trouble.append(words),
        Kit(outputs=Outputs(ready.parent), sockets=Sockets()),
    )
    launch = Launch(
        argv=(sys.executable, "-c", CLEARED), environment={"READY": str(ready)}
    )
    nursery.start_soon(runs.live, "web", 1, launch)
    await harness.soon(ready.exists)
    runs.signal("web", 1, signal.SIGTERM, group=False)
    await harness.soon(last(Exited))
    [exited] = [event for event in events if isinstance(event, Exited)]
    assert (signal.SIGTERM, 2) == (exited.exit.signal, exited.left)

    runs.signal("web", 1, signal.SIGKILL, group=True)
    await harness.soon(last(Emptied))
    assert [] == trouble


@pytest.mark.parametrize("how", ["stop", "shutdown", "crash"])
async def test_nothing_of_a_program_is_left(how: str) -> None:
    """Not even what forked twice, changed session and ignores SIGTERM.

    After a crash it is gone before the program is started again.
    """
    async with harness.house() as house:
        command = [sys.executable, "-c", DAEMON]
        table = {"command": command, "directory": str(house.root), "stopwaitsecs": 0.3}
        house.write({"web": {**table, "startsecs": 0.1}})
        await house.start()
        pids = await house.running("web")
        await harness.soon((house.root / "ready").exists)
        before = house.marked()
        assert 2 == len(before)
        if how == "stop":
            assert 0 == (await house.ctl("stop", "web")).status
            assert {} == house.marked()
        elif how == "crash":
            os.kill(pids["web"], signal.SIGKILL)
            await house.until_status(
                lambda s: harness.programs(s)["web"]["pid"] not in (None, pids["web"])
            )
            assert not before.keys() & house.marked().keys()
        assert 0 == await house.stop()
        assert {} == house.marked()
