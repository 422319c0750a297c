"""What an operator asks for. The operator always wins over the engine."""

from typing import assert_never

from msgspec.structs import replace

from selfhealingd.core import (
    attempts,
    breaker,
    consent,
    dependencies,
    engine,
    events,
    proposing,
    service,
    unfinished,
)
from selfhealingd.core.breaker import (
    SELF_HEALING_MAIN,
    Breaker,
    breaker_name,
    service_of,
)
from selfhealingd.core.consent import Leave
from selfhealingd.core.effects import Answer, OperatorActed, Signal
from selfhealingd.core.host import Service
from selfhealingd.core.life import (
    Fatal,
    Purpose,
    Stopping,
    alive,
    label,
    pid_of,
)
from selfhealingd.core.outlook import outlook
from selfhealingd.core.signals import signal_name
from selfhealingd.core.turn import Turn
from selfhealingd.core.words import reset_command


def handle(turn: Turn, event: events.Request) -> None:
    """Do what was asked, or refuse it with the reason."""
    refusal = _refusal(turn, event)
    if refusal is not None:
        _refuse(turn, event, refusal)
        return
    match event:
        case events.StartAsked():
            _start(turn, event)
        case events.StopAsked():
            _stop(turn, event)
        case events.RestartAsked():
            _restart(turn, event)
        case events.SignalAsked():
            _signal(turn, event)
        case events.ResumeAsked():
            _resume(turn, event)
        case events.ResetAsked():
            _reset(turn, event)
        case events.ApproveAsked():
            _approve(turn, event)
        case events.TrustAsked():
            _trust(turn, event)
        case events.Acted(action=action, target=target):
            _done(turn, event, action, target, "recorded")
        case events.ShutdownAsked():
            _shut_down(turn, event)
        case _:
            assert_never(event)


def _refusal(turn: Turn, event: events.Request) -> str | None:
    always = events.ShutdownAsked | events.SignalAsked | events.Acted
    if turn.host.shutting_down and not isinstance(event, always):
        return "the daemon is shutting down"
    if not _known(turn, event):
        # It was there when the request was let in, and a reload came in between.
        return "there is no such program any more"
    return None


def _known(turn: Turn, event: events.Request) -> bool:
    match event:
        case (
            events.ResumeAsked()
            | events.ShutdownAsked()
            | events.Acted()
            | events.ApproveAsked()
        ):
            return True
        case events.ResetAsked(breaker=name):
            s = turn.host.services.get(service_of(name) or "")
            known = s is not None and breaker_name(s.name, s.kind) == name
            return known or name == SELF_HEALING_MAIN
        case _:
            return event.service in turn.host.services


def _start(turn: Turn, event: events.StartAsked) -> None:
    s = turn.service(event.service)
    if alive(s.life) and not isinstance(s.life, Stopping):
        _want(turn, s, up=True)
        _answer(turn, event, "is already up")
        return
    _bring_up(turn, event, _want(turn, s, up=True))
    _done(turn, event, "start", s.name, _start_words(turn, s))


def _restart(turn: Turn, event: events.RestartAsked) -> None:
    s = turn.service(event.service)
    _bring_up(turn, event, _want(turn, s, up=True))
    _done(turn, event, "restart", s.name, _start_words(turn, s))


def _bring_up(turn: Turn, event: events.Asked, s: Service) -> None:
    s = attempts.take_over(turn, s, f"the operator acted ({event.by})")
    s = replace(s, failed_starts=0, called=True)
    if alive(s.life):
        program = turn.program(s.name)
        turn.put(*service.stop(program, s, at=turn.at, purpose=Purpose.AGAIN))
    else:
        engine.bring_up(turn, s)


def _stop(turn: Turn, event: events.StopAsked) -> None:
    s = _want(turn, turn.service(event.service), up=False)
    s = attempts.take_over(turn, s, f"the operator stopped it ({event.by})")
    words = "is already stopped"
    if alive(s.life):
        program = turn.program(s.name)
        turn.put(*service.stop(program, s, at=turn.at, purpose=Purpose.STAY))
        words = "stopping"
    engine.review(turn, s.name)
    _done(turn, event, "stop", s.name, words)


def _signal(turn: Turn, event: events.SignalAsked) -> None:
    s = turn.service(event.service)
    if pid_of(s.life) is None:
        _refuse(turn, event, f"has no process: it is {label(s.life)}")
        return
    turn.deeds.append(
        Signal(service=s.name, run=s.run, signal=event.signal, group=False)
    )
    words = f"sent {signal_name(event.signal)} to pid {pid_of(s.life)}"
    _done(turn, event, f"signal {signal_name(event.signal)}", s.name, words)


def _resume(turn: Turn, event: events.ResumeAsked) -> None:
    if not turn.host.dormant:
        _answer(turn, event, "the engine is not dormant: nothing to resume")
        return
    _wake(turn, event)
    engine.review_waiting(turn)
    stuck = [n for n, s in turn.host.services.items() if isinstance(s.life, Fatal)]
    words = "the engine is awake again"
    hint = None
    if stuck:
        words += f"; still FATAL, as before it was dormant: {', '.join(stuck)}"
        hint = reset_command(stuck[0], turn.service(stuck[0]).kind)
    _done(turn, event, "resume", SELF_HEALING_MAIN, words, hint=hint)


