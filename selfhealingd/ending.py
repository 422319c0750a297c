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
from selfhealingd.supervise.strangers import END_SECS, end_strangers, strangers
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
    with trio.move_on_after(HOOKS_SECS) as scope:
        await system.hooks.drained()
    if scope.cancelled_caught:
        log.warning("hooks were not done telling when the daemon ended")


async def _end_strangers(system: System) -> list[str]:
    """End what came from a program, but leads back to none; return what is left.

    It is spared where a program may leave processes behind: it may be one of them.
    """
    found = await strangers()
    if not found:
        return []
    shown = ", ".join(map(str, found))
    spare = [p for p in system.loop.policy.programs.values() if not p.killasgroup]
    if spare:
        log.warning(
            f"left running, as {spare[0].name} has killasgroup = false: {shown}"
        )
        return []
    log.warning(f"stopping what came from a program, but led back to none: {shown}")
    left = [str(one) for one in await end_strangers()]
    for one in left:
        log.error(f"{one}: it did not end, even on SIGKILL; it is left behind")
    return left


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
