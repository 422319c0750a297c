"""Healing what is up, but not well: from a symptom to an incident with an end.

Looks at symptoms as they are, never at how they came. A remedy helped when the service
is up and free of symptoms for as long as they would have needed to show again, and for
``verify_secs`` at least; it did not when they are still there at its deadline, or came
back before.
"""

from typing import assert_never

from msgspec.structs import replace

from selfhealingd.core import attempts, consent, incident, plan, remedy, service
from selfhealingd.core.effects import Command, Signal
from selfhealingd.core.events import CommandEnded, Gathered
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Ending, Result, Waiting
from selfhealingd.core.life import Purpose, Running, Starting
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.remedy import Remedy
from selfhealingd.core.spans import span
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.turn import Turn

SPAWN_SECS = 30.0
"""How long a spawn may take before the attempt that it belongs to counts as failed."""

COMMAND_SECS = 60.0
"""How long a command may take of which the policy does not say how long it may."""

SIGNAL_SECS = 1.0
"""How long a signal has at least until it must have helped."""

STOP_SECS = 15.0
"""What a stop may take beyond ``stopwaitsecs``: SIGKILL, some times over."""


def review(turn: Turn, s: Service) -> None:
    """Look at a service that is up."""
    found = s.open_incident
    if found is not None and found.key and not turn.host.flags.auto_detection:
        s = attempts.take_over(turn, s, "detection was switched off")
    if s.attempt is not None and s.attempt.command:
        s = _switched_off(turn, s)
    if isinstance(s.life, Running):
        _judge(turn, s)
    elif s.attempt is not None and turn.at >= s.attempt.deadline:
        attempts.conclude(turn, s, Result.NO_EFFECT, "did not come up in time")


def await_command(turn: Turn, s: Service) -> Service:
    """Look at a service that is down, before whose start a command is run."""
    s = _switched_off(turn, s)
    if s.attempt is not None and turn.host.dormant:
        s = attempts.interrupt(turn, s, "the engine went dormant")
    return _give_up_command(turn, s)


def _give_up_command(turn: Turn, s: Service) -> Service:
    """Count a command as failed that did not end in time, well or not by now."""
    if s.attempt is not None and turn.at >= s.attempt.deadline:
        attempts.conclude(turn, s, Result.NO_EFFECT, "did not end in time")
    return turn.service(s.name)


def _switched_off(turn: Turn, s: Service) -> Service:
    if turn.host.flags.auto_healing:
        return s
    return attempts.interrupt(turn, s, "automatic healing was switched off")


def gathered(turn: Turn, event: Gathered) -> None:
    """Take in that evidence is kept: remedies need not wait for it any more."""
    s = turn.host.services.get(event.service)
    if s is None or s.open_incident is None or s.open_incident.id != event.incident:
        return
    turn.put(replace(s, incident=replace(s.open_incident, evidence_by=None)))


def command_ended(turn: Turn, event: CommandEnded) -> None:
    """Take in how an attempt's command ended; whether it helped is still to be seen."""
    s = turn.host.services.get(event.service)
    if s is None or s.open_incident is None or s.attempt is None:
        return
    attempt, found = s.attempt, s.open_incident
    if (found.id, attempt.number) != (event.incident, event.attempt):
        return
    if event.problem is not None:
        attempts.conclude(turn, s, Result.NO_EFFECT, event.problem)
        return
    program = turn.program(s.name)
    started = s.run >= attempt.run
    deadline = turn.at + (window(program, s) if started else start_lease(program, s))
    ended = replace(attempt, command=False, deadline=deadline)
    turn.put(replace(s, incident=incident.amend(found, ended)))


def window(program: Program, s: Service) -> float:
    """Seconds for which a service has to be well before it counts as healed."""
    noticed = s.open_incident.notice_secs if s.open_incident else 0.0
    seen = max((one.notice_secs for one in s.symptoms), default=0.0)
    return max(program.healing.verify_secs, noticed, seen)


def looked(host: Host, s: Service) -> Service:
    """Return a service with the symptoms that count: none, while nobody shall look."""
    if not s.symptoms or (host.flags.auto_detection and s.wanted):
        return s
    return replace(s, symptoms=())


