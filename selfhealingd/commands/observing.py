"""Methods that only look."""

import os
import platform

import trio

import selfhealingd
from selfhealingd.anchoring import anchor
from selfhealingd.commands.common import programs
from selfhealingd.control.registry import Call
from selfhealingd.core import report
from selfhealingd.core.life import pid_of
from selfhealingd.status import flags as flags_document
from selfhealingd.status import status as status_document
from selfhealingd.status import tasks as task_documents
from selfhealingd.system import System
from selfhealingd.wire import documents as doc
from selfhealingd.wire import methods
from selfhealingd.wire.operation import Done


async def status(system: System, _call: Call, _params: methods.Nothing) -> doc.Status:
    """The whole truth; what it says of breakers is on disk."""
    document = status_document(system)
    await system.loop.settled()
    return document


async def pid(
    system: System, _call: Call, params: methods.Names
) -> list[doc.PidDocument]:
    """Pids of programs that have a process."""
    services = system.loop.host.services
    return [
        doc.PidDocument(name=name, pid=pid_of(services[name].life))
        for name in programs(system, params.names)
    ]


async def breakers(
    system: System, _call: Call, _params: methods.Nothing
) -> tuple[doc.BreakerDocument, ...]:
    """All breakers, the engine's first, as they are on disk."""
    documents = report.breakers(system.loop.host, anchor())
    await system.loop.settled()
    return documents


async def tasks(
    system: System, _call: Call, _params: methods.Nothing
) -> doc.BackgroundTasks:
    """The registry of background tasks."""
    return report.background_tasks(task_documents(system, anchor()))


async def flags(
    system: System, _call: Call, _params: methods.Nothing
) -> doc.FlagsDocument:
    """The flags in force."""
    return flags_document(system, anchor())


async def subscribe(system: System, call: Call, params: methods.Follow) -> Done:
    """Tell of the last events, then ``live``, then of each event as it happens."""
    of = frozenset(programs(system, params.names)) if params.names else None
    scope = trio.CancelScope()

    async def follow() -> None:
        with scope, system.feed.follow() as follower:
            for event in system.feed.last(params.last, of):
                call.notify("event", event)
            call.notify("live", Done(words="live from here on"))
            async for event in follower.events:
                if of is None or event.service in of:
                    call.notify("event", event)

    call.on_close(scope.cancel)
    system.nursery.start_soon(follow)
    return Done(words="subscribed")


async def version(
    _system: System, _call: Call, _params: methods.Nothing
) -> doc.Version:
    """Who answers."""
    return doc.Version(
        name="selfhealingd",
        version=selfhealingd.__version__,
        pid=os.getpid(),
        python=platform.python_version(),
    )
