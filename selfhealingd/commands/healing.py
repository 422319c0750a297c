"""Methods for the operator's runbooks: which there are, and to run one by hand."""

from msgspec.structs import replace

from selfhealingd import logs
from selfhealingd.commands.common import (
    asker,
    no_such,
    programs,
    record,
    refuse_at_the_end,
)
from selfhealingd.config.settings import Runbook
from selfhealingd.control.registry import Call
from selfhealingd.core.remedy import Run
from selfhealingd.core.spans import span
from selfhealingd.core.undertaking import Undertaking, Verb
from selfhealingd.inheritance import instance
from selfhealingd.operations import MARGIN_SECS
from selfhealingd.runbooks import facts_of, run_runbook
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import RunbookDocument
from selfhealingd.wire.operation import Finished, Outcome, Progress, Started

log = logs.get("SelfHealing")


async def runbooks(
    system: System, _call: Call, _params: methods.Nothing
) -> tuple[RunbookDocument, ...]:
    """All there are, with who may be healed by each."""
    ladders = {
        name: program.healing.ladder
        for name, program in system.loop.policy.programs.items()
    }
    return tuple(
        RunbookDocument(
            name=name,
            command=runbook.launch.argv[0],
            timeout=runbook.timeout,
            services=tuple(n for n, ladder in ladders.items() if Run(name) in ladder),
        )
        for name, runbook in system.config.runbooks.items()
    )


async def run(system: System, call: Call, params: methods.RunByHand) -> Started:
    """Run a runbook for services, one after the other, each within its time."""
    refuse_at_the_end(system)
    runbook = system.config.runbooks.get(params.runbook)
    if runbook is None:
        known = system.config.runbooks
        raise no_such("runbook", params.runbook, known, "selfhealctl runbooks")
    names = programs(system, params.names)
    for name in names:
        target = f"{runbook.name} for {name}"
        await record(system, call, "run", target, params.reason)
    deadline = len(names) * (runbook.timeout + MARGIN_SECS)
    started = replace(system.operations.begin(names), deadline=deadline)

    undertaking = Undertaking(
        number=started.operation,
        verb=Verb.RUN,
        options=runbook.name,
        names=names,
        left=names,
        by=asker(call),
    )

    def begun(name: str) -> Progress:
        words = f"{runbook.name} has {span(runbook.timeout)}"
        return Progress(
            operation=started.operation, name=name, state="BEGUN", words=words
        )

    async def carry_out() -> None:
        outcomes = []
        for done, name in enumerate(names):
            await system.operations.take_in(replace(undertaking, left=names[done:]))
            call.notify("progress", begun(name))
            outcomes.append(await _run(system, runbook, name))
        await system.operations.take_in(replace(undertaking, left=()))
        finished = Finished(operation=started.operation, outcomes=tuple(outcomes))
        call.notify("finished", finished)

    system.nursery.start_soon(carry_out)
    return started


async def _run(system: System, runbook: Runbook, name: str) -> Outcome:
    s = system.loop.host.services.get(name)
    one = (runbook.name, name)
    if s is None:
        return Outcome(name=name, ok=False, words="it is not there any more")
    if s.attempt is not None or one in system.by_hand:
        words = "not run: a remedy is under way, and two at once may undo each other"
        return Outcome(name=name, ok=False, words=words, hint="selfhealctl status")
    system.by_hand.add(one)
    try:
        mark = instance(system.config)
        await system.inheritance.commands_ended.wait()
        problem = await run_runbook(mark, runbook, name, facts_of(s))
    except Exception as fault:
        log.exception(f"{name}: a defect of ours ended runbook {runbook.name}")
        problem = f"cannot be run: {fault!r}"
    finally:
        system.by_hand.discard(one)
    words = f"{runbook.name} {problem or 'is done'}"
    return Outcome(name=name, ok=problem is None, words=words)
