"""Whether what a program depends on is so far that it may start."""

from selfhealingd.core.graph import Condition, ancestors
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Exited, Fatal, Held, Running, Starting
from selfhealingd.core.policy import Policy, Program


def failing(s: Service) -> bool:
    """Whether a service is not well now.

    One that is up again and only waits to be verified is not failing now.
    """
    if isinstance(s.life, Running):
        leading = s.leading
        known = s.open_incident is not None or s.breaker.permanent
        return known and leading is not None and leading.failing
    return s.open_incident is not None or isinstance(s.life, Fatal)


def ready(s: Service) -> bool:
    """Whether a service is up, and lacks nothing to be used."""
    return isinstance(s.life, Running) and s.life.lack is None


def met(s: Service, condition: Condition) -> bool:
    """Whether a service is as far as a dependent of it demands."""
    match condition:
        case Condition.STARTED:
            started = isinstance(s.life, Starting) and s.life.pid is not None
            return started or isinstance(s.life, Running)
        case Condition.READY:
            return ready(s)
        case Condition.HEALTHY:
            return ready(s) and not _in_question(s)
        case Condition.COMPLETED:
            return isinstance(s.life, Exited) and s.life.held is Held.FINISHED


def _in_question(s: Service) -> bool:
    """Whether its being well is still to be shown; what is only told is no question."""
    if s.open_incident is None:
        return False
    return s.leading is None or s.leading.failing


def unmet(host: Host, program: Program) -> dict[str, Condition]:
    """Which direct dependencies are not so far yet."""
    needs = program.depends_on
    return {
        need: condition
        for need, condition in needs.items()
        if not met(host.services[need], condition)
    }


def ill_ancestor(policy: Policy, host: Host, program: Program) -> str | None:
    """Something that it depends on, however far away, that is not known to be well.

    That is from its incident's beginning to its end: until its remedy is verified, what
    fails here is likely a symptom of it.
    """
    needed = ancestors(policy.graph, program.name)
    return next((name for name in needed if _ill(host.services[name])), None)


def _ill(s: Service) -> bool:
    return failing(s) or _in_question(s)


def hindrance(policy: Policy, host: Host, program: Program) -> str | None:
    """What a start waits for, in words: ``db is ready``; None when for nothing."""
    if not program.depends_on:
        return None
    missing = unmet(host, program)
    if missing:
        return " and ".join(f"{need} is {c.value}" for need, c in missing.items())
    ill = ill_ancestor(policy, host, program)
    return None if ill is None else f"{ill} is well"
