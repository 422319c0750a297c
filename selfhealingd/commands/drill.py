"""The method that makes a service fail on purpose, where its config allows that."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.commands.common import asker, one, record, refuse_at_the_end
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core import drill as exercises
from selfhealingd.core.drill import Drill, Setting
from selfhealingd.core.leak import noticing
from selfhealingd.core.probe import NONE
from selfhealingd.drilling import Exercise
from selfhealingd.observe.pressure import Pressure
from selfhealingd.store.errors import StoreError
from selfhealingd.store.reading import Reading
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.operation import Finished, Outcome, Progress, Started
from selfhealingd.wire.times import rfc3339

FLUSH_SECS = 1.0
PROBLEM = "drill"

log = logs.get("SelfHealing")


async def drill(system: System, call: Call, params: methods.Drill) -> Started:
    """Begin a drill; it ends with its client."""
    refuse_at_the_end(system)
    wanted = Drill(params.kind)
    name = one(system, params.name, f"drill {wanted.value}")
    if system.drilled is not None:
        words = f"a drill of {system.drilled} is under way: one at a time"
        raise Refusal(Kind.BUSY, words)
    system.drilled, system.drill = name, wanted.value
    try:
        started = await _begin(system, call, wanted, name, confirmed=params.confirmed)
    except BaseException:
        system.drilled = system.drill = None
        raise
    return started


async def _begin(
    system: System, call: Call, wanted: Drill, name: str, *, confirmed: bool
) -> Started:
    loop = system.loop
    setting = await _setting(system, name, confirmed=confirmed)
    refuse_at_the_end(system)
    s = loop.host.services.get(name)
    if s is None or name not in loop.policy.programs:
        raise Refusal(Kind.NO_SUCH_NAME, f"there is no service {name!r} any more")
    no = exercises.refusal(loop.policy, loop.host, s, wanted, setting)
    if no is not None:
        raise Refusal(Kind.REFUSED, f"cannot drill: {no.words}", no.do)
    seconds = exercises.deadline(loop.policy.programs[name], wanted, setting)
    begun = system.operations.begin((name,))
    started = msgspec.structs.replace(begun, deadline=seconds + exercises.MARGIN_SECS)
    await record(system, call, f"drill {wanted.value}", name)
    tell = _teller(call, started.operation, name)
    exercise = Exercise(system, wanted, name, asker(call), tell)
    scope = trio.CancelScope()
    system.problems.set(
        PROBLEM,
        f"{name}: a drill is under way ({wanted.value}): it is made to fail on purpose",
        f"see how it goes: selfhealctl explain {name}; it ends by itself, or with the"
        " command that began it",
    )

    async def carry_out() -> None:
        words = "a defect of ours ended the drill, see the daemon's log"
        outcome = Outcome(name=name, ok=False, words=words)
        try:
            outcome = await exercise.run(seconds, scope)
        except Exception:
            log.exception(f"{name}: a defect of ours ended a drill")
        finally:
            system.drilled = system.drill = None
            system.problems.clear(PROBLEM)
        call.notify(
            "finished", Finished(operation=started.operation, outcomes=(outcome,))
        )

    call.on_close(scope.cancel)
    system.nursery.start_soon(carry_out)
    return started


def _teller(call: Call, operation: int, name: str) -> Callable[[str, str], None]:
    def tell(stage: str, words: str) -> None:
        log.info(f"{name}: drill: {stage}: {words}")
        progress = Progress(operation=operation, name=name, state=stage, words=words)
        call.notify("progress", progress)

    return tell


async def _setting(system: System, name: str, *, confirmed: bool) -> Setting:
    # What was told a moment ago may not be on disk yet.
    await system.keeper.flush(FLUSH_SECS)
    try:
        spent = await trio.to_thread.run_sync(
            partial(_spent, system), abandon_on_cancel=True
        )
    except StoreError as error:
        words = f"cannot see how many drills there were: {error}"
        raise Refusal(Kind.INTERNAL, words) from error
    config = system.config
    return Setting(
        allowed=name in config.drills,
        spent=spent,
        budget=config.max_drills_per_hour,
        pressure=Pressure().share,
        calm=config.max_drill_pressure,
        liveness=config.probes.get(name, NONE).liveness,
        leaks=noticing(config.rules.get(name, ())),
        interval=system.sampler.interval,
        confirmed=confirmed,
    )


def _spent(system: System) -> int:
    """How many drills began in the last hour, under earlier daemons, too."""
    earliest = rfc3339(utc_now() - timedelta(hours=1))
    known = {f"drill {one.value}" for one in Drill}
    count = 0
    for line in Reading(system.journal.path, newest_first=True):
        if str(line.get("at", "~")) < earliest:
            break
        if line.get("kind") == "operator.acted":
            count += line.get("data", {}).get("action") in known
    return count
