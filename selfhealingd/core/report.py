"""The parts of the status document that only say what is."""

from collections.abc import Iterator, Mapping

import msgspec

from selfhealingd.core import flapping, knocking
from selfhealingd.core.backoff import delay
from selfhealingd.core.breaker import (
    SELF_HEALING_MAIN,
    Breaker,
    Open,
    PermanentlyOpen,
    breaker_name,
)
from selfhealingd.core.exits import in_words, story
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Cause, Incident
from selfhealingd.core.life import (
    Exited,
    Held,
    Running,
    Stopping,
    alive,
    label,
    pid_of,
)
from selfhealingd.core.outlook import outlook
from selfhealingd.core.policy import Kind, Policy, Program
from selfhealingd.core.sample import NO_SAMPLE, Metric, Sample
from selfhealingd.core.snapshot import Anchor
from selfhealingd.core.words import dormant_reason
from selfhealingd.wire import documents as doc

MS = 1000


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the shell knows to be wrong, with what to do about it."""

    words: str
    do: str
    critical: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the host doesn't know of itself. ``anchor`` is for display.

    ``pending``: programs whose changed settings wait for ``selfhealctl update``;
    ``removed``: those that it will stop, as the config has them no more. ``logs``:
    the files of each program's output, its errors first; ``see``: the command that
    shows it; ``said``: the status that it gave itself; ``samples``: how it was when it
    was last measured; ``probes``: what it is asked; ``unseen``: what can't be asked or
    measured of it. ``ended``: background tasks ended by hand. ``breakers``: those that
    are not the engine's.
    ``caution`` and ``overload``: numbers of background tasks that are worth a warning.
    """

    now: float
    anchor: Anchor
    tasks: tuple[doc.TaskDocument, ...] = ()
    flags: doc.FlagsDocument
    problems: tuple[Problem, ...] = ()
    pending: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    logs: Mapping[str, str] = {}
    see: Mapping[str, str] = {}
    said: Mapping[str, str] = {}
    samples: Mapping[str, Sample] = {}
    probes: Mapping[str, tuple[doc.ProbeDocument, ...]] = {}
    unseen: Mapping[str, tuple[str, ...]] = {}
    ended: frozenset[str] = frozenset()
    llm: doc.Llm = doc.Llm()
    breakers: tuple[doc.BreakerDocument, ...] = ()
    caution: int = 6
    overload: int = 11
    version: str
    pid: int
    uptime: float


def self_healing(policy: Policy, host: Host) -> doc.SelfHealing:
    """The engine's part of the status."""
    main = host.main.state
    reason = None
    if isinstance(main, PermanentlyOpen):
        reason = dormant_reason(main.failures, main.reason)
    return doc.SelfHealing(
        enabled=host.flags.auto_healing,
        is_dormant=host.dormant,
        dormant_reason=reason,
        consecutive_failures=main.failures,
        backoff_delay=backoff_delay(policy, host),
        total_attempts=host.counters.attempts,
        successful_healings=host.counters.healed,
        failed_healings=host.counters.failed,
    )


def backoff_delay(policy: Policy, host: Host) -> int:
    """The longest delay now in force, in milliseconds; the first one when none is."""
    initial = [p.healing.backoff_initial for p in policy.programs.values()]
    in_force = [
        delay(policy.programs[s.name].healing, s.breaker.failures)
        for s in host.services.values()
        if s.breaker.failures and not s.breaker.permanent
    ]
    return round(MS * max(in_force, default=min(initial, default=5.0)))


def breakers(host: Host, anchor: Anchor) -> tuple[doc.BreakerDocument, ...]:
    """All breakers, the engine's first."""
    return (
        breaker_document(SELF_HEALING_MAIN, host.main, anchor),
        *(
            breaker_document(breaker_name(s.name, s.kind), s.breaker, anchor)
            for s in host.services.values()
        ),
    )


def breaker_document(name: str, which: Breaker, anchor: Anchor) -> doc.BreakerDocument:
    """One breaker."""
    state, change = which.state, which.change
    return doc.BreakerDocument(
        name=name,
        state=which.label,
        failure_count=which.failures,
        permanent_open_reason=(
            state.reason if isinstance(state, PermanentlyOpen) else None
        ),
        open_until=anchor.rfc3339(state.until) if isinstance(state, Open) else None,
        changed_at=anchor.rfc3339(change.at) if change else None,
        change_reason=change.reason if change else None,
        changed_by=str(change.by) if change and change.by else None,
    )


def background_tasks(tasks: tuple[doc.TaskDocument, ...]) -> doc.BackgroundTasks:
    """The registry of periodic tasks."""
    return doc.BackgroundTasks(
        total_tasks=len(tasks),
        active_tasks=sum(task.state != "paused" for task in tasks),
        tasks=tasks,
    )


def programs(
    policy: Policy, host: Host, facts: Facts
) -> tuple[doc.ProgramDocument, ...]:
    """All programs, in the order of the config."""
    return _of_kind(Kind.PROGRAM, policy, host, facts)


def watches(
    policy: Policy, host: Host, facts: Facts
) -> tuple[doc.ProgramDocument, ...]:
    """All watches, in the order of the config."""
    return _of_kind(Kind.WATCH, policy, host, facts)


