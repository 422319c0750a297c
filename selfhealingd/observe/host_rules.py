"""Judges the host by its rules, as the sampler measures it; tells only edges."""

import os
from collections.abc import Callable, Iterable, Mapping

from selfhealingd.core.rules.course import Course, forget, look, settle
from selfhealingd.core.rules.hysteresis import Verdict
from selfhealingd.core.rules.reading import needs
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import NOTHING, HostSample, Needs, Sample
from selfhealingd.observe.rules import RESTED


class HostRules:
    """A subscriber of the sampler.

    ``met`` is told of a rule that is, ``over`` of the key of one that isn't any more.
    """

    def __init__(
        self,
        interval: float,
        *,
        met: Callable[[Course], None],
        over: Callable[[str], None],
    ) -> None:
        self._interval = interval
        self._met = met
        self._over = over
        self._cores = os.cpu_count() or 1
        self._needs = NOTHING
        self._courses: dict[str, Course] = {}
        self._swept = 0.0

    def put(self, rules: Iterable[Rule]) -> None:
        """Judge by these; a rule that is the same goes on as it was."""
        wanted = tuple(rules)
        self._needs = needs(wanted)
        settled = settle(self._courses, wanted)
        self._courses = settled.courses
        for key in settled.over:
            self._over(key)
        for key in settled.changed:
            self._met(self._courses[key])

    def blind(self) -> tuple[Course, ...]:
        """Return those that have nothing to judge by."""
        return tuple(course for course in self._courses.values() if course.blind)

    def needs(self, service: str) -> Needs:  # noqa: ARG002
        """Nothing of any service."""
        return NOTHING

    def host_needs(self) -> Needs:
        """What the rules compare."""
        return self._needs

    def on_sweep(
        self,
        now: float,
        services: Mapping[str, Sample],  # noqa: ARG002
        host: HostSample,
    ) -> None:
        """Judge the host."""
        rested = now - self._swept > RESTED * self._interval
        self._swept = now
        for key, course in self._courses.items():
            before = forget(course) if rested else course
            self._courses[key], verdict = look(before, host, cores=self._cores)
            if verdict is Verdict.SICKENED:
                self._met(self._courses[key])
            elif verdict is Verdict.RECOVERED:
                self._over(key)
