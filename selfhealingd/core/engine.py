"""Healing: from a program that went down to an incident with an end.

Finds what is wrong by looking at states, never by remembering what was announced.
An attempt succeeds when the program stays up for ``verify_secs``; it fails when it
goes down before; an operator or a shutdown in between makes it neutral. Its result is
recorded with two breakers: the program's own, always, and the engine's, when so many
fail that the host itself must be ill.
"""

from typing import assert_never

from msgspec.structs import replace

from selfhealingd.core import breaker, dependencies, incident, plan, service
from selfhealingd.core.backoff import MAX_SPREAD
from selfhealingd.core.breaker import SELF_HEALING_MAIN, Breaker, Outcome
from selfhealingd.core.effects import (
    AttemptBegan,
    AttemptEnded,
    IncidentEnded,
    IncidentOpened,
)
from selfhealingd.core.exits import story
from selfhealingd.core.host import Service
from selfhealingd.core.incident import Attempt, Cause, Ending, Incident, Result
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Running,
    Starting,
    Stopped,
    Why,
    alive,
)
from selfhealingd.core.policy import Kind, Program
from selfhealingd.core.turn import Turn

SPAWN_SECS = 30.0
"""How long a spawn may take before the attempt that it belongs to counts as failed."""

_OUTCOMES = {
    Result.HEALED: Outcome.SUCCESS,
    Result.RELAPSED: Outcome.FAILURE,
    Result.NO_EFFECT: Outcome.FAILURE,
    Result.INTERRUPTED: Outcome.NEUTRAL,
}


def review(turn: Turn, name: str) -> None:
    """Look at one service, and do what its state asks for."""
    expire_main(turn)
    s = turn.service(name)
    if alive(s.life):
        _review_alive(turn, s)
    elif not s.wanted:
        if not isinstance(s.life, Stopped):
            turn.put(replace(s, life=Stopped(turn.at)))
    elif not turn.host.shutting_down:
        _review_down(turn, s)


def bring_up(turn: Turn, s: Service) -> None:
    """Start a service that is wanted and down, once what it depends on lets it.

    One that a client's connection starts waits for that, unless it was called.
    """
    program = turn.program(s.name)
    if (program.starts_on and not s.called) or dependencies.unmet(turn.host, program):
        life = s.life if isinstance(s.life, Stopped) else Stopped(turn.at)
        turn.put(replace(s, life=life))
    else:
        look = program.kind is Kind.WATCH and not s.called
        turn.put(*service.start(s, at=turn.at, look=look))


def review_dependents(turn: Turn) -> None:
    """Look at all that depends, however far away, on what has changed in this turn."""
    known = turn.policy.dependents
    waiting = [name for name in turn.touched if known and turn.changed(name)]
    seen: set[str] = set()
    while waiting:
        for name in known.get(waiting.pop(), ()):
            s = turn.host.services.get(name)
            if s is None or name in seen:
                continue
            seen.add(name)
            waiting.append(name)
            if isinstance(s.life, Stopped) or (
                isinstance(s.life, Backoff) and s.life.why is Why.DEPENDENCY
            ):
                review(turn, name)


def review_waiting(turn: Turn) -> None:
    """Look again at all that are down: what held them back has changed."""
    waiting = [
        s
        for s in turn.host.services.values()
        if isinstance(s.life, Backoff | Exited | Fatal)
    ]
    for s in sorted(waiting, key=lambda s: s.life.at):
        review(turn, s.name)


def deadline(program: Program, s: Service) -> float | None:
    """When ``review`` may find something new in a service that is up."""
    expires = s.attempt.deadline if s.attempt is not None else None
    times = [verified_at(program, s), expires]
    return min((when for when in times if when is not None), default=None)


def verified_at(program: Program, s: Service) -> float | None:
    """When a service that runs will have been up for long enough to count as well."""
    if isinstance(s.life, Running) and _unproven(s):
        return s.life.at + program.healing.verify_secs
    return None


def allow_time(turn: Turn, s: Service) -> None:
    """Let the attempt under way last as long as its program may now take to start."""
    if s.attempt is None or s.incident is None or not isinstance(s.life, Starting):
        return
    program = turn.program(s.name)
    by = service.ready_by(program, s.life) or turn.at
    deadline = by + program.startsecs + program.healing.verify_secs
    if deadline <= s.attempt.deadline:
        return
    own, main = s.attempt.ticket, s.attempt.main_ticket
    longer = breaker.extend(turn.host.main, ticket=main, deadline=deadline)
    turn.host = replace(turn.host, main=longer)
    turn.put(
        replace(
            s,
            breaker=breaker.extend(s.breaker, ticket=own, deadline=deadline),
            incident=incident.extend(s.incident, deadline=deadline),
        )
    )