def _of_kind(
    kind: Kind, policy: Policy, host: Host, facts: Facts
) -> tuple[doc.ProgramDocument, ...]:
    return tuple(
        program_document(policy, host, s, facts)
        for s in host.services.values()
        if s.kind is kind
    )


def program_document(
    policy: Policy, host: Host, s: Service, facts: Facts
) -> doc.ProgramDocument:
    """One program at a glance."""
    ahead = outlook(policy, host, s, facts.now)
    up = isinstance(s.life, Running)
    measured = facts.samples.get(s.name, NO_SAMPLE).values
    cpu, memory = measured.get(Metric.CPU), measured.get(Metric.MEMORY)
    return doc.ProgramDocument(
        name=s.name,
        group=policy.programs[s.name].group,
        copy_of=policy.programs[s.name].copy_of,
        state=label(s.life),
        pid=pid_of(s.life),
        since=facts.anchor.rfc3339(s.life.at),
        uptime=round(facts.now - s.life.at, 3) if up else None,
        exit=_exit(policy.programs[s.name], s),
        next=ahead.words,
        next_at=None if ahead.at is None else facts.anchor.rfc3339(ahead.at),
        breaker=s.breaker.label,
        wanted=s.wanted,
        runs=s.run,
        consecutive_failures=s.breaker.failures,
        incident=s.open_incident.id if s.open_incident else None,
        cpu=None if cpu is None else round(cpu, 2),
        memory=None if memory is None else int(memory),
        pending_update=s.name in facts.pending,
        removed=s.name in facts.removed,
        log=facts.logs.get(s.name),
        status_text=facts.said.get(s.name) if alive(s.life) else None,
        symptoms=tuple(_symptoms(s, facts)),
        healed_lately=flapping.count(s, facts.now),
        not_ready=s.life.lack if isinstance(s.life, Running) else None,
        probes=facts.probes.get(s.name, ()),
    )


def at_rest(policy: Policy, host: Host) -> frozenset[str]:
    """Who is down as it should be: it has finished, or waits for a client."""
    return frozenset(
        name
        for name, s in host.services.items()
        if (isinstance(s.life, Exited) and s.life.held is Held.FINISHED)
        or knocking.opens_at(policy.programs[name], s) is not None
    )


def ended(s: Service) -> str | None:
    """How its last run ended, in words: by us, for what reason; or how it did itself.

    That we sent it a signal says nothing of why.
    """
    if s.exit is None:
        return None
    found = _ill(s)
    if found is None or not s.exit.told or s.exit.at < found.opened:
        return in_words(s.exit)
    return _deed(s, found, "restarted" if alive(s.life) else "stopped")


def _exit(program: Program, s: Service) -> str | None:
    found = _ill(s)
    if found is not None and isinstance(s.life, Stopping) and not s.life.ended:
        return _deed(s, found, "being stopped")
    if s.exit is None or s.exit.problem is not None or not s.exit.early:
        return ended(s)
    return f"{story(s.exit)}, before {_up(program)}"


def _ill(s: Service) -> Incident | None:
    """The open incident of what was up, but not well."""
    found = s.open_incident
    return found if found is not None and found.key is not None else None


def _deed(s: Service, found: Incident, deed: str) -> str:
    # What is seen to be wrong now stands beside this already.
    seen = any(one.words == found.detail for one in s.symptoms)
    return f"{deed} by us" if seen else f"{found.detail}; {deed} by us"


def _symptoms(s: Service, facts: Facts) -> Iterator[doc.SymptomDocument]:
    """What is wrong with it now, and that it goes wrong again and again."""
    for one in s.symptoms:
        yield doc.SymptomDocument(
            key=one.key,
            cause=one.cause.value,
            words=one.words,
            since=facts.anchor.rfc3339(one.at),
        )
    since, words = flapping.since(s, facts.now), flapping.in_words(s, facts.now)
    if since is not None and words is not None:
        yield doc.SymptomDocument(
            key="flapping",
            cause=(s.incident.cause if s.incident else Cause.EXIT).value,
            words=words,
            since=facts.anchor.rfc3339(since),
        )


def _up(program: Program) -> str:
    return "its startsecs were over" if program.readiness is None else "it was ready"


def incident_document(
    incident: Incident,
    anchor: Anchor,
    log: str | msgspec.UnsetType | None = msgspec.UNSET,
) -> doc.IncidentDocument:
    """One incident with all that was tried. ``log``: where its program writes to."""
    return doc.IncidentDocument(
        id=incident.id,
        service=incident.service,
        cause=incident.cause.value,
        detail=incident.detail,
        opened=anchor.rfc3339(incident.opened),
        ended=_time(incident.ended, anchor),
        outcome=incident.ending.value if incident.ending else None,
        attempts=tuple(attempt_document(a, anchor) for a in incident.attempts),
        log=log,
    )


def attempt_document(attempt: Attempt, anchor: Anchor) -> doc.AttemptDocument:
    """One remedy carried out."""
    return doc.AttemptDocument(
        remedy=attempt.remedy,
        started=anchor.rfc3339(attempt.began),
        ended=_time(attempt.ended, anchor),
        result=attempt.result.value if attempt.result else None,
        detail=attempt.detail,
        advised=attempt.advised or msgspec.UNSET,
    )


def _time(at: float | None, anchor: Anchor) -> str | None:
    return None if at is None else anchor.rfc3339(at)
