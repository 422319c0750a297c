"""The method that replays the journal, in a process that holds up nobody."""

import sys
from pathlib import Path

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.commands.common import refuse_at_the_end
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core.launch import Launch
from selfhealingd.inheritance import instance
from selfhealingd.supervise.environment import INSTANCE, TASK
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import run_to_end
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.operation import Started
from selfhealingd.wire.replay import Replayed, ReplayedDocument

REPLAY_SECS = 300.0
FLUSH_SECS = 1.0
MOST_BYTES = 1024 * 1024

log = logs.get("Control")


async def replay(system: System, call: Call, params: methods.Replay) -> Started:
    """Begin a replay; what it tells comes as ``replayed``. It ends with its client."""
    refuse_at_the_end(system)
    if params.config is not None and not Path(params.config).is_absolute():
        raise Refusal(Kind.BAD_REQUEST, "the config has to be named by its full path")
    if system.replaying:
        words = "another replay is under way: ask again in a moment"
        raise Refusal(Kind.BUSY, words)
    begun = system.operations.begin(())
    started = msgspec.structs.replace(begun, deadline=REPLAY_SECS + FLUSH_SECS)
    system.replaying = True
    scope = trio.CancelScope()

    async def carry_out() -> None:
        told = Replayed(problem="a defect of ours, see the daemon's log")
        try:
            with scope:
                told = await _run(system, params)
        except Exception:
            log.exception("a defect of ours ended a replay")
        finally:
            system.replaying = False
        document = ReplayedDocument(
            operation=started.operation,
            replay=told.replay,
            problem=told.problem,
            mistakes=told.mistakes,
        )
        call.notify("replayed", document)

    call.on_close(scope.cancel)
    system.nursery.start_soon(carry_out)
    return started


async def _run(system: System, params: methods.Replay) -> Replayed:
    # What was told a moment ago may not be on disk yet.
    await system.keeper.flush(FLUSH_SECS)
    argv = [sys.executable, "-P", "-m", "selfhealingd.replaying"]
    argv += [str(system.journal.path)]
    argv += ["--since", params.since.isoformat()] if params.since else []
    argv += ["--config", params.config] if params.config is not None else []
    marks = {INSTANCE: instance(system.config), TASK: "replay"}
    try:
        ran = await run_to_end(
            Launch(argv=tuple(argv)),
            marks,
            timeout=REPLAY_SECS,
            output_limit=MOST_BYTES,
        )
    except SpawnError as error:
        return Replayed(problem=str(error))
    if ran.timed_out:
        words = f"it took over {REPLAY_SECS:g} s"
        return Replayed(problem=f"{words}: name a later time with --since")
    if (problem := ran.problem(REPLAY_SECS)) is not None:
        return Replayed(problem=problem)
    try:
        last = ran.tail.strip().rpartition("\n")[2]
        return msgspec.json.decode(last, type=Replayed)
    except msgspec.DecodeError as error:
        return Replayed(problem=f"cannot understand what it told: {error}")
