"""One call to a model: by a process of its own, within its time."""

import sys
from pathlib import Path

import msgspec

from selfhealingd import logs
from selfhealingd.core.launch import Launch
from selfhealingd.diagnose.call import Answered, Asked
from selfhealingd.supervise.environment import INSTANCE, TASK
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import run_to_end

GRACE_SECS = 3.0
"""For the helper to say itself that its time was over, before it is killed."""

MOST_TOLD = 64 * 1024
HELPER = (sys.executable, "-I", "-m", "selfhealingd.diagnose.helper")

log = logs.get("Diagnosis")


async def call(asked: Asked, mark: str) -> Answered:
    """Make it. ``mark``: what the daemon's processes are known by."""
    try:
        ran = await run_to_end(
            Launch(argv=HELPER, directory=Path("/"), alone=True),
            {INSTANCE: mark, TASK: "llm"},
            timeout=asked.seconds + GRACE_SECS,
            output_limit=MOST_TOLD,
            stdin=msgspec.json.encode(asked),
        )
    except SpawnError as error:
        return Answered(problem=f"was not asked: {error}")
    if ran.timed_out:
        return Answered(problem=f"timed out after {asked.seconds:g} s")
    try:
        last = ran.tail.strip().rpartition("\n")[2]
        return msgspec.json.decode(last, type=Answered)
    except msgspec.DecodeError:
        log.error(f"the helper that asks failed: {ran.problem(asked.seconds)}")
        return Answered(problem="was not asked: its helper failed, see the log")