def _wake(turn: Turn, event: events.Asked) -> None:
    """Close the engine's breaker, and let what failed with it begin anew.

    Otherwise a host of one program would be awake with nothing left to try: no failure
    would ever tell that the cause is still there. What had been given up before is not
    the host's failure, and waits for its own reset.
    """
    main = turn.host.main
    turn.host = replace(turn.host, main=_closed(turn, main, event))
    for s in list(turn.host.services.values()):
        before = s.breaker.permanent and s.breaker.change != main.change
        if s.breaker.failures and s.attempt is None and not before:
            closed = _closed(turn, s.breaker, event)
            turn.put(replace(s, breaker=closed, failed_starts=0))


def _reset(turn: Turn, event: events.ResetAsked) -> None:
    name = event.breaker
    s = turn.host.services.get(service_of(name) or "")
    before = turn.host.main if s is None else s.breaker
    if before.permanent and not event.force:
        why = f"breaker {name} is PERMANENT_OPEN: only --force resets it"
        hint = f'selfhealctl reset {name} --force --reason "…"'
        _refuse(turn, event, why, hint=hint)
        return
    if s is None and before.permanent:
        _wake(turn, event)
    elif s is None:
        turn.host = replace(turn.host, main=_closed(turn, before, event))
    else:
        closed = _closed(turn, before, event)
        turn.put(replace(s, breaker=closed, failed_starts=0))
    engine.review_waiting(turn)
    _done(turn, event, "reset", name, _reset_words(name, before))


def _approve(turn: Turn, event: events.ApproveAsked) -> None:
    answer = proposing.approve(turn, event)
    if isinstance(answer, Leave):
        _refuse(turn, event, answer.words, hint=answer.do)
        return
    ahead = outlook(turn.policy, turn.host, turn.service(answer), turn.at).words
    words = f"approved: {event.proposal} for {answer}" + (f"; {ahead}" if ahead else "")
    _done(turn, event, f"llm approve {event.proposal} for", answer, words)


def _trust(turn: Turn, event: events.TrustAsked) -> None:
    s = turn.service(event.service)
    if not consent.demoted(s):
        _answer(turn, event, "the model was not demoted: nothing to do")
        return
    turn.put(replace(s, misled=0))
    words = "the model may act on it again, as far as the config allows"
    _done(turn, event, "llm trust", s.name, words)


def _reset_words(name: str, before: Breaker) -> str:
    if before.failures == 0 and not before.permanent:
        return f"breaker {name} was CLOSED and had no failures"
    was = f"{before.label} with {before.failures} failure{'s' * (before.failures != 1)}"
    return f"breaker {name} is CLOSED; it was {was}"


def _closed(turn: Turn, which: Breaker, event: events.Asked) -> Breaker:
    reason = event.reason or "no reason given"
    closed = breaker.reset(which, force=True, reason=reason, by=event.by, now=turn.at)
    if closed is None:
        raise AssertionError(which)
    return closed


def _shut_down(turn: Turn, event: events.ShutdownAsked) -> None:
    if not turn.host.shutting_down:
        turn.host = replace(turn.host, shutting_down=True)
        for s in list(turn.host.services.values()):
            turn.touched[s.name] = None
            attempts.interrupt(turn, s, "the daemon shut down")
    _done(turn, event, "shutdown", "selfhealingd", "shutting down")


def _want(turn: Turn, s: Service, *, up: bool) -> Service:
    unfinished.settle(turn, (s.name,))
    turn.put(replace(s, wanted=up, called=False))
    return turn.service(s.name)


def _start_words(turn: Turn, s: Service) -> str:
    program = turn.program(s.name)
    missing = dependencies.hindrance(turn.policy, turn.host, program)
    if missing is not None:
        return f"starts once {missing}"
    if s.breaker.permanent:
        return (
            "starting; its breaker stays open for good, so nothing will start it"
            f" again by itself until: {reset_command(s.name, s.kind)}"
        )
    return "starting"


def _done(
    turn: Turn,
    event: events.Asked,
    action: str,
    target: str,
    words: str,
    *,
    hint: str | None = None,
) -> None:
    turn.say(
        OperatorActed(
            action=action,
            target=target,
            by=str(event.by),
            reason=event.reason,
            service=target if target in turn.host.services else None,
        )
    )
    _answer(turn, event, words, hint=hint)


def _answer(
    turn: Turn, event: events.Asked, words: str, *, hint: str | None = None
) -> None:
    turn.deeds.append(Answer(request=event.request, done=True, words=words, hint=hint))


def _refuse(
    turn: Turn, event: events.Asked, words: str, *, hint: str | None = None
) -> None:
    turn.deeds.append(Answer(request=event.request, done=False, words=words, hint=hint))
