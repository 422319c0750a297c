"""Methods by which a person ends dormancy and closes breakers."""

import trio

from selfhealingd.commands.common import asker, done, need_reason, no_such, record
from selfhealingd.control.registry import Call
from selfhealingd.core.breaker import SELF_HEALING_MAIN, breaker_name
from selfhealingd.core.endpoint import BREAKER
from selfhealingd.core.events import ResetAsked, ResumeAsked
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.operation import Done


async def resume(system: System, call: Call, params: methods.Resume) -> Done:
    """Leave dormant mode."""
    reason = need_reason(params.reason, 'selfhealctl resume --reason "…"')
    by = asker(call)
    [answer] = await system.loop.ask(
        lambda number: ResumeAsked(
            at=trio.current_time(), request=number, by=by, reason=reason
        )
    )
    return done(answer)


async def reset(system: System, call: Call, params: methods.Reset) -> Done:
    """Close a breaker."""
    name = _breaker(system, params.name)
    reason = need_reason(params.reason, f'selfhealctl reset {name} --reason "…"')
    by = asker(call)
    if name == BREAKER:
        system.diagnosis.close_breaker(reason, by)
        await record(system, call, "reset", name, reason=reason)
        return Done(words=f"{name} is CLOSED", names=(name,))
    [answer] = await system.loop.ask(
        lambda number: ResetAsked(
            at=trio.current_time(),
            request=number,
            by=by,
            reason=reason,
            breaker=name,
            force=params.force,
        )
    )
    return done(answer)


def _breaker(system: System, asked: str) -> str:
    """A breaker's name; that of a program will do."""
    services = system.loop.host.services
    own = {name: breaker_name(name, s.kind) for name, s in services.items()}
    known = [SELF_HEALING_MAIN, BREAKER, *own.values()]
    if asked in own:
        return own[asked]
    if asked not in known:
        raise no_such("breaker", asked, known, "selfhealctl breakers")
    return asked
