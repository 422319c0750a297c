"""Methods for the hooks: who is told of what, how that goes, and to try one."""

import shlex
from functools import partial

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.anchoring import anchor
from selfhealingd.commands.common import (
    asker,
    no_such,
    record,
    refuse_at_the_end,
)
from selfhealingd.control.registry import Call
from selfhealingd.core.hook import Execute, Hook, Notify, Post
from selfhealingd.core.snapshot import Anchor
from selfhealingd.notify.hooks import Tally
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import EventDocument, HookDocument
from selfhealingd.wire.operation import Finished, Outcome, Started

TEST = "hook.test"
_TRIES = 4
_MARGIN_SECS = 30.0

log = logs.get("Hooks")


async def hooks(
    system: System, _call: Call, _params: methods.Nothing
) -> tuple[HookDocument, ...]:
    """All hooks in force, and how each fares."""
    return documents(system, anchor())


def documents(system: System, now: Anchor) -> tuple[HookDocument, ...]:
    """Write down all hooks; ``now``: on both clocks."""
    tallies = system.hooks.tallies()
    return tuple(
        _document(hook, tallies.get(name, Tally()), now)
        for name, hook in system.config.hooks.items()
    )


def _document(hook: Hook, tally: Tally, now: Anchor) -> HookDocument:
    services = None if hook.services is None else tuple(sorted(hook.services))
    return HookDocument(
        name=hook.name,
        to=str(hook.way),
        kind=hook.kind,
        level=hook.level,
        services=services,
        waiting=tally.waiting,
        told=tally.told,
        failed=tally.failed,
        lost=tally.lost,
        row=tally.row,
        problem=tally.problem,
        last=None if tally.last is None else now.rfc3339(tally.last),
    )


async def hook_test(system: System, call: Call, params: methods.HookName) -> Started:
    """Tell of a test by one hook, whatever it is otherwise told of."""
    refuse_at_the_end(system)
    hook = system.config.hooks.get(params.name)
    if hook is None:
        raise no_such("hook", params.name, system.config.hooks, "selfhealctl hooks")
    begun = system.operations.begin(())
    started = msgspec.structs.replace(
        begun, names=(hook.name,), deadline=_longest(hook)
    )
    await record(system, call, "hooks test", hook.name)
    event = EventDocument(
        at=anchor().rfc3339(trio.current_time()),
        seq=0,
        kind=TEST,
        component="Hooks",
        service=None,
        words=f"a test of hook {hook.name} by {asker(call)}: nothing is wrong",
    )
    carry_out = partial(_carry_out, system, call, started, hook, event)
    system.nursery.start_soon(carry_out)
    return started


async def _carry_out(
    system: System, call: Call, started: Started, hook: Hook, event: EventDocument
) -> None:
    outcome = Outcome(name=hook.name, ok=True, words=f"told: {hook.way}")
    try:
        problem = await system.hooks.test(hook.name, event)
    except KeyError:
        problem = "it is gone since a reload"
    except Exception:
        log.exception("a defect of ours ended a test of a hook")
        problem = "a defect of ours, see the daemon's log"
    if problem is not None:
        hint = f"mend it, then: selfhealctl hooks test {shlex.quote(hook.name)}"
        outcome = Outcome(name=hook.name, ok=False, words=problem, hint=hint)
    call.notify("finished", Finished(operation=started.operation, outcomes=(outcome,)))


def _longest(hook: Hook) -> float:
    """Return the seconds after which it is over, with all that is tried again."""
    match hook.way:
        case Execute(timeout=timeout):
            return timeout + _MARGIN_SECS
        case Post(timeout=timeout):
            return _TRIES * timeout + 3 * _MARGIN_SECS
        case Notify(urls=urls, timeout=timeout):
            return _TRIES * len(urls) * timeout + 3 * _MARGIN_SECS
