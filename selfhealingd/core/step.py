"""The one door to the decisions: ``step(policy, host, event) -> (host, effects)``."""

from typing import assert_never

from msgspec.structs import replace

from selfhealingd.core import (
    attempts,
    elsewhere,
    engine,
    events,
    knocking,
    proposing,
    requests,
    service,
    treatment,
    unfinished,
)
from selfhealingd.core.adoption import fresh as fresh_service
from selfhealingd.core.changes import changes
from selfhealingd.core.effects import (
    BreakerChanged,
    Effect,
    EssentialEnded,
    Finish,
    FlagsSet,
    IncidentDiagnosed,
    Listen,
    Observe,
    ProblemFound,
    ProblemOver,
    Signal,
    Wake,
)
from selfhealingd.core.host import Host, Service, living
from selfhealingd.core.incident import Cause
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Purpose,
    Running,
    Stopped,
    Stopping,
    alive,
)
from selfhealingd.core.plan import busy
from selfhealingd.core.policy import Kind, Policy
from selfhealingd.core.turn import Turn


def step(
    policy: Policy, host: Host, event: events.Event
) -> tuple[Host, tuple[Effect, ...]]:
    """Take in one event; return the host as it is then, and what to do and tell.

    Deeds come first, in the order in which to perform them. An event about a service
    or a run that is not there any more changes nothing.
    """
    turn = Turn(policy, host, event.at)
    _dispatch(turn, event)
    if not turn.host.shutting_down:
        if _others_may_move(turn):
            engine.review_waiting(turn)
        engine.review_dependents(turn)
        _end_with_essential(turn)
    if turn.host.shutting_down:
        _stop_next_wave(turn)
    found = list(changes(host, turn.host, turn.touched, at=turn.at))
    # That a try is let through is told before the try.
    let_through = [c for c in found if _lets_through(c)]
    rest = [c for c in found if not _lets_through(c)]
    told = (*let_through, *turn.announcements, *rest)
    listens = _listens(policy, turn, event)
    observes = _observes(turn, event)
    return turn.host, (*turn.deeds, *_wakes(turn), *listens, *observes, *told)


def _lets_through(change: Effect) -> bool:
    return isinstance(change, BreakerChanged) and change.after == "HALF_OPEN"


def wake_at(policy: Policy, host: Host, name: str) -> float | None:
    """When a service has to be looked at again, if nothing happens before."""
    s, program = host.services[name], policy.programs[name]
    if host.shutting_down and not alive(s.life):
        return None  # what waits now is the next daemon's to bring up
    times = [service.deadline(program, s), treatment.deadline(host, program, s)]
    return min((when for when in times if when is not None), default=None)


def _dispatch(turn: Turn, event: events.Event) -> None:
    match event:
        case events.Began():
            _begin(turn)
        case events.Reconfigured():
            _reconfigure(turn, event.policy)
        case events.FlagsChanged():
            _set_flags(turn, event)
        case events.Due(service=name):
            if name in turn.host.services:
                s = turn.service(name)
                turn.put(*service.due(turn.program(name), s, at=turn.at))
                engine.review(turn, name)
        case events.Noticed() | events.Diagnosed():
            turn.say(_told(event))
        case events.Knocked() | events.Appeared():
            _take_in_others(turn, event)
        case events.Advised():
            proposing.advised(turn, event)
        case events.Undertaken():
            unfinished.undertaken(turn, event)
        case events.Gathered() | events.CommandEnded():
            _take_in_deed(turn, event)
        case (
            events.Spawned()
            | events.SpawnFailed()
            | events.Exited()
            | events.Emptied()
            | events.Ready()
            | events.Unready()
            | events.MoreTimeAsked()
            | events.Sickened()
            | events.Recovered()
        ):
            _take_in(turn, event)
        case _:
            requests.handle(turn, event)


def _take_in_others(turn: Turn, event: events.Knocked | events.Appeared) -> None:
    match event:
        case events.Knocked():
            knocking.knocked(turn, event)
        case events.Appeared():
            elsewhere.appeared(turn, event)


