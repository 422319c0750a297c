"""Methods for the daemon itself: its config, and its end."""

import trio

from selfhealingd.commands.common import asker, record
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core.events import RestartAsked, StopAsked
from selfhealingd.operations import Aim
from selfhealingd.reloading import put_into_force, waiting
from selfhealingd.reloading import reload as reload_all
from selfhealingd.reloading import reread as reread_config
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import Done, ReloadReport, Started
from selfhealingd.wire.messages import Kind


async def reload(system: System, call: Call, _params: methods.Nothing) -> ReloadReport:
    """Read flags and config again, restarting nothing."""
    _refuse_at_the_end(system)
    await record(system, call, "reload", "flags and config")
    return await reload_all(system)


async def reread(system: System, _call: Call, _params: methods.Nothing) -> ReloadReport:
    """Say what an update would change."""
    return await reread_config(system)


async def update(system: System, call: Call, _params: methods.Nothing) -> Started:
    """Read the config again and apply all of it, restarting what has to be."""
    _refuse_at_the_end(system)
    report = await reload_all(system)
    if not report.ok:
        words = "\n".join((report.words, *report.errors))
        hint = f"selfhealingd --config {system.config.file} --check"
        raise Refusal(Kind.REFUSED, words, hint)
    await record(system, call, "update", "config")
    waits = waiting(system)
    restarts = sorted(name for name in waits if name in system.wanted.launches)
    removals = sorted(waits - set(restarts))
    started = system.operations.begin((*restarts, *removals))
    fresh = {name: system.loop.host.services[name].run for name in restarts}

    async def carry_out() -> None:
        await put_into_force(system, keep=frozenset(removals))
        now, by = trio.current_time(), asker(call)
        makes = [
            lambda number, name=name, ask=ask: ask(
                at=now, request=number, by=by, reason="update", service=name
            )
            for ask, names in ((RestartAsked, restarts), (StopAsked, removals))
            for name in names
        ]
        await system.loop.ask(*makes)
        aims = dict.fromkeys(restarts, Aim.UP) | dict.fromkeys(removals, Aim.DOWN)
        finished = await system.operations.watch(started, aims, fresh, call.notify)
        await put_into_force(system, keep=frozenset())
        call.notify("finished", finished)

    system.nursery.start_soon(carry_out)
    return started


async def shutdown(system: System, call: Call, _params: methods.Nothing) -> Done:
    """Stop all programs, in order, and end."""
    system.ask_shutdown(asker(call))
    return Done(words="shutting down: stopping all programs, in order")


def _refuse_at_the_end(system: System) -> None:
    if system.loop.host.shutting_down:
        raise Refusal(Kind.REFUSED, "the daemon is shutting down")
