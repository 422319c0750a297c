"""What each method of the control protocol does: from a request to the loop and back.

What policy refuses comes back from the loop as an answer; a wrong name is told with
the likely right one.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from selfhealingd.commands import (
    background,
    checkup,
    diagnosis,
    drill,
    engine,
    explaining,
    foretelling,
    healing,
    hooks,
    incidents,
    observing,
    output,
    programs,
    replay,
    sampling,
    updating,
    upkeep,
)
from selfhealingd.control.registry import Registry
from selfhealingd.system import System

HANDLERS: dict[str, Callable[..., Awaitable[object]]] = {
    "status": observing.status,
    "pid": observing.pid,
    "explain": explaining.explain,
    "breakers": observing.breakers,
    "tasks": observing.tasks,
    "flags": observing.flags,
    "incidents": incidents.incidents,
    "forecast": foretelling.forecast,
    "runbooks": healing.runbooks,
    "run": healing.run,
    "hooks": hooks.hooks,
    "hook-test": hooks.hook_test,
    "incident": incidents.incident,
    "evidence": incidents.evidence,
    "llm": diagnosis.llm,
    "llm-preview": diagnosis.preview,
    "llm-report": diagnosis.report,
    "llm-diagnose": diagnosis.diagnose,
    "llm-approve": diagnosis.approve,
    "llm-trust": diagnosis.trust,
    "doctor": checkup.doctor,
    "samples": sampling.samples,
    "history": sampling.history,
    "subscribe": observing.subscribe,
    "version": observing.version,
    "replay": replay.replay,
    "tail": output.tail,
    "clear": output.clear,
    "start": programs.start,
    "stop": programs.stop,
    "restart": programs.restart,
    "signal": programs.signal,
    "drill": drill.drill,
    "resume": engine.resume,
    "reset": engine.reset,
    "pause-all": background.pause_all,
    "resume-all": background.resume_all,
    "cleanup": background.cleanup,
    "unregister": background.unregister,
    "reload": upkeep.reload,
    "reread": updating.reread,
    "update": updating.update,
    "add": updating.add,
    "remove": updating.remove,
    "upgrade": upkeep.upgrade,
    "shutdown": upkeep.shutdown,
}


def registry(system: System) -> Registry:
    """The table of all methods, bound to a running daemon."""
    return Registry({name: partial(do, system) for name, do in HANDLERS.items()})


def results() -> dict[str, object]:
    """Of each method, the type of what it gives."""
    return {name: do.__annotations__["return"] for name, do in HANDLERS.items()}
