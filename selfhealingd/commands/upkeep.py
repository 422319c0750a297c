"""Methods for the daemon itself: reading its files again, and its end."""

import os

from selfhealingd.commands.common import asker, record, refuse_at_the_end
from selfhealingd.control.registry import Call
from selfhealingd.ending import end_secs
from selfhealingd.reloading import reload as reload_all
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import ReloadReport, ShuttingDown


async def reload(system: System, call: Call, _params: methods.Nothing) -> ReloadReport:
    """Read flags and config again, restarting nothing."""
    refuse_at_the_end(system)
    await record(system, call, "reload", "flags and config")
    return await reload_all(system)


async def shutdown(
    system: System, call: Call, _params: methods.Nothing
) -> ShuttingDown:
    """Stop all programs, in order, and end."""
    system.ask_shutdown(asker(call))
    return ShuttingDown(
        words="shutting down: stopping all programs, in order",
        pid=os.getpid(),
        deadline=end_secs(system),
    )