def interrupt(turn: Turn, s: Service, words: str) -> Service:
    """End the attempt under way without counting it."""
    if s.attempt is not None:
        _conclude(turn, s, Result.INTERRUPTED, words)
    return turn.service(s.name)


def take_over(turn: Turn, s: Service, words: str) -> Service:
    """Leave the service to the operator: nothing of the engine's goes on."""
    s = interrupt(turn, s, words)
    _end_incident(turn, s, Ending.OPERATOR)
    return turn.service(s.name)


def expire_main(turn: Turn) -> None:
    """Count the engine's own half-open try as failed when its lease has run out."""
    main = breaker.expire(
        turn.policy.main,
        turn.host.main,
        now=turn.at,
        spread=_spread(turn, SELF_HEALING_MAIN, turn.host.main),
    )
    if main is not turn.host.main:
        turn.host = replace(turn.host, main=main)


def _review_alive(turn: Turn, s: Service) -> None:
    program = turn.program(s.name)
    verified = verified_at(program, s)
    if verified is not None and turn.at >= verified:
        _prove(turn, s, f"up for {program.healing.verify_secs:g} s")
    elif s.attempt is not None and turn.at >= s.attempt.deadline:
        _conclude(turn, s, Result.NO_EFFECT, "did not come up in time")


def _unproven(s: Service) -> bool:
    if s.open_incident is not None:
        return True
    return s.breaker.failures > 0 and not s.breaker.permanent


def _prove(turn: Turn, s: Service, words: str) -> None:
    """The service is seen to be well: whatever was wrong with it is over."""
    if s.attempt is not None:
        _conclude(turn, s, Result.HEALED, words)
    s = turn.service(s.name)
    turn.put(replace(s, breaker=breaker.recover(s.breaker, now=turn.at)))
    _end_incident(turn, turn.service(s.name), Ending.HEALED)


def _review_down(turn: Turn, s: Service) -> None:
    program = turn.program(s.name)
    finished = isinstance(s.life, Exited) and s.life.held in {Held.FINISHED, Held.NEVER}
    well = s.exit is not None and service.routine(program, s.exit)
    if _unproven(s) and well:
        _prove(turn, s, "ended as it should")
    elif s.attempt is not None:
        end = s.exit
        early = end is None or end.early
        result = Result.NO_EFFECT if early else Result.RELAPSED
        _conclude(turn, s, result, None if end is None else story(end))
    if isinstance(s.life, Stopped) and turn.service(s.name).open_incident is None:
        bring_up(turn, turn.service(s.name))
        return
    if finished:
        return
    s = _count_failed_starts(turn, program, turn.service(s.name))
    if not well and not s.breaker.permanent:
        s = _open_incident(turn, s)
    _carry_out(turn, s, plan.plan(turn.policy, turn.host, program, s, turn.at))


def _count_failed_starts(turn: Turn, program: Program, s: Service) -> Service:
    limit = program.startretries
    if limit is None or s.failed_starts <= limit or s.breaker.permanent:
        return s
    reason = f"Exceeded startretries ({limit})"
    shut = breaker.open_for_good(s.breaker, reason=reason, now=turn.at)
    turn.put(replace(s, breaker=shut))
    return turn.service(s.name)


def _carry_out(turn: Turn, s: Service, decision: plan.Decision) -> None:
    match decision:
        case plan.Act(remedy=True):
            _begin_attempt(turn, s)
        case plan.Act():
            turn.put(*service.start(s, at=turn.at))
        case plan.Wait(why=why, until=until):
            since = s.life.at if isinstance(s.life, Backoff) else turn.at
            _move(turn, s, Backoff(since, why, until))
        case plan.Hold(held=held):
            since = s.life.at if isinstance(s.life, Exited) else turn.at
            _move(turn, s, Exited(since, held))
            if held is Held.NEVER:
                _end_incident(turn, turn.service(s.name), Ending.GIVEN_UP)
        case plan.GiveUp.GIVE_UP:
            since = s.life.at if isinstance(s.life, Fatal) else turn.at
            _move(turn, s, Fatal(since))
            _end_incident(turn, turn.service(s.name), Ending.GIVEN_UP)
        case _:
            assert_never(decision)


