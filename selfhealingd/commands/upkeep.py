"""Methods for the daemon itself: reading its files again, and its end."""

from selfhealingd.commands.common import asker, record, refuse_at_the_end
from selfhealingd.control.registry import Call
from selfhealingd.reloading import reload as reload_all
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import Done, ReloadReport


async def reload(system: System, call: Call, _params: methods.Nothing) -> ReloadReport:
    """Read flags and config again, restarting nothing."""
    refuse_at_the_end(system)
    await record(system, call, "reload", "flags and config")
    return await reload_all(system)


async def shutdown(system: System, call: Call, _params: methods.Nothing) -> Done:
    """Stop all programs, in order, and end."""
    system.ask_shutdown(asker(call))
    return Done(words="shutting down: stopping all programs, in order")
