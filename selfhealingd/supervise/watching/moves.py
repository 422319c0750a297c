"""The operator's commands to start, stop and restart a watch.

What a command leaves running is what it is for: nothing of it is ended. It bears the
mark of the watch, and none of those by which it would be taken for a program.
"""

import os
import shutil
from pathlib import Path
from signal import SIGKILL, SIGTERM

import trio
from msgspec.structs import replace

from selfhealingd.core.launch import Launch
from selfhealingd.core.spans import span
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.environment import WATCH
from selfhealingd.supervise.errors import SignalError, SpawnError
from selfhealingd.supervise.register import REGISTER
from selfhealingd.supervise.run import Ran, Tail
from selfhealingd.supervise.spawn import start

_TAIL_BYTES = 4096
_TERM_SECS = 2.0
_KILL_SECS = 5.0
_BOOTED = Path("/run/systemd/system")


async def carry_out(
    watch: str,
    launch: Launch,
    limit: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[str | None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a watch's command, and start with what went wrong; None if nothing did.

    It is ended at the deadline of ``limit``, which may be moved. What it says is read
    for as long as something that it left holds its output, so that nobody writes to a
    dead pipe.
    """
    with Tail(_TAIL_BYTES) as tail:
        with REGISTER.commanding():
            problem = await _problem(watch, launch, limit, tail)
        task_status.started(problem)
        await tail.follow()


async def _problem(
    watch: str, launch: Launch, limit: trio.CancelScope, tail: Tail
) -> str | None:
    begun = trio.current_time()
    child: Child | None = None
    try:
        with trio.move_on_at(limit.deadline):
            child = await start(
                outside(launch), marks={WATCH: watch}, handles=tail.handles
            )
    except SpawnError as error:
        return str(error)
    finally:
        tail.close_writer()
    if child is None:
        return f"it did not start within {span(limit.deadline - begun)}"
    try:
        timed_out = await _attend(child, tail, limit)
        tail.drain()
    finally:
        child.close()
    status = child.status
    ran = Ran(
        code=status.code if status else None,
        signal=status.signal if status else None,
        timed_out=timed_out,
        seconds=trio.current_time() - begun,
        tail=tail.text(),
    )
    return ran.problem(round(limit.deadline - begun, 1))


async def _attend(child: Child, tail: Tail, limit: trio.CancelScope) -> bool:
    """Wait for its end, or see to it; returns whether it took too long."""
    async with trio.open_nursery() as nursery:
        # Read until the very end, or a full pipe would keep it from ending well.
        nursery.start_soon(tail.follow)
        with limit:
            await child.wait()
        timed_out = child.status is None
        if timed_out:
            await _end(child)
        nursery.cancel_scope.cancel()
    return timed_out


async def _end(child: Child) -> None:
    for signo, patience in ((SIGTERM, _TERM_SECS), (SIGKILL, _KILL_SECS)):
        try:
            child.send_group(signo)
        except SignalError:
            return
        with trio.move_on_after(patience):
            await child.wait()
            return


def outside(launch: Launch) -> Launch:
    """Return it so that what it leaves is not in our unit, which ends with us.

    Only where systemd runs, and lets us: as root. ``systemctl`` needs none of that.
    """
    if launch.argv[0] == "systemctl" or os.geteuid() != 0 or not _BOOTED.is_dir():
        return launch
    if shutil.which("systemd-run") is None:
        return launch
    user = launch.credentials
    become = () if user is None else (f"--uid={user.uid}", f"--gid={user.gid}")
    argv = ("systemd-run", "--scope", "--quiet", "--collect", *become, "--")
    return replace(launch, argv=(*argv, *launch.argv), credentials=None)
