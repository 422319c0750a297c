"""Healing what went down, and what of all there is to look at again.

Finds what is wrong by looking at states, never by remembering what was announced.
An attempt succeeds when the program stays up for ``verify_secs``; it fails when it
goes down before; an operator or a shutdown in between makes it neutral.
"""

from typing import assert_never

from msgspec.structs import replace

from selfhealingd.core import (
    attempts,
    breaker,
    consent,
    dependencies,
    incident,
    plan,
    service,
    treatment,
)
from selfhealingd.core.exits import story
from selfhealingd.core.host import Service
from selfhealingd.core.incident import Ending, Result
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Running,
    Starting,
    Stopped,
    Waiting,
    Why,
    alive,
)
from selfhealingd.core.policy import Kind, Program
from selfhealingd.core.remedy import Run, start_in_words
from selfhealingd.core.turn import Turn


def review(turn: Turn, name: str) -> None:
    """Look at one service, and do what its state asks for."""
    attempts.expire_main(turn)
    s = turn.service(name)
    if alive(s.life):
        treatment.review(turn, s)
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
            if isinstance(s.life, Stopped) or _waits_for(s) is Why.DEPENDENCY:
                review(turn, name)


def _waits_for(s: Service) -> Why | None:
    if isinstance(s.life, Backoff):
        return s.life.why
    found = s.open_incident
    return found.waiting.why if found is not None and found.waiting else None


def review_waiting(turn: Turn) -> None:
    """Look again at all that are down or ill: what held them back has changed."""
    waiting = [
        s
        for s in turn.host.services.values()
        if (s.symptoms and isinstance(s.life, Running)) or isinstance(s.life, Waiting)
    ]
    for s in sorted(waiting, key=lambda s: s.life.at):
        review(turn, s.name)


def allow_time(turn: Turn, s: Service) -> None:
    """Let the attempt under way last as long as its program may now take to start."""
    if s.attempt is None or s.incident is None or not isinstance(s.life, Starting):
        return
    program = turn.program(s.name)
    by = service.ready_by(program, s.life) or turn.at
    deadline = by + program.startsecs + treatment.window(program, s)
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


def _review_down(turn: Turn, s: Service) -> None:
    program = turn.program(s.name)
    if s.attempt is not None and s.attempt.command:
        s = treatment.await_command(turn, s)
        if s.attempt is not None:
            return
    if s.attempt is not None and s.run < s.attempt.run:
        # It was stopped, or a command has run, as a remedy asks; now the other half.
        turn.put(*service.start(s, at=turn.at))
        return
    finished = isinstance(s.life, Exited) and s.life.held in {Held.FINISHED, Held.NEVER}
    well = s.exit is not None and service.routine(program, s.exit)
    if treatment.unproven(s) and well:
        attempts.prove(turn, s, "ended as it should")
    elif s.attempt is not None:
        end = s.exit
        early = end is None or end.early
        result = Result.NO_EFFECT if early else Result.RELAPSED
        attempts.conclude(turn, s, result, None if end is None else story(end))
    if isinstance(s.life, Stopped) and turn.service(s.name).open_incident is None:
        bring_up(turn, turn.service(s.name))
        return
    if finished:
        return
    s = _count_failed_starts(turn, program, turn.service(s.name))
    if not well and not s.breaker.permanent:
        s = attempts.open_for_end(turn, s)
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
                attempts.end(turn, turn.service(s.name), Ending.GIVEN_UP)
        case plan.GiveUp.GIVE_UP:
            since = s.life.at if isinstance(s.life, Fatal) else turn.at
            _move(turn, s, Fatal(since))
            attempts.end(turn, turn.service(s.name), Ending.GIVEN_UP)
        case _:
            assert_never(decision)


def _move(turn: Turn, s: Service, life: Backoff | Exited | Fatal) -> None:
    if s.life != life:
        turn.put(replace(s, life=life))


def _begin_attempt(turn: Turn, s: Service) -> None:
    program = turn.program(s.name)
    lease = treatment.start_lease(program, s)
    chosen = consent.remedy(consent.standing(turn.policy, turn.host, s))
    chosen = chosen or plan.before_start(turn.host, s)
    if isinstance(chosen, Run):
        lease += treatment.command_lease(turn.policy, chosen)
        _move(turn, s, Backoff(turn.at, Why.RUNBOOK))
        s = turn.service(s.name)
        words = start_in_words(chosen)
        s = attempts.begin(turn, s, words, lease=lease, run=s.run + 1)
        treatment.command(turn, s, chosen.runbook)
        return
    s = attempts.begin(turn, s, start_in_words(None), lease=lease, run=s.run + 1)
    turn.put(*service.start(s, at=turn.at))
