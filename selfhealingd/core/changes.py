"""What one step changed: found by comparing, so that no decision can forget to tell."""

from collections.abc import Iterable, Iterator

from selfhealingd.core.breaker import SELF_HEALING_MAIN, Breaker, Open, breaker_name
from selfhealingd.core.effects import (
    BreakerChanged,
    Escalated,
    ReadinessChanged,
    Transition,
)
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Life,
    Running,
    Stopping,
    label,
    pid_of,
)


def changes(
    before: Host, after: Host, touched: Iterable[str], *, at: float
) -> Iterator[Transition | ReadinessChanged | Escalated | BreakerChanged]:
    """Name each state that a service or breaker left, and the one it is in now."""
    for name in touched:
        was, now = before.services.get(name), after.services.get(name)
        if was is None or now is None:
            continue
        if was.breaker is not now.breaker:
            yield from _breaker(breaker_name(name, now.kind), was.breaker, now.breaker)
        if label(was.life) != label(now.life) or was.run != now.run:
            yield _transition(was, now)
        elif _lacking(was.life) != _lacking(now.life):
            yield ReadinessChanged(service=name, lack=_lacking(now.life))
        if _killed(now.life) and not (was.run == now.run and _killed(was.life)):
            yield Escalated(service=name, run=now.run, waited=at - now.life.at)
    if before.main is not after.main:
        yield from _breaker(SELF_HEALING_MAIN, before.main, after.main)


def _killed(life: Life) -> bool:
    return isinstance(life, Stopping) and life.killed


def _lacking(life: Life) -> str | None:
    return life.lack if isinstance(life, Running) else None


def _transition(was: Service, now: Service) -> Transition:
    until, why = None, None
    if isinstance(now.life, Backoff):
        until, why = now.life.until, now.life.why.value
    elif isinstance(now.life, Exited):
        why = now.life.held.value
    elif isinstance(now.life, Stopping):
        why = now.life.problem
    return Transition(
        service=now.name,
        kind=now.kind,
        before=label(was.life),
        after=label(now.life),
        run=now.run,
        pid=pid_of(now.life),
        exit=now.exit if now.exit is not was.exit else None,
        until=until,
        why=why,
    )


def _breaker(name: str, was: Breaker, now: Breaker) -> Iterator[BreakerChanged]:
    if was.label == now.label or now.change is None:
        return
    yield BreakerChanged(
        breaker=name,
        before=was.label,
        after=now.label,
        failures=now.failures,
        change=now.change,
        until=now.state.until if isinstance(now.state, Open) else None,
    )
