"""Judges services by their rules, as the sampler measures them; tells only edges.

A run begins afresh with all rules. What a rule counts outlives the runs: it is about
them, so it is judged from each start on, also of one that never gets up.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import trio

from selfhealingd.core.events import Recovered, Sickened
from selfhealingd.core.incident import Cause
from selfhealingd.core.rules.course import Course, Starts, count, forget, look, settle
from selfhealingd.core.rules.hysteresis import Verdict
from selfhealingd.core.rules.reading import needs
from selfhealingd.core.rules.rule import Counted, Rule
from selfhealingd.core.sample import NOTHING, HostSample, Needs, Sample
from selfhealingd.core.symptom import Symptom

Edge = Sickened | Recovered

RESTED = 3
"""Intervals without a sweep, after which what was seen before says nothing."""


@dataclass(slots=True)
class _Case:
    """The latest run of a service, with its rules by their keys.

    ``since``: when those were met first that are.
    """

    run: int
    courses: dict[str, Course] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)


class ServiceRules:
    """An observer of runs, and a subscriber of the sampler.

    ``interval``: seconds between samples. ``report`` takes what is told.
    """

    def __init__(
        self, interval: float, report: Callable[[Edge], Awaitable[None]]
    ) -> None:
        self._interval = interval
        self._report = report
        self._cores = os.cpu_count() or 1
        self._rules: Mapping[str, tuple[Rule, ...]] = {}
        self._needs: dict[str, Needs] = {}
        self._cases: dict[str, _Case] = {}
        self._starts: dict[str, Starts] = {}
        self._swept = 0.0
        self._recount = trio.Event()
        self._told, self._edges = trio.open_memory_channel[Edge](float("inf"))

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Pass on what is found, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._count_again)
            task_status.started()
            async for edge in self._edges:
                await self._report(edge)

    def put(self, rules: Mapping[str, tuple[Rule, ...]]) -> None:
        """Judge by these; a rule that is the same goes on as it was."""
        self._rules = dict(rules)
        self._needs = {service: needs(own) for service, own in rules.items()}
        for service, case in self._cases.items():
            self._settle(service, case)
            self._note_start(service, case.run)
        for service in self._starts.keys() - rules.keys():
            del self._starts[service]
        self._judge_counts(trio.current_time())
        self._recount.set()

    # As an observer

    def start(self, service: str, run: int) -> None:
        """Count this start; what is counted is wrong with the new run as well."""
        now = trio.current_time()
        case = self._cases.get(service)
        if case is None or case.run != run:
            case = self._cases[service] = _anew(run, case)
            for course in case.courses.values():
                if course.met:
                    self._sickened(service, case, course, now)
        self._settle(service, case)
        self._note_start(service, run)
        self._judge_count(service, now)
        self._recount.set()

    def begin(self, service: str, run: int, pid: int) -> None:  # noqa: ARG002
        """Judge this run by all of its rules, as from now on it is measured."""
        self.start(service, run)

    def end(self, service: str) -> None:
        """Judge no more but by what is counted; the rest has ended with the run."""
        case = self._cases.get(service)
        if case is not None:
            self._cases[service] = _anew(case.run, case)

    def blind(self, service: str) -> tuple[Course, ...]:
        """Return those of a service that have nothing to judge by."""
        case = self._cases.get(service)
        courses = case.courses.values() if case is not None else ()
        return tuple(course for course in courses if course.blind)

    # As a subscriber

    def needs(self, service: str) -> Needs:
        """What the rules of a service compare."""
        return self._needs.get(service, NOTHING)

    def host_needs(self) -> Needs:
        """Nothing: the host's rules are judged elsewhere."""
        return NOTHING

    def on_sweep(
        self,
        now: float,
        services: Mapping[str, Sample],
        host: HostSample,  # noqa: ARG002
    ) -> None:
        """Judge all that were measured."""
        rested = now - self._swept > RESTED * self._interval
        self._swept = now
        for service, case in self._cases.items():
            if rested:
                case.courses = {k: forget(one) for k, one in case.courses.items()}
            sample = services.get(service)
            if sample is None or sample.run != case.run:
                continue
            for key, course in case.courses.items():
                case.courses[key], verdict = look(course, sample, cores=self._cores)
                self._tell(service, case, key, verdict, sample.at)

    def _settle(self, service: str, case: _Case) -> None:
        """Let a run have the rules that are in force."""
        now = trio.current_time()
        settled = settle(case.courses, self._rules.get(service, ()))
        case.courses = settled.courses
        for key in settled.over:
            self._recovered(service, case, key, now)
        for key in settled.changed:
            self._sickened(service, case, case.courses[key], now)

    # What is counted

    def _note_start(self, service: str, run: int) -> None:
        longest = max(_spans(self._rules.get(service, ())), default=None)
        if longest is not None:
            seen = self._starts.get(service, Starts())
            now = trio.current_time()
            self._starts[service] = seen.add(now, run, longest)

    async def _count_again(self) -> None:
        """Look again when time alone has changed a number."""
        while True:
            self._recount = trio.Event()
            due = min(self._due(trio.current_time()), default=float("inf"))
            with trio.move_on_at(due):
                await self._recount.wait()
            self._judge_counts(trio.current_time())

    def _due(self, now: float) -> Iterator[float]:
        for service, case in self._cases.items():
            seen = self._starts.get(service)
            for course in case.courses.values() if seen is not None else ():
                window = course.rule.when.window
                if seen is not None and isinstance(window, Counted):
                    when = seen.next_change(window.secs, now)
                    if when is not None:
                        yield when

    def _judge_counts(self, now: float) -> None:
        for service in self._starts:
            self._judge_count(service, now)

    def _judge_count(self, service: str, now: float) -> None:
        case, seen = self._cases.get(service), self._starts.get(service)
        if case is None or seen is None:
            return
        for key, course in case.courses.items():
            case.courses[key], verdict = count(course, now, seen)
            self._tell(service, case, key, verdict, now)

    # What is told

    def _tell(
        self, service: str, case: _Case, key: str, verdict: Verdict, at: float
    ) -> None:
        if verdict is Verdict.SICKENED:
            self._sickened(service, case, case.courses[key], at)
        elif verdict is Verdict.RECOVERED:
            self._recovered(service, case, key, at)

    def _sickened(self, service: str, case: _Case, course: Course, at: float) -> None:
        rule = course.rule
        symptom = Symptom(
            key=rule.key,
            cause=Cause.RULE,
            words=course.words,
            at=case.since.setdefault(rule.key, at),
            notice_secs=rule.window_secs(self._interval),
            ladder=rule.ladder,
            of_starts=_counts(course),
        )
        edge = Sickened(at=at, service=service, run=case.run, symptom=symptom)
        self._told.send_nowait(edge)

    def _recovered(self, service: str, case: _Case, key: str, at: float) -> None:
        case.since.pop(key, None)
        edge = Recovered(at=at, service=service, run=case.run, key=key)
        self._told.send_nowait(edge)


def _anew(run: int, before: _Case | None) -> _Case:
    """Begin with a run, knowing of earlier ones what is counted."""
    if before is None:
        return _Case(run)
    courses = {key: one for key, one in before.courses.items() if _counts(one)}
    since = {key: at for key, at in before.since.items() if key in courses}
    return _Case(run, courses, since)


def _counts(course: Course) -> bool:
    return isinstance(course.rule.when.window, Counted)


def _spans(rules: Iterable[Rule]) -> Iterator[float]:
    for rule in rules:
        if isinstance(rule.when.window, Counted):
            yield rule.when.window.secs
