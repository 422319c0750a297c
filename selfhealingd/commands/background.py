"""Methods for the background tasks."""

from selfhealingd import logs
from selfhealingd.commands.common import no_such, record
from selfhealingd.control.registry import Call
from selfhealingd.system import System
from selfhealingd.tasks import NoSuchTask
from selfhealingd.wire import methods
from selfhealingd.wire.operation import Done

log = logs.get("BackgroundTaskManager")

_TARGET = "background tasks"
_BACK = "bring them back with: selfhealctl resume-all"


async def pause_all(system: System, call: Call, params: methods.Why) -> Done:
    """Begin no more runs of any task."""
    paused = system.periodic.manager.pause_all()
    await record(system, call, "pause-all", _TARGET, params.reason)
    return _done("paused", paused, "selfhealctl resume-all")


async def resume_all(system: System, call: Call, params: methods.Why) -> Done:
    """Let all tasks run that should, also those that were ended by hand."""
    resumed = system.periodic.resume_all()
    await record(system, call, "resume-all", _TARGET, params.reason)
    return _done("resumed", resumed, None)


async def cleanup(system: System, call: Call, params: methods.Why) -> Done:
    """End all tasks."""
    ended = system.periodic.cleanup()
    await record(system, call, "cleanup", _TARGET, params.reason)
    return _done("ended", ended, _BACK)


async def unregister(system: System, call: Call, params: methods.TaskId) -> Done:
    """End one task."""
    try:
        system.periodic.unregister(params.id)
    except NoSuchTask as error:
        known = [facts.id for facts in system.periodic.manager.facts()]
        raise no_such("task", params.id, known, "selfhealctl tasks") from error
    await record(system, call, "unregister", params.id, params.reason)
    words = f"ended task {params.id}"
    log.info(words)
    return Done(words=words, names=(params.id,), hint=_BACK)


def _done(verb: str, ids: list[str], hint: str | None) -> Done:
    tasks = "task" if len(ids) == 1 else "tasks"
    words = f"{verb} {len(ids)} background {tasks}"
    log.info(f"{words}: {', '.join(ids)}" if ids else words)
    return Done(words=words, names=tuple(ids), hint=hint)
