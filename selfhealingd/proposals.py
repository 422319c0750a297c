"""What a model advises, handed to the engine, which decides what becomes of it.

A report is no permission, wherever it came from: each time it is judged afresh, with
the config as it is then.
"""

from collections.abc import Iterator

import trio

from selfhealingd.config.settings import Config
from selfhealingd.core import consent, proposing
from selfhealingd.core.diagnosis import BadAction, in_words, parse
from selfhealingd.core.events import Advised
from selfhealingd.core.host import Service
from selfhealingd.core.proposal import Ordered, Proposed
from selfhealingd.core.snapshot import Anchor
from selfhealingd.core.words import approve_command
from selfhealingd.system import System
from selfhealingd.wire.documents import ApprovalDocument


def digest(config: Config, service: str) -> str:
    """Return what tells the config that concerns a service from another."""
    return consent.digest(
        config.policy.programs.get(service),
        config.launches.get(service),
        config.watches.get(service),
        config.reloads.get(service),
        config.probes.get(service),
        config.rules.get(service),
        config.runbooks,
        config.llm,
    )


async def propose(system: System, service: str, incident: str, action: str) -> None:
    """Have the engine judge what is advised, in the words of a report."""
    try:
        meant = parse(action, frozenset(system.config.runbooks))
    except BadAction:
        return  # the runbook of then is not there any more
    await system.loop.apply(
        Advised(
            at=trio.current_time(),
            service=service,
            incident=incident,
            action=meant,
            digest=digest(system.config, service),
        )
    )


def approval_digest(system: System, proposal: str) -> str:
    """Return the digest of now for what waits for approval under that id."""
    found = proposing.find(system.loop.host.services.values(), proposal)
    return "" if found is None else digest(system.config, found[0].name)


def waiting(system: System, anchor: Anchor) -> tuple[ApprovalDocument, ...]:
    """Return what may be approved now."""
    services = system.loop.host.services.values()
    return tuple(one for s in services for one in _waiting(system, s, anchor))


def to_approve(system: System, incident: str, anchor: Anchor) -> tuple[str, ...]:
    """Return the command that approves what is proposed for an incident, if any is."""
    found = waiting(system, anchor)
    return tuple(one.do for one in found if one.incident == incident)


def demoted(system: System) -> tuple[str, ...]:
    """Return the services about which a model only advises, having acted in vain."""
    services = system.loop.host.services.values()
    return tuple(s.name for s in services if consent.demoted(s))


def becomes(system: System, service: str, incident: str) -> str | None:
    """Say what becomes of the advice for an incident; None where nothing does."""
    s = system.loop.host.services.get(service)
    if s is None or s.proposal is None or s.proposal.incident != incident:
        return None
    match s.proposal:
        case Ordered(action=action):
            return f"{in_words(action)} is done next: selfhealctl status"
        case Proposed(id=name, action=action):
            return f"to have it done ({in_words(action)}): {approve_command(name)}"


def _waiting(system: System, s: Service, anchor: Anchor) -> Iterator[ApprovalDocument]:
    match s.proposal:
        case Proposed() as one:
            now, meant = trio.current_time(), digest(system.config, s.name)
            if consent.stale(s, one, meant, now) is None:
                yield ApprovalDocument(
                    id=one.id,
                    service=s.name,
                    incident=one.incident,
                    action=in_words(one.action),
                    until=anchor.rfc3339(consent.lapses(s, one, now)),
                    do=approve_command(one.id),
                )
        case _:
            pass
