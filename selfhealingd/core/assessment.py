"""The judgement of the status document: what isn't well, and what to type next.

Each issue has its recommendation at the same place of the other list, and names the
exact next command. Wording and numbers that begin with "Self-Healing" or "System" are
promised to operators' scripts.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from selfhealingd.core import consent, flapping, report, treatment, unfinished
from selfhealingd.core.breaker import SELF_HEALING_MAIN, Open, breaker_name
from selfhealingd.core.host import Host, Service, living
from selfhealingd.core.incident import Incident
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Running,
    Starting,
    Stopping,
    Why,
    alive,
    label,
    pid_of,
)
from selfhealingd.core.outlook import outlook
from selfhealingd.core.plan import HOUR
from selfhealingd.core.policy import Llm, Policy
from selfhealingd.core.report import Facts, Problem
from selfhealingd.core.spans import span
from selfhealingd.core.words import RESUME, reset_command, trust_command
from selfhealingd.wire import documents as doc

WARN_AT_FAILURES = 5
"""Consecutive failed healings from which the engine warns: the runbook's number.

Half of what makes it dormant, where that is fewer.
"""


def assess(policy: Policy, host: Host, facts: Facts) -> doc.Status:
    """Write the whole document."""
    problems = list(_problems(policy, host, facts))
    problems.sort(key=lambda p: not p.critical)
    critical = any(p.critical for p in problems)
    return doc.Status(
        status="critical" if critical else "warning" if problems else "healthy",
        self_healing=report.self_healing(policy, host),
        circuit_breakers=(*report.breakers(host, facts.anchor), *facts.breakers),
        background_tasks=report.background_tasks(facts.tasks),
        llm=facts.llm,
        issues=tuple(f"{_mark(p)}: {p.words}" for p in problems),
        recommendations=tuple(p.do for p in problems),
        programs=report.programs(policy, host, facts),
        watches=report.watches(policy, host, facts),
        incidents=tuple(
            report.incident_document(
                s.open_incident, facts.anchor, facts.logs.get(s.name)
            )
            for s in host.services.values()
            if s.open_incident is not None
        ),
        flags=facts.flags,
        version=facts.version,
        pid=facts.pid,
        uptime=round(facts.uptime, 3),
    )


def _mark(problem: Problem) -> str:
    return "CRITICAL" if problem.critical else "WARNING"


def _problems(policy: Policy, host: Host, facts: Facts) -> Iterator[Problem]:
    if host.shutting_down:
        left = len(living(host))
        yield Problem(
            words=f"the daemon is shutting down: {left} programs still run",
            do=f"wait; or kill what is left: kill {facts.pid}",
        )
    yield from _engine_problems(policy, host, facts)
    yield from facts.problems
    approvals = {one.service: one for one in facts.llm.approvals}
    held = []
    for s in sorted(host.services.values(), key=_urgency):
        found = [
            _with_advice(problem, approvals.get(s.name))
            for problem in _service_problems(policy, host, s, facts)
        ]
        often = flapping.how_often(s, facts.now)
        if found and often is not None:
            found[0] = replace(found[0], words=f"{found[0].words}; it {often}")
        elif often is not None:
            words = f"{s.kind.value} {s.name} {flapping.in_words(s, facts.now)}"
            held.append(Problem(words=words, do=_see(s, facts)))
        yield from found
    yield from held
    yield from _model_problems(policy, host)
    yield from unfinished.problems(host)
    yield from _update_problems(host, facts)
    yield from _task_problems(facts)


def _urgency(s: Service) -> int:
    """Return who comes first: what waits for a person, what is down, what is ill."""
    match s.life:
        case Fatal():
            return 0
        case Exited():
            return 1
        case Backoff():
            return 2
        case Running():
            return 3
        case _:
            return 4


def _with_advice(problem: Problem, waits: doc.ApprovalDocument | None) -> Problem:
    if waits is None:
        return problem
    advice = f"or have done what the model advises ({waits.action}): {waits.do}"
    return replace(problem, do=f"{problem.do}; {advice}")


def _model_problems(policy: Policy, host: Host) -> Iterator[Problem]:
    for s in host.services.values():
        if policy.llm is Llm.ACT and consent.demoted(s):
            yield Problem(
                words=(
                    f"{s.misled} remedies of the model in a row did not help"
                    f" {s.kind.value} {s.name}: it only advises now"
                ),
                do=(
                    f"see what it said: selfhealctl show {s.name}; to let it act again:"
                    f" {trust_command(s.name)}"
                ),
            )


def _update_problems(host: Host, facts: Facts) -> Iterator[Problem]:
    changed = facts.pending - facts.removed
    if changed:
        names = ", ".join(sorted(changed))
        yield Problem(
            words=f"changed settings wait for a restart of: {names}",
            do="see what an update does: selfhealctl reread; do it: selfhealctl update",
        )
    services = (host.services.get(name) for name in facts.removed)
    up = {s.name for s in services if s is not None and alive(s.life)}
    if up:
        yield Problem(
            words=f"gone from the config, but still running: {', '.join(sorted(up))}",
            do="to STOP and drop them: selfhealctl update; else mend the config",
        )
    down = sorted(facts.removed - up)
    if down:
        yield Problem(
            words=f"gone from the config, and down: {', '.join(down)}",
            do=f"to drop them: selfhealctl remove {' '.join(down)}",
        )


def _engine_problems(policy: Policy, host: Host, facts: Facts) -> Iterator[Problem]:
    failures = host.main.failures
    if host.dormant:
        yield Problem(
            words="Self-Healing Engine in DORMANT mode",
            do=(
                f"{_stop_automation(host, facts)}find the cause: selfhealctl incidents;"
                f" mend it; then: {RESUME}"
            ),
            critical=True,
        )
    elif failures >= min(WARN_AT_FAILURES, policy.dormant_after / 2):
        yield Problem(
            words=f"Self-Healing has {failures} consecutive failures",
            do=(
                "System approaching Dormant Mode threshold"
                f" ({policy.dormant_after} failures):"
                " find the cause with: selfhealctl incidents"
            ),
        )
    if isinstance(host.main.state, Open):
        left = host.main.state.until - facts.now
        words = f"no healing for {span(left)}"
        if left <= 0:
            words = "its time is over, the next remedy is its try"
        yield Problem(
            words=f"breaker {SELF_HEALING_MAIN} is OPEN: {words}",
            do=(
                "it tries again by itself; find the cause with: selfhealctl incidents;"
                f" or, once it is mended: selfhealctl reset {SELF_HEALING_MAIN}"
                ' --reason "…"'
            ),
        )
    if not host.flags.auto_healing:
        yield Problem(
            words="automatic healing is switched off, restarts included",
            do=_switch_on("FEATURE_AUTO_HEALING_ENABLED", facts),
        )
    yield from _blind(host, facts)
    recent = sum(at + HOUR > facts.now for at in host.remedies)
    if recent > policy.max_remedies_per_hour / 2:
        yield Problem(
            words=(
                f"{recent} remedies within the last hour, of"
                f" {policy.max_remedies_per_hour} at most: something fails on and on"
            ),
            do="see what: selfhealctl incidents --since 1h",
        )


def _blind(host: Host, facts: Facts) -> Iterator[Problem]:
    """Tell of switches that keep the engine from seeing what it would heal."""
    for on, words, flag in (
        (
            host.flags.auto_detection,
            "detection is switched off: nobody looks whether what is up is well",
            "FEATURE_AUTO_DETECTION_MONITORING",
        ),
        (
            host.flags.process_monitoring,
            "measuring is switched off: no rule on cpu, memory and the like is judged",
            "FEATURE_PROCESS_MONITORING_ENABLED",
        ),
    ):
        if not on:
            yield Problem(words=words, do=_switch_on(flag, facts))


def _stop_automation(host: Host, facts: Facts) -> str:
    """Return how to make sure that nothing begins anew before the cause is mended."""
    if not host.flags.auto_healing:
        return ""
    stop = _flip("FEATURE_AUTO_HEALING_ENABLED", facts, on=False)
    return f"stop automation: {stop}; "


def _switch_on(flag: str, facts: Facts) -> str:
    return f"switch it on: {_flip(flag, facts, on=True)}"


def _flip(flag: str, facts: Facts, *, on: bool) -> str:
    """Return what to type: the last line of a flag wins."""
    value = "true" if on else "false"
    return f"echo {flag}={value} >> {facts.flags.file}; selfhealctl reload"


def _service_problems(
    policy: Policy, host: Host, s: Service, facts: Facts
) -> Iterator[Problem]:
    ended = report.ended(s) or "it is down"
    ahead = outlook(policy, host, s, facts.now).words
    reset = f'selfhealctl reset {breaker_name(s.name, s.kind)} --reason "…"'
    match s.life:
        case Fatal():
            yield Problem(
                words=f"{s.kind.value} {s.name} is FATAL: {ended}",
                do=f"{_see(s, facts)}; then: {reset_command(s.name, s.kind)}",
            )
        case Backoff(why=why) if why is not Why.PAUSE:
            opened = isinstance(s.breaker.state, Open)
            state = "is down, its breaker OPEN" if opened else "is down"
            often = "".join(f"; {one.words}" for one in s.symptoms if one.of_starts)
            yield Problem(
                words=f"{s.kind.value} {s.name} {state}: {ended}{often}; next: {ahead}",
                do=(
                    f"{_see(s, facts)}; try it now: selfhealctl restart {s.name}"
                    + (f"; or let healing begin anew: {reset}" if opened else "")
                ),
            )
        case Running() if treatment.looked(host, s).leading is not None:
            yield from _symptom_problems(s, ahead, facts)
        case Starting() if s.open_incident is not None and s.breaker.failures:
            yield Problem(
                words=f"{s.kind.value} {s.name} is being restarted: {ended}",
                do=_see(s, facts),
            )
        case Starting() if s.open_incident is not None and s.open_incident.key:
            yield _restarted(s, s.open_incident, ahead, facts)
        case Exited(held=Held.NEVER):
            yield Problem(
                words=f"{s.kind.value} {s.name} {ended}, and is never restarted",
                do=f"{_see(s, facts)}; run it again: selfhealctl start {s.name}",
            )
        case Exited(held=Held.DORMANT | Held.SWITCHED_OFF | Held.ADVICE):
            yield Problem(
                words=f"{s.kind.value} {s.name} is down, unhealed: {ended}",
                do=f"{_see(s, facts)}; start it by hand: selfhealctl start {s.name}",
            )
        case Stopping(killed=True, ended=True):
            yield Problem(
                words=f"what {s.name} left behind did not end on SIGKILL yet",
                do="see what holds it: ps -eo pid,ppid,pgid,stat,wchan:20,args",
            )
        case Stopping(killed=True):
            yield Problem(
                words=f"{s.kind.value} {s.name} did not end on SIGKILL yet",
                do=f"see what holds it: cat /proc/{pid_of(s.life)}/wchan",
            )
        case Stopping() if s.open_incident is not None:
            yield _restarted(s, s.open_incident, ahead, facts)
        case _ if s.breaker.permanent:
            state = "up" if alive(s.life) else label(s.life)
            good = "but its breaker is open for good"
            yield Problem(
                words=f"{s.kind.value} {s.name} is {state}, {good}",
                do=f"let it be healed again: {reset_command(s.name, s.kind)}",
            )
        case _:
            pass


def _restarted(
    s: Service, incident: Incident, ahead: str | None, facts: Facts
) -> Problem:
    after = f"; next: {ahead}" if ahead else ""
    return Problem(
        words=f"{s.kind.value} {s.name} is being restarted: {incident.detail}{after}",
        do=_see(s, facts),
    )


def _symptom_problems(s: Service, ahead: str | None, facts: Facts) -> Iterator[Problem]:
    leading = s.leading
    if leading is None:
        raise AssertionError(s)
    others = len(s.symptoms) - 1
    more = f" (and {others} more)" if others else ""
    state = "is up, but not well" if leading.failing else "is up"
    after = f"; next: {ahead}" if ahead else ""
    if s.breaker.permanent:
        state += ", and its breaker is open for good"
        do = f"{_see(s, facts)}; then: {reset_command(s.name, s.kind)}"
    else:
        do = f"{_see(s, facts)}; or restart it: selfhealctl restart {s.name}"
    yield Problem(
        words=f"{s.kind.value} {s.name} {state}: {leading.words}{more}{after}", do=do
    )


def _see(s: Service, facts: Facts) -> str:
    if s.incident is not None:
        return f"see why: selfhealctl show {s.name}"
    command = facts.see.get(s.name)
    if command is None or (s.exit is not None and s.exit.never_ran):
        return "find the cause: selfhealctl incidents"
    return f"see why: {command}"


def _task_problems(facts: Facts) -> Iterator[Problem]:
    if facts.ended:
        names = ", ".join(sorted(facts.ended))
        yield Problem(
            words=f"background tasks were ended by hand: {names}",
            do="bring them back: selfhealctl resume-all",
        )
    number = len(facts.tasks)
    if number >= facts.overload:
        yield Problem(
            words=f"{number} background tasks: overload",
            do="end them all: selfhealctl cleanup; then see: selfhealctl tasks",
        )
    elif number >= facts.caution:
        yield Problem(
            words=f"{number} background tasks: more than is usual",
            do="see which: selfhealctl tasks; end one: selfhealctl unregister ID",
        )
    paused = [task.id for task in facts.tasks if task.state == "paused"]
    if paused:
        yield Problem(
            words=f"background tasks are paused: {', '.join(paused)}",
            do="let them run again: selfhealctl resume-all",
        )
    for task in facts.tasks:
        if task.failing:
            yield Problem(
                words=f"background task {task.id} failed: {task.last_error}",
                do="see how often: selfhealctl tasks",
            )