def _told(
    event: events.Noticed | events.Diagnosed,
) -> ProblemFound | ProblemOver | IncidentDiagnosed:
    if isinstance(event, events.Diagnosed):
        return _diagnosed(event)
    whom, key, words = event.service, event.key, event.words
    if event.over:
        return ProblemOver(service=whom, key=key, words=words)
    return ProblemFound(service=whom, key=key, words=words, critical=event.critical)


def _diagnosed(event: events.Diagnosed) -> IncidentDiagnosed:
    return IncidentDiagnosed(
        service=event.service,
        incident=event.incident,
        cause=event.cause,
        action=event.action,
        model=event.model,
        tokens=event.tokens,
        cost=event.cost,
        same_as=event.same_as,
    )


def _take_in_deed(turn: Turn, event: events.Healing) -> None:
    match event:
        case events.Gathered():
            treatment.gathered(turn, event)
        case events.CommandEnded():
            treatment.command_ended(turn, event)
    if event.service in turn.host.services:
        engine.review(turn, event.service)


def _take_in(turn: Turn, event: events.News) -> None:
    """Give a process's news to its service, unless it is of an earlier run."""
    s = turn.host.services.get(event.service)
    if s is None or s.run != event.run:
        return
    program = turn.program(s.name)
    match event:
        case events.Spawned():
            turn.put(*service.spawned(program, s, event))
        case events.SpawnFailed():
            turn.put(*service.spawn_failed(program, s, event))
        case events.Exited(meant=True) if not isinstance(s.life, Stopping):
            elsewhere.withdrawn(turn, event)
        case events.Exited():
            turn.put(*service.exited(program, s, event))
        case events.Emptied():
            turn.put(*service.emptied(program, s, event))
        case events.Ready():
            turn.put(*service.ready(program, s, event))
        case events.Unready():
            turn.put(*service.unready(s, event))
        case events.MoreTimeAsked():
            turn.put(*service.more_time(program, s, event))
            engine.allow_time(turn, turn.service(s.name))
        case events.Sickened():
            turn.put(service.sickened(s, event))
        case events.Recovered():
            turn.put(service.recovered(s, event))
        case _:
            assert_never(event)
    engine.review(turn, s.name)


def _begin(turn: Turn) -> None:
    """Bring up what should be up; what was waiting goes on waiting."""
    if turn.host.shutting_down:
        return
    unfinished.begin(turn)
    for s in _by_priority(turn):
        turn.touched[s.name] = None  # a wait that goes on needs its timer again
        _begin_service(turn, s)


def _begin_service(turn: Turn, s: Service) -> None:
    match s.life:
        case Backoff() | Exited() | Fatal() | Stopped():
            engine.review(turn, s.name)
        case _:
            pass  # what an earlier daemon left of it is being cleared away


def _reconfigure(turn: Turn, policy: Policy) -> None:
    """Apply another policy: programs come and go; nothing that runs is restarted."""
    programs = policy.programs
    for name, s in list(turn.host.services.items()):
        if name not in programs or programs[name].kind is not s.kind:
            attempts.take_over(turn, s, "it was removed from the config")
            if alive(s.life) and s.kind is Kind.PROGRAM:
                kill = Signal(service=name, run=s.run, signal=9, group=True)
                turn.deeds.append(kill)
            turn.drop(name)
    turn.policy = policy
    fresh = {
        name: fresh_service(program, now=turn.at)
        for name, program in programs.items()
        if name not in turn.host.services
    }
    turn.touched |= dict.fromkeys(programs)
    known = {**turn.host.services, **fresh}
    turn.host = replace(turn.host, services={name: known[name] for name in programs})
    unfinished.settle(turn)  # but for what is there no more
    if not turn.host.shutting_down:
        # Only now: one may depend on another that is new as well. What is STOPPED may
        # have waited for something, such as a client, that is asked for no more.
        for s in _by_priority(turn):
            if isinstance(s.life, Stopped):
                _begin_service(turn, s)
    engine.review_waiting(turn)


