"""Incidents and the attempts in them: how they begin, and how they end.

An attempt's result is recorded with two breakers: the service's own, always, and the
engine's, when so many fail that the host itself must be ill.
"""

from msgspec.structs import replace

from selfhealingd.core import (
    breaker,
    consent,
    dependencies,
    flapping,
    incident,
    plan,
)
from selfhealingd.core.backoff import MAX_SPREAD
from selfhealingd.core.breaker import SELF_HEALING_MAIN, Breaker, Outcome
from selfhealingd.core.effects import (
    AttemptBegan,
    AttemptEnded,
    Gather,
    IncidentEnded,
    IncidentOpened,
    ModelDemoted,
)
from selfhealingd.core.exits import story
from selfhealingd.core.host import Service
from selfhealingd.core.incident import Attempt, Cause, Ending, Incident, Result
from selfhealingd.core.policy import Kind
from selfhealingd.core.proposal import Ordered
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.turn import Turn

EVIDENCE_SECS = 5.0
"""How long the first remedy of a service that is up waits for the evidence."""

_OUTCOMES = {
    Result.HEALED: Outcome.SUCCESS,
    Result.RELAPSED: Outcome.FAILURE,
    Result.NO_EFFECT: Outcome.FAILURE,
    Result.INTERRUPTED: Outcome.NEUTRAL,
}


def open_for_end(turn: Turn, s: Service) -> Service:
    """Open an incident for a service that went down, if none is open."""
    if s.open_incident is not None:
        return s
    return _open(
        turn,
        s,
        Incident(
            id="",
            service=s.name,
            cause=_cause(s),
            detail="it is down" if s.exit is None else story(s.exit),
            opened=turn.at,
        ),
    )


def _cause(s: Service) -> Cause:
    if s.exit is not None and s.exit.early:
        return Cause.FAILED_START
    if s.kind is Kind.WATCH and (s.exit is None or s.exit.never_ran):
        return Cause.MISSING
    return Cause.EXIT


def open_for_symptom(turn: Turn, s: Service, symptom: Symptom) -> Service:
    """Open an incident for what is wrong with a service that is up."""
    return _open(
        turn,
        s,
        Incident(
            id="",
            service=s.name,
            cause=symptom.cause,
            detail=symptom.words,
            opened=turn.at,
            key=symptom.key,
            notice_secs=symptom.notice_secs,
            evidence_by=turn.at + EVIDENCE_SECS,
        ),
    )


