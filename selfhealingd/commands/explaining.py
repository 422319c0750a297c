"""The method that says why a service is as it is."""

from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
import trio
from msgspec.structs import replace

from selfhealingd.clock import local_time
from selfhealingd.commands.common import no_such, one
from selfhealingd.control.registry import Call
from selfhealingd.core.explanation import explain as write
from selfhealingd.core.prevention import prospect
from selfhealingd.status import facts
from selfhealingd.store.errors import StoreError
from selfhealingd.store.reading import Reading
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import EventDocument
from selfhealingd.wire.explanation import ExplanationDocument

EVENTS = 12
LOOK_BACK = 500
FAR_BACK = 20_000


async def explain(
    system: System, _call: Call, params: methods.One
) -> ExplanationDocument:
    """What is, since when, what comes next, and what holds it back."""
    name = one(system, params.name, "explain")
    # It takes a moment, in which a service may go: so what it is of comes after it.
    seen = await system.judging.foresight.seen(frozenset({name}))
    policy, host = system.loop.policy, system.loop.host
    s = host.services.get(name)
    if s is None or s.name not in policy.programs:
        raise no_such("service", name, host.services, "selfhealctl status")
    written = write(
        policy,
        host,
        s,
        facts(system),
        ahead=prospect(host, policy.programs[s.name], seen, local_time()),
        drill=system.drill if system.drilled == s.name else None,
    )
    its_own = [e for e in system.feed.last(LOOK_BACK) if e.service == s.name]
    its_own = its_own[-EVENTS:]
    if len(its_own) < EVENTS:
        before = its_own[0].at if its_own else "~"
        its_own = [*await _earlier(system, s.name, before), *its_own]
    return replace(written, events=tuple(its_own[-EVENTS:]))


async def _earlier(system: System, name: str, before: str) -> list[EventDocument]:
    """What an earlier daemon told of it; nothing where the journal can't be read."""
    read = partial(_of_journal, system.journal.path, name, before)
    try:
        return await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except StoreError:
        return []


def _of_journal(path: Path, name: str, before: str) -> list[EventDocument]:
    found: list[EventDocument] = []
    for line in islice(Reading(path, newest_first=True), FAR_BACK):
        if line.get("service") != name or str(line.get("at", "~")) >= before:
            continue
        with suppress(msgspec.ValidationError):
            found.append(
                msgspec.json.decode(msgspec.json.encode(line), type=EventDocument)
            )
        if len(found) == EVENTS:
            break
    return found[::-1]