def _set_flags(turn: Turn, event: events.FlagsChanged) -> None:
    if event.flags == turn.host.flags:
        return
    turn.host = replace(turn.host, flags=event.flags)
    fields = event.flags.__struct_fields__
    off = tuple(name for name in fields if not getattr(event.flags, name))
    turn.say(FlagsSet(off=off))
    turn.touched |= {n: None for n, s in turn.host.services.items() if s.symptoms}
    engine.review_waiting(turn)


def _others_may_move(turn: Turn) -> bool:
    """Whether a remedy's end or the engine's breaker lets another program go on."""
    if turn.host.main.generation != turn.before.main.generation:
        return True
    return any(
        name in turn.before.services
        and _in_the_way(turn.before.services[name])
        and not (name in turn.host.services and _in_the_way(turn.host.services[name]))
        for name in turn.touched
    )


def _in_the_way(s: Service) -> bool:
    """Whether others wait for the end of its remedy."""
    if busy(s):
        return True
    prevents = s.open_incident and s.open_incident.cause is Cause.PREDICTION
    return s.attempt is not None and bool(prevents)


def _end_with_essential(turn: Turn) -> None:
    """Shut down when a program without which the rest is no use ended for good."""
    for name in turn.touched:
        s = turn.host.services.get(name)
        if s is None or not turn.program(name).essential or not turn.changed(name):
            continue
        over = isinstance(s.life, Fatal) or (
            isinstance(s.life, Exited) and s.life.held in {Held.FINISHED, Held.NEVER}
        )
        again = knocking.opens_at(turn.program(name), s) is not None
        if over and s.wanted and not again and not turn.host.shutting_down:
            turn.host = replace(turn.host, shutting_down=True, ended_by=name)
            turn.say(EssentialEnded(service=name))


def _stop_next_wave(turn: Turn) -> None:
    """Stop what nothing alive depends on, the highest priority number first.

    A watch is nobody's to stop but the operator's.
    """
    left = {s.name: s for s in living(turn.host)}
    if not left:
        turn.deeds.append(Finish(ended_by=turn.host.ended_by))
        return
    needed = {need for name in left for need in turn.program(name).depends_on}
    free = [s for name, s in left.items() if name not in needed]
    last = max(turn.program(s.name).priority for s in free)
    for s in left.values():
        program = turn.program(s.name)
        match s.life:
            case Stopping(purpose=Purpose.STAY):
                continue
            case Stopping():
                pass  # on its way down already: it must not come up again then
            case _ if program.priority != last or s.name in needed:
                continue
        turn.put(*service.stop(program, s, at=turn.at, purpose=Purpose.STAY))


def _wakes(turn: Turn) -> list[Wake]:
    """Ask for the one timer of each service that was touched, where it changed."""
    wakes = []
    for name in turn.touched:
        after = None
        if name in turn.host.services:
            after = wake_at(turn.policy, turn.host, name)
        wakes.append(Wake(service=name, at=after))
    return wakes


def _listens(before: Policy, turn: Turn, event: events.Event) -> list[Listen]:
    """Ask for each watch over sockets that has changed."""
    was: dict[str, float] = {}
    if not isinstance(event, events.Began):
        was = knocking.watched(before, turn.before)
    now = knocking.watched(turn.policy, turn.host)
    # Another config may have other sockets.
    anew = isinstance(event, events.Reconfigured)
    return [
        Listen(service=name, at=now.get(name))
        for name in was | now
        if anew or was.get(name) != now.get(name)
    ]


def _observes(turn: Turn, event: events.Event) -> list[Observe]:
    """Have every run that comes up looked after, and none that is up no more."""
    was = turn.before.services
    if isinstance(event, events.Began):
        was = {}  # nobody looks yet
    now = turn.host.services
    found = []
    for name in turn.touched:
        before, after = _observed(was.get(name)), _observed(now.get(name))
        if before != after:
            run, pid = after or before or (0, None)
            seen = None if after is None else pid
            found.append(Observe(service=name, run=run, pid=seen))
    return found


def _observed(s: Service | None) -> tuple[int, int] | None:
    if s is None or not isinstance(s.life, Running):
        return None
    return s.run, s.life.pid


def _by_priority(turn: Turn) -> list[Service]:
    services = turn.host.services.values()
    return sorted(services, key=lambda s: turn.program(s.name).priority)
