"""Programs that a client's connection starts: when one does, and what it does.

Such a start was asked for, by a client as others are by the operator: it is no healing,
so neither dormant mode nor the flags hold it up. But it mends nothing, either: what
crashed is healed as any program is, and no connection starts it meanwhile.
"""

from msgspec.structs import replace

from selfhealingd.core import engine
from selfhealingd.core.effects import StartedByClient
from selfhealingd.core.events import Knocked
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Exited, Held, Stopped
from selfhealingd.core.plan import pause_until
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.turn import Turn


def opens_at(program: Program, s: Service) -> float | None:
    """From when on a connection starts a service; None while none does."""
    if not program.starts_on or not s.wanted or s.called:
        return None
    match s.life:
        case Stopped(at=at):
            return at
        case Exited(held=Held.FINISHED, at=at):
            # One that ends without accepting would be started again at once, for ever.
            return at if s.exit is None else pause_until(s.exit)
        case _:
            return None


def watched(policy: Policy, host: Host) -> dict[str, float]:
    """From when on which services' sockets are watched."""
    if host.shutting_down:
        return {}
    found = {
        name: opens_at(policy.programs[name], host.services[name])
        for name in policy.on_connection
        if name in host.services
    }
    return {name: at for name, at in found.items() if at is not None}


def knocked(turn: Turn, event: Knocked) -> None:
    """Take in that a client has come; news of one that is not waited for is stale."""
    s = turn.host.services.get(event.service)
    if s is None or s.name not in watched(turn.policy, turn.host):
        return
    if event.opened:
        turn.say(StartedByClient(service=s.name))
    called = replace(s, called=True)
    turn.put(called)
    engine.bring_up(turn, called)
