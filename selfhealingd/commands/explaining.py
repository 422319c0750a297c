"""The method that says why a service is as it is."""

from msgspec.structs import replace

from selfhealingd.commands.common import no_such
from selfhealingd.control.registry import Call
from selfhealingd.core.explanation import explain as write
from selfhealingd.status import facts
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.explanation import ExplanationDocument

EVENTS = 12
LOOK_BACK = 500


async def explain(
    system: System, _call: Call, params: methods.One
) -> ExplanationDocument:
    """What is, since when, what comes next, and what holds it back."""
    host = system.loop.host
    s = host.services.get(params.name)
    if s is None:
        raise no_such("program", params.name, host.services, "selfhealctl status")
    written = write(system.loop.policy, host, s, facts(system))
    its_own = [one for one in system.feed.last(LOOK_BACK) if one.service == s.name]
    return replace(written, events=tuple(its_own[-EVENTS:]))
