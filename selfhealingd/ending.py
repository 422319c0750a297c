"""The end: everything stopped in order, within deadlines, and the last state kept."""

import os
import signal

import trio

from selfhealingd import logs
from selfhealingd.core.breaker import By
from selfhealingd.core.events import ShutdownAsked
from selfhealingd.core.host import living
from selfhealingd.core.policy import Kind
from selfhealingd.hands import Hands
from selfhealingd.operations import MARGIN_SECS
from selfhealingd.outflow import tell_lost
from selfhealingd.supervise.identity import real_uid
from selfhealingd.supervise.strangers import (
    END_SECS,
    Stranger,
    end_strangers,
    strangers,
)
from selfhealingd.system import System

KILL_SECS = 5.0
FLUSH_SECS = 5.0
HOOKS_SECS = 5.0

log = logs.get("Daemon")


async def stop_all(system: System, hands: Hands) -> bool:
    """Stop everything in order; returns whether that is what was asked for.

    It is not when something is left running, or an essential program ended.
    """
    log.info("shutting down: stopping all programs, in order")
    loop = system.loop
    by = system.shutdown_by or ourselves()
    await loop.ask(
        lambda number: ShutdownAsked(
            at=trio.current_time(),
            request=number,
            by=by,
            reason=system.shutdown_reason,
        )
    )
    with trio.move_on_after(_shutdown_secs(system)):
        await loop.finished.wait()
        await system.inheritance.ended.wait()
    left = _living(system)
    if left:
        kill_all(system, hands)
        with trio.move_on_after(KILL_SECS):
            await loop.finished.wait()
        left = _living(system)
    for name in left:
        log.error(f"{name}: it did not end, even on SIGKILL; it is left behind")
    left += await _end_strangers(system)
    tell_lost(system.outputs)
    system.ending = True
    system.keeper.put(state_changed=True, durable=True)
    if not await system.keeper.flush(FLUSH_SECS):
        log.error(f"the last state was not written: {system.keeper.problem}")
    log.info("stopped")
    return not left and loop.ended_by is None


async def tell_last(system: System) -> None:
    """Let hooks tell of what has happened until now, within a few seconds."""
    system.hooks.hurry()
    with trio.move_on_after(HOOKS_SECS) as scope:
        await system.hooks.drained()
    if scope.cancelled_caught:
        log.warning("hooks were not done telling when the daemon ended")


async def _end_strangers(system: System) -> list[str]:
    """End what came from a program, but leads back to none; return what is left.

    It is spared where it may come from one that may leave processes behind.
    """
    found = await strangers()
    spared = {one: names for one in found if (names := _leavers(system, one))}
    for one, names in spared.items():
        log.warning(
            f"left running, as it may be of {', '.join(names)}, with killasgroup ="
            f" false: {one}"
        )
    if len(spared) == len(found):
        return []
    shown = ", ".join(str(one) for one in found if one not in spared)
    log.warning(f"stopping what came from a program, but led back to none: {shown}")
    left = await end_strangers(lambda one: not _leavers(system, one))
    for one in left:
        log.error(f"{one}: it did not end, even on SIGKILL; it is left behind")
    return [str(one) for one in left]


def _leavers(system: System, stranger: Stranger) -> list[str]:
    """Return the programs that may have left this process behind on purpose.

    Of other users' processes, only what root started may have become one.
    """
    services = system.loop.host.services
    leavers = []
    for name, program in system.loop.policy.programs.items():
        ran = name in services and services[name].run > 0
        if program.killasgroup or not ran or program.kind is Kind.WATCH:
            continue
        launch = system.loop.launches.get(name)
        user = launch.credentials if launch else None
        uid = os.geteuid() if user is None else user.uid
        if uid in (0, real_uid(stranger.identity.pid)):
            leavers.append(name)
    return leavers


def _living(system: System) -> list[str]:
    return [s.name for s in living(system.loop.host)]


def kill_all(system: System, hands: Hands) -> None:
    """Send SIGKILL to everything that is still there."""
    for s in living(system.loop.host):
        hands.signal(s.name, s.run, signal.SIGKILL, group=True)
    system.inheritance.kill()


def end_secs(system: System) -> float:
    """How long the end may take at most, from its first signal to the last state."""
    return _shutdown_secs(system) + KILL_SECS + END_SECS + FLUSH_SECS


def _shutdown_secs(system: System) -> float:
    """How long stopping may take: one priority after the other, each its slowest."""
    slowest: dict[int, float] = {}
    for program in system.loop.policy.programs.values():
        if program.kind is Kind.WATCH:
            continue  # it runs on
        before = slowest.get(program.priority, 0.0)
        slowest[program.priority] = max(before, program.stopwaitsecs)
    return sum(slowest.values()) + MARGIN_SECS


def ourselves() -> By:
    """Who asks, when it is the daemon itself."""
    return By(uid=os.getuid(), pid=os.getpid())