def _move(turn: Turn, s: Service, life: Backoff | Exited | Fatal) -> None:
    if s.life != life:
        turn.put(replace(s, life=life))


def _begin_attempt(turn: Turn, s: Service) -> None:
    program = turn.program(s.name)
    lease = SPAWN_SECS + program.longest_start + program.healing.verify_secs
    own = breaker.admit(s.breaker, now=turn.at, lease=lease)
    main = breaker.admit(turn.host.main, now=turn.at, lease=lease)
    if own is None or main is None or s.incident is None:
        raise AssertionError(s, turn.host.main)
    last = s.incident.attempts[-1].number if s.incident.attempts else 0
    attempt = Attempt(
        number=last + 1,
        remedy="restart",
        began=turn.at,
        deadline=turn.at + lease,
        ticket=own[1],
        main_ticket=main[1],
    )
    counters = turn.host.counters
    recent = [at for at in turn.host.remedies if at + plan.HOUR > turn.at]
    turn.host = replace(
        turn.host,
        main=main[0],
        counters=replace(counters, attempts=counters.attempts + 1),
        remedies=(*recent, turn.at),
    )
    turn.say(AttemptBegan(service=s.name, incident=s.incident.id, attempt=attempt))
    s = replace(s, breaker=own[0], incident=incident.begin(s.incident, attempt))
    turn.put(*service.start(s, at=turn.at))


def _conclude(turn: Turn, s: Service, result: Result, detail: str | None) -> None:
    """End the attempt under way and record its result with both breakers."""
    attempt, found = s.attempt, s.incident
    if attempt is None or found is None:
        raise AssertionError(s)
    outcome = _OUTCOMES[result]
    own = breaker.record(
        turn.program(s.name).healing.breaker,
        s.breaker,
        ticket=attempt.ticket,
        outcome=outcome,
        now=turn.at,
        spread=_spread(turn, s.name, s.breaker),
    )
    ended = incident.conclude(found, result=result, detail=detail, now=turn.at)
    turn.put(replace(s, breaker=own, incident=ended))
    _record_main(turn, attempt, outcome)
    turn.say(
        AttemptEnded(
            service=s.name,
            incident=found.id,
            attempt=ended.attempts[-1],
            failures=own.failures,
        )
    )


def _record_main(turn: Turn, attempt: Attempt, outcome: Outcome) -> None:
    host = turn.host
    counters = host.counters
    if outcome is Outcome.SUCCESS:
        counters = replace(counters, healed=counters.healed + 1)
    elif outcome is Outcome.FAILURE:
        counters = replace(counters, failed=counters.failed + 1)
        if not plan.systemic(turn.policy, host):
            outcome = Outcome.NEUTRAL
    main = breaker.record(
        turn.policy.main,
        host.main,
        ticket=attempt.main_ticket,
        outcome=outcome,
        now=turn.at,
        spread=_spread(turn, SELF_HEALING_MAIN, host.main),
    )
    turn.host = replace(host, main=main, counters=counters)


def _open_incident(turn: Turn, s: Service) -> Service:
    if s.open_incident is not None:
        return s
    number = turn.host.counters.incidents + 1
    counters = replace(turn.host.counters, incidents=number)
    turn.host = replace(turn.host, counters=counters)
    early = s.exit is not None and s.exit.early
    opened = Incident(
        id=f"{s.name}-{number}",
        service=s.name,
        cause=Cause.FAILED_START if early else Cause.EXIT,
        detail="it is down" if s.exit is None else story(s.exit),
        opened=turn.at,
    )
    turn.put(replace(s, incident=opened))
    turn.say(IncidentOpened(incident=opened))
    return turn.service(s.name)


def _end_incident(turn: Turn, s: Service, ending: Ending) -> None:
    if s.open_incident is None:
        return
    ended = incident.close(s.open_incident, ending=ending, now=turn.at)
    turn.put(replace(s, incident=ended))
    turn.say(IncidentEnded(incident=ended))


def _spread(turn: Turn, name: str, which: Breaker) -> float:
    share = turn.host.jitter(name, which.generation, which.failures)
    return min(share, MAX_SPREAD)
