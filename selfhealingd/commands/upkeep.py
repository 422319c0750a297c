"""Methods for the daemon itself: reading its files again, and its end."""

import os

from selfhealingd.commands.common import (
    asker,
    record,
    refuse_at_the_end,
    refuse_while_upgrading,
)
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.ending import end_secs
from selfhealingd.reloading import reload as reload_all
from selfhealingd.succession import CannotSucceed
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import ReloadReport
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.operation import Done, ShuttingDown


async def reload(system: System, call: Call, params: methods.Why) -> ReloadReport:
    """Read flags and config again, restarting nothing."""
    refuse_at_the_end(system)
    await record(system, call, "reload", "flags and config", params.reason)
    return await reload_all(system)


async def upgrade(system: System, call: Call, _params: methods.Nothing) -> Done:
    """Go on as the code that is installed now, if it takes the config."""
    refuse_at_the_end(system)
    try:
        await system.succession.check()
    except CannotSucceed as error:
        hint = "nothing was changed; mend it, then: selfhealctl upgrade"
        raise Refusal(Kind.REFUSED, f"cannot upgrade: {error}", hint) from error
    if system.keeper.problem is not None:
        words = f"cannot upgrade: the state can't be written: {system.keeper.problem}"
        raise Refusal(Kind.REFUSED, words, "selfhealctl status")
    refuse_at_the_end(system)
    await record(system, call, "upgrade", "selfhealingd")
    system.succession.asked.set()
    return Done(words="going on as the code that is installed now")


async def shutdown(
    system: System, call: Call, _params: methods.Nothing
) -> ShuttingDown:
    """Stop all programs, in order, and end."""
    refuse_while_upgrading(system)
    system.ask_shutdown(asker(call))
    return ShuttingDown(
        words="shutting down: stopping all programs, in order",
        pid=os.getpid(),
        deadline=end_secs(system),
    )
