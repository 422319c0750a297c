"""The status document: what the core assesses, with what only the shell knows."""

import os
from collections.abc import Callable, Iterator

import trio

import selfhealingd
from selfhealingd import anchoring, proposals
from selfhealingd.core.assessment import assess
from selfhealingd.core.endpoint import BREAKER
from selfhealingd.core.keyring import management
from selfhealingd.core.output import Target, how_to_see, logs
from selfhealingd.core.report import Facts, Problem, breaker_document
from selfhealingd.core.rules.course import Course
from selfhealingd.core.rules.measures import see
from selfhealingd.core.snapshot import Anchor
from selfhealingd.flags import FIELDS
from selfhealingd.observe.probes.case import Case
from selfhealingd.outflow import output_problems
from selfhealingd.reloading import waiting
from selfhealingd.system import System
from selfhealingd.tasks import TaskFacts
from selfhealingd.wire.documents import (
    BreakerDocument,
    FlagsDocument,
    Llm,
    ProbeDocument,
    Status,
    TaskDocument,
)


def status(system: System) -> Status:
    """Write the whole document, as of now."""
    return assess(system.loop.policy, system.loop.host, facts(system))


def facts(system: System) -> Facts:
    """Collect what the host doesn't know of itself."""
    now = trio.current_time()
    anchor = anchoring.anchor()
    daemon = system.config.daemon
    return Facts(
        now=now,
        anchor=anchor,
        tasks=tasks(system, anchor),
        flags=flags(system, anchor),
        problems=problems(system),
        pending=waiting(system),
        removed=waiting(system) - system.wanted.launches.keys(),
        logs=log_files(system),
        see=_by_name(system, how_to_see),
        said=system.said,
        samples={
            name: sample
            for name in system.loop.host.services
            if (sample := system.sampler.latest(name))
        },
        probes=probes(system, anchor),
        unseen=unseen(system),
        ended=system.periodic.ended,
        llm=Llm(
            key_management=management(system.diagnosis.keys.ring, now),
            approvals=proposals.waiting(system, anchor),
            demoted=proposals.demoted(system),
        ),
        breakers=llm_breaker(system, anchor),
        caution=daemon.tasks_caution,
        overload=daemon.tasks_overload,
        version=selfhealingd.__version__,
        pid=os.getpid(),
        uptime=now - system.began,
    )


def llm_breaker(system: System, anchor: Anchor) -> tuple[BreakerDocument, ...]:
    """The breaker of a model's endpoint, where there are keys for one."""
    if not system.diagnosis.keys.ring:
        return ()
    return (breaker_document(BREAKER, system.diagnosis.endpoint.breaker, anchor),)


def problems(system: System) -> tuple[Problem, ...]:
    """All that is wrong with the daemon itself, and with programs' output."""
    return (
        *_store_problems(system),
        *output_problems(system.outputs, system.loop.launches),
        *system.problems.all(),
        *_blindness(system),
    )


def unseen(system: System) -> dict[str, tuple[str, ...]]:
    """What nobody has been able to ask or measure of each service for some time."""
    told = {
        name: (
            *(_unasked(case) for case in system.prober.cases(name) if case.blind),
            *map(_unmeasured, system.judging.services.blind(name)),
        )
        for name in system.loop.host.services
    }
    return {name: words for name, words in told.items() if words}


def _unasked(case: Case) -> str:
    words = case.answer.words if case.answer is not None else "no answer yet"
    return f"its {case.key} can't be asked: {case.probe.what}: {words}"


def _unmeasured(course: Course) -> str:
    return f"its rule sees nothing: {course.rule.when}: {course.lack}"


def _blindness(system: System) -> Iterator[Problem]:
    services = system.loop.host.services
    for name, told in unseen(system).items():
        for words in told:
            yield Problem(
                words=f"{services[name].kind.value} {name}: {words}",
                do=(
                    "mend that, or what the config says about it, then: selfhealctl"
                    f" reload; see: selfhealctl explain {name}"
                ),
            )
    for course in system.judging.host.blind():
        measure = course.rule.when.measure
        yield Problem(
            words=f"host: a rule sees nothing: {course.rule.when}: {course.lack}",
            do=f"see why: {see(measure.name, measure.place)}; or change that rule",
        )


def _store_problems(system: System) -> Iterator[Problem]:
    keeper, folder = system.keeper, system.config.daemon.state_dir
    if keeper.problem is not None:
        yield Problem(
            words=f"what happens now may be lost in a crash: {keeper.problem}",
            do=f"make room or mend it: df -h {folder}; it is tried again by itself"
            if folder.exists()
            else f"it is made again by itself, within seconds; look: namei -l {folder}",
            critical=True,
        )
    if keeper.dropped:
        yield Problem(
            words=f"{keeper.dropped} journal lines were lost: the disk took none",
            do="the state is whole; to clear this: systemctl restart selfhealingd",
        )


def log_files(system: System) -> dict[str, str]:
    """The files of each program's output, its errors first."""
    return _by_name(system, lambda _, out, err: " ".join(map(str, logs(out, err))))


def _by_name(
    system: System, words: Callable[[str, Target, Target | None], str | None]
) -> dict[str, str]:
    return {
        name: said
        for name, launch in system.config.launches.items()
        if (said := words(name, launch.stdout, launch.stderr))
    }


def probes(system: System, anchor: Anchor) -> dict[str, tuple[ProbeDocument, ...]]:
    """What each service that is up is asked, and what came of it."""
    return {
        name: tuple(_probe(case, anchor) for case in system.prober.cases(name))
        for name in system.config.probes
    }


def _probe(case: Case, anchor: Anchor) -> ProbeDocument:
    answer = case.answer
    return ProbeDocument(
        name=case.key,
        asks=str(case.probe.what),
        answer=None if answer is None else answer.outcome.value,
        words=None if answer is None else answer.words,
        since=None if answer is None else anchor.rfc3339(case.since),
        failing=case.sick,
    )


def tasks(system: System, anchor: Anchor) -> tuple[TaskDocument, ...]:
    """All background tasks."""
    return tuple(_task(facts, anchor) for facts in system.periodic.manager.facts())


def flags(system: System, anchor: Anchor) -> FlagsDocument:
    """The flags in force, by the names that they have in the flag file."""
    loaded = system.flags_loaded
    in_force = system.loop.host.flags
    return FlagsDocument(
        file=str(system.config.daemon.flags_file),
        values={key: getattr(in_force, field) for key, field in FIELDS.items()},
        loaded_at=None if loaded is None else anchor.rfc3339(loaded),
        error=system.flags_error,
    )


def _task(task: TaskFacts, anchor: Anchor) -> TaskDocument:
    return TaskDocument(
        id=task.id,
        owner=task.owner,
        every=task.every,
        state="paused" if task.paused else task.state.value,
        runs=task.runs,
        failures=task.failures,
        failing=task.failing,
        last_started=_time(task.last_started, anchor),
        last_seconds=task.last_seconds,
        last_error=task.last_error,
        next_run=_time(task.next_run, anchor),
    )


def _time(at: float | None, anchor: Anchor) -> str | None:
    return None if at is None else anchor.rfc3339(at)
