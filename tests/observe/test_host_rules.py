"""The host, judged as it is measured and as the config changes."""

from dataclasses import dataclass, field

import pytest

from selfhealingd.core.rules.course import Course
from selfhealingd.core.rules.grammar import parse
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import NOTHING, HostSample, Metric, Needs, Sample
from selfhealingd.observe.host_rules import HostRules


def of(when: str, *, critical: bool = False) -> Rule:
    return Rule(scope=Scope.HOST, when=parse(when, Scope.HOST), critical=critical)


@dataclass
class House:
    """Rules in force, and what they told."""

    told: list[str] = field(default_factory=list)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.rules = HostRules(5.0, met=self.met, over=self.over)

    def met(self, course: Course) -> None:
        level = "!" if course.rule.critical else ""
        self.told.append(f"+{level} {course.words}")

    def over(self, key: str) -> None:
        self.told.append(f"- {key}")

    def sweep(self, *loads: float | None, disk: float | None = None) -> list[str]:
        """Measure each 5 s; return what was told meanwhile."""
        before = len(self.told)
        for load in loads:
            paths = {}
            if disk is not None:
                values, limits = {Metric.DISK: disk}, {Metric.DISK: 100.0}
                paths["/"] = Sample(at=self.now, values=values, limits=limits)
            values = {} if load is None else {Metric.LOAD: load}
            sample = HostSample(at=self.now, values=values, paths=paths)
            self.rules.on_sweep(self.now, {}, sample)
            self.now += 5
        return self.told[before:]


@pytest.fixture
def home() -> House:
    """There are no rules."""
    return House()


def test_only_edges_are_told(home: House) -> None:
    """With what was measured."""
    home.rules.put([of("load > 5 for 2 samples"), of("disk / > 90%")])
    words = "load of 1 min: 7 (load > 5 for 2 samples)"
    assert [f"+ {words}"] == home.sweep(6, None, 7, 8)
    disk = "space in use on /: 95 B, 95 % of its limit (disk / > 90%)"
    assert [f"+ {disk}"] == home.sweep(8, disk=95)
    assert ["- rule disk / > 90%"] == home.sweep(8, disk=90)
    assert ["- rule load > 5 for 2 samples"] == home.sweep(5, 4, 3)


def test_what_rules_compare_is_asked_for(home: House) -> None:
    """Of the host alone."""
    home.rules.put([of("load > 5"), of("disk / > 90%")])
    wanted = Needs(frozenset({Metric.LOAD}), paths=frozenset({"/"}))
    assert (NOTHING, wanted) == (home.rules.needs("web"), home.rules.host_needs())
    home.rules.put([])
    assert NOTHING == home.rules.host_needs()


def test_a_reload_keeps_what_is_the_same(home: House) -> None:
    """Another level is told at once; what a removed rule found is over."""
    home.rules.put([of("load > 5"), of("load > 1 for 3 samples")])
    home.sweep(6, 6)
    worse = of("load > 5", critical=True)
    home.rules.put([worse, of("load > 1 for 3 samples")])
    assert "+! load of 1 min: 6 (load > 5)" == home.told[-1]
    assert ["+ load of 1 min: 6 (load > 1 for 3 samples)"] == home.sweep(6)
    home.rules.put([worse])
    assert "- rule load > 1 for 3 samples" == home.told[-1]
    assert 4 == len(home.told)


def test_after_a_rest_samples_count_anew(home: House) -> None:
    """While nothing is measured, nothing is seen, good or bad."""
    home.rules.put([of("load > 5 for 2 samples")])
    home.sweep(6)
    home.now += 60
    assert [] == home.sweep(6)
    assert 1 == len(home.sweep(6))


def test_what_is_never_measured_is_blind(home: House) -> None:
    """It never tells anything, so somebody has to ask."""
    home.rules.put([of("disk /nonexist > 90%"), of("load > 5")])
    home.sweep(1.0, 1.0)
    assert () == home.rules.blind()
    home.sweep(1.0)
    [course] = home.rules.blind()
    assert "disk /nonexist can't be measured" == course.lack