def unwell(s: Service) -> bool:
    """Whether something is wrong that has to go away before a service counts as well.

    What is only told has not, unless it is what the incident is about.
    """
    key = s.open_incident.key if s.open_incident else None
    return any(not one.quiet or one.key == key for one in s.symptoms)


def verified_at(program: Program, s: Service) -> float | None:
    """When a service that runs will have been well for long enough to count as well."""
    if not isinstance(s.life, Running) or not unproven(s) or unwell(s):
        return None
    if s.attempt is not None and (s.attempt.command or s.run < s.attempt.run):
        return None
    return max(s.life.at, s.cleared or 0.0) + window(program, s)


def unproven(s: Service) -> bool:
    """Whether it is still to be shown that a service is well."""
    if s.open_incident is not None:
        return True
    return s.breaker.failures > 0 and not s.breaker.permanent


def deadline(host: Host, program: Program, s: Service) -> float | None:
    """When ``review`` may find something new, if nothing happens before."""
    s, found, waits = looked(host, s), s.open_incident, None
    if isinstance(s.life, Running) and found is not None and found.waiting is not None:
        waits = None if host.shutting_down else found.waiting.until
    expires = None
    if s.attempt is not None and verified_at(program, s) is None:
        expires = s.attempt.deadline
    times = [verified_at(program, s), expires, waits]
    return min((when for when in times if when is not None), default=None)


def _judge(turn: Turn, s: Service) -> None:
    program, symptom = turn.program(s.name), looked(turn.host, s).leading
    if s.attempt is not None and s.attempt.command:
        s = _give_up_command(turn, s)
    elif s.attempt is not None and symptom is not None:
        s = _judge_attempt(turn, s, symptom)
    when = verified_at(program, looked(turn.host, s))
    if when is not None and turn.at >= when:
        attempts.prove(turn, s, _proof(program, s))
        s = turn.service(s.name)
    elif when is not None and s.open_incident is not None:
        s = _wait(turn, s, None)
    verifying = when is not None and s.open_incident is not None
    if symptom is None or verifying or s.attempt is not None:
        return
    if turn.host.shutting_down:
        return
    s = _open(turn, s, symptom)
    if s.open_incident is not None:
        _carry_out(turn, s, symptom)


def _proof(program: Program, s: Service) -> str:
    how = "up" if s.open_incident is None or s.open_incident.key is None else "well"
    return f"{how} for {span(window(program, s))}"


def _judge_attempt(turn: Turn, s: Service, symptom: Symptom) -> Service:
    """End an attempt after which something is wrong again, or still."""
    attempt = s.attempt
    if attempt is None:
        raise AssertionError(s)
    if s.run < attempt.run:
        if turn.at >= attempt.deadline:
            attempts.conclude(turn, s, Result.NO_EFFECT, "did not end in time")
    elif symptom.at > attempt.began and not symptom.quiet:
        attempts.conclude(turn, s, Result.RELAPSED, symptom.words)
    elif turn.at >= attempt.deadline and unwell(looked(turn.host, s)):
        # Also what is only told by now, as the incident is about it.
        attempts.conclude(turn, s, Result.NO_EFFECT, f"still {symptom.words}")
    return turn.service(s.name)


def _open(turn: Turn, s: Service, symptom: Symptom) -> Service:
    found = s.open_incident
    if found is not None:
        known = {one.key: one for one in s.symptoms}.get(found.key or "")
        mild = known is not None and not known.failing
        if not (mild and symptom.failing):
            return s
        attempts.end(turn, s, Ending.SUPERSEDED)
        s = turn.service(s.name)
    if s.breaker.permanent:
        return s
    return attempts.open_for_symptom(turn, s, symptom)


def _carry_out(turn: Turn, s: Service, symptom: Symptom) -> None:
    match plan.treat(turn.policy, turn.host, s, symptom, turn.at):
        case plan.Act():
            _begin(turn, s, symptom)
        case plan.Wait(why=why, until=until):
            _wait(turn, s, Waiting(why=why, until=until))
        case plan.Hold(held=held):
            _wait(turn, s, Waiting(held=held))
        case plan.GiveUp.GIVE_UP:
            attempts.end(turn, s, Ending.GIVEN_UP)
        case unknown:
            assert_never(unknown)