def begin(turn: Turn, s: Service, remedy: str, *, lease: float, run: int) -> Service:
    """Begin an attempt that may take ``lease`` seconds and is to make ``run`` well.

    What was ordered is under way with it, or was in vain.
    """
    # A condition that goes away late has to stay away for as long again.
    own = breaker.admit(s.breaker, now=turn.at, lease=2 * lease)
    main = breaker.admit(turn.host.main, now=turn.at, lease=2 * lease)
    if own is None or main is None or s.incident is None:
        raise AssertionError(s, turn.host.main)
    last = s.incident.attempts[-1].number if s.incident.attempts else 0
    attempt = Attempt(
        number=last + 1,
        remedy=remedy,
        began=turn.at,
        deadline=turn.at + lease,
        ticket=own[1],
        main_ticket=main[1],
        run=run,
        advised=consent.standing(turn.policy, turn.host, s) is not None,
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
    proposal = None if isinstance(s.proposal, Ordered) else s.proposal
    turn.put(
        replace(
            s,
            breaker=own[0],
            incident=incident.begin(s.incident, attempt),
            proposal=proposal,
        )
    )
    return turn.service(s.name)


def conclude(turn: Turn, s: Service, result: Result, detail: str | None) -> None:
    """End the attempt under way and record its result with both breakers."""
    attempt, found = s.attempt, s.incident
    if attempt is None or found is None:
        raise AssertionError(s)
    outcome = _OUTCOMES[result]
    root = dependencies.ill_ancestor(turn.policy, turn.host, turn.program(s.name))
    if outcome is Outcome.FAILURE and root is not None:
        # Nothing could have helped: what is wrong is wrong elsewhere.
        outcome, result = Outcome.NEUTRAL, Result.INTERRUPTED
        detail = f"{root} is not well: {detail}"
    own = breaker.record(
        turn.program(s.name).healing.breaker,
        s.breaker,
        ticket=attempt.ticket,
        outcome=outcome,
        now=turn.at,
        spread=spread(turn, s.name, s.breaker),
    )
    ended = incident.conclude(found, result=result, detail=detail, now=turn.at)
    turn.put(replace(s, breaker=own, incident=ended))
    if attempt.advised:
        _record_model(turn, turn.service(s.name), outcome)
    _record_main(turn, attempt, outcome)
    turn.say(
        AttemptEnded(
            service=s.name,
            incident=found.id,
            attempt=ended.attempts[-1],
            failures=own.failures,
        )
    )


def prove(turn: Turn, s: Service, words: str) -> None:
    """The service is seen to be well: whatever was wrong with it is over."""
    ending = Ending.PASSED
    if s.attempt is not None:
        ending = Ending.HEALED
        conclude(turn, s, Result.HEALED, words)
    s = turn.service(s.name)
    turn.put(replace(s, breaker=breaker.recover(s.breaker, now=turn.at)))
    end(turn, turn.service(s.name), ending)


def interrupt(turn: Turn, s: Service, words: str) -> Service:
    """End the attempt under way without counting it."""
    if s.attempt is not None:
        conclude(turn, s, Result.INTERRUPTED, words)
    return turn.service(s.name)


def take_over(turn: Turn, s: Service, words: str) -> Service:
    """Leave the service to the operator: nothing of the engine's goes on.

    What failed before was another's to mend, too: it is counted anew.
    """
    s = interrupt(turn, s, words)
    end(turn, s, Ending.OPERATOR)
    turn.put(replace(turn.service(s.name), healings=()))
    return turn.service(s.name)


def end(turn: Turn, s: Service, ending: Ending) -> None:
    """End the incident that is open, if one is."""
    if s.open_incident is None:
        return
    ended = incident.close(s.open_incident, ending=ending, now=turn.at)
    after = replace(s, incident=ended, proposal=None)
    turn.put(flapping.healed(after, turn.at) if ending is Ending.HEALED else after)
    turn.say(IncidentEnded(incident=ended))


def expire_main(turn: Turn) -> None:
    """Count the engine's own half-open try as failed when its lease has run out."""
    main = breaker.expire(
        turn.policy.main,
        turn.host.main,
        now=turn.at,
        spread=spread(turn, SELF_HEALING_MAIN, turn.host.main),
    )
    if main is not turn.host.main:
        turn.host = replace(turn.host, main=main)


def spread(turn: Turn, name: str, which: Breaker) -> float:
    """Share to be added to the time that a breaker stays open."""
    share = turn.host.jitter(name, which.generation, which.failures)
    return min(share, MAX_SPREAD)


def _open(turn: Turn, s: Service, opened: Incident) -> Service:
    number = turn.host.counters.incidents + 1
    counters = replace(turn.host.counters, incidents=number)
    turn.host = replace(turn.host, counters=counters)
    opened = replace(opened, id=f"{s.name}-{number}")
    turn.put(replace(s, incident=opened))
    turn.deeds.append(Gather(service=s.name, run=s.run, incident=opened.id))
    turn.say(IncidentOpened(incident=opened))
    return turn.service(s.name)


def _record_model(turn: Turn, s: Service, outcome: Outcome) -> None:
    """Count what a model proposed that did not help, in a row."""
    match outcome:
        case Outcome.SUCCESS:
            turn.put(replace(s, misled=0))
        case Outcome.FAILURE:
            after = replace(s, misled=s.misled + 1)
            turn.put(after)
            if consent.demoted(after) and not consent.demoted(s):
                turn.say(ModelDemoted(service=s.name, remedies=after.misled))
        case Outcome.NEUTRAL:
            pass


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
        spread=spread(turn, SELF_HEALING_MAIN, host.main),
    )
    turn.host = replace(host, main=main, counters=counters)