def _wait(turn: Turn, s: Service, waiting: Waiting | None) -> Service:
    if s.open_incident is not None and s.open_incident.waiting != waiting:
        turn.put(replace(s, incident=replace(s.open_incident, waiting=waiting)))
    return turn.service(s.name)


def _begin(turn: Turn, s: Service, symptom: Symptom) -> None:
    program, found = turn.program(s.name), s.open_incident
    if found is None:
        raise AssertionError(s)
    ordered = consent.standing(turn.policy, turn.host, s)
    chosen = consent.remedy(ordered) or plan.rung(program, found, symptom)
    again = isinstance(chosen, remedy.Restart | remedy.RestartDependents)
    s = attempts.begin(
        turn,
        s,
        remedy.in_words(chosen),
        lease=_lease(turn.policy, program, s, chosen),
        run=s.run + 1 if again else s.run,
    )
    match chosen:
        case remedy.Restart():
            _restart(turn, s)
        case remedy.RestartDependents():
            for name in _dependents_up(turn.policy, turn.host, s.name):
                one = turn.service(name)
                one = attempts.interrupt(turn, one, f"restarted with {s.name}")
                _restart(turn, one)
            _restart(turn, turn.service(s.name))
        case remedy.SendSignal(signal=number):
            _signal(turn, s, number)
        case remedy.Reload():
            command(turn, s, None)
        case remedy.Run(runbook=name):
            command(turn, s, name)
        case remedy.Hold():
            raise AssertionError(chosen)
        case _:
            assert_never(chosen)


def start_lease(program: Program, s: Service) -> float:
    """Within how many seconds a start has led to a service that is well."""
    return SPAWN_SECS + program.longest_start + window(program, s)


def command_lease(policy: Policy, chosen: remedy.Run) -> float:
    """Within how many seconds a runbook has ended."""
    return policy.runbooks.get(chosen.runbook, COMMAND_SECS) + STOP_SECS


def _lease(policy: Policy, program: Program, s: Service, chosen: Remedy) -> float:
    """Within how many seconds an attempt has to have helped."""
    proof = window(program, s)
    match chosen:
        case remedy.Restart() | remedy.RestartDependents():
            down = program.stopwaitsecs + STOP_SECS
            return down + start_lease(program, s)
        case remedy.Run():
            return command_lease(policy, chosen) + proof
        case remedy.Reload():
            return COMMAND_SECS + STOP_SECS + proof
        case _:
            return max(proof, SIGNAL_SECS)


def _restart(turn: Turn, s: Service) -> None:
    program = turn.program(s.name)
    turn.put(*service.stop(program, s, at=turn.at, purpose=Purpose.AGAIN))


def _signal(turn: Turn, s: Service, number: int) -> None:
    deed = Signal(service=s.name, run=s.run, signal=number, group=False)
    turn.deeds.append(deed)


def command(turn: Turn, s: Service, runbook: str | None) -> None:
    """Carry out the attempt under way by a runbook, or by the command to reload."""
    found, attempt = s.open_incident, s.attempt
    if found is None or attempt is None:
        raise AssertionError(s)
    under_way = incident.amend(found, replace(attempt, command=True))
    turn.put(replace(s, incident=under_way))
    turn.deeds.append(
        Command(
            service=s.name,
            incident=found.id,
            attempt=attempt.number,
            runbook=runbook,
        )
    )


def _dependents_up(policy: Policy, host: Host, name: str) -> list[str]:
    """All that are up and depend on a service, however far away."""
    seen: dict[str, None] = {}
    waiting = [name]
    while waiting:
        for one in policy.dependents.get(waiting.pop(), ()):
            if one not in seen and one != name:
                seen[one] = None
                waiting.append(one)
    lives = {one: host.services[one].life for one in seen}
    return [n for n, life in lives.items() if isinstance(life, Running | Starting)]
