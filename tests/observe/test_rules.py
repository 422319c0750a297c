"""What services are told to be, as they are measured and as the config changes."""

from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from selfhealingd.core.events import Recovered, Sickened
from selfhealingd.core.incident import Cause
from selfhealingd.core.remedy import Hold
from selfhealingd.core.rules.grammar import rule
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import NOTHING, HostSample, Metric, Needs, Sample
from selfhealingd.core.symptom import Symptom
from selfhealingd.observe.rules import Edge, ServiceRules

FDS = Needs(frozenset({Metric.FDS}))
HOST = HostSample(at=0.0)


def of(when: str, clear: str | None = None) -> Rule:
    return rule(when, clear, Scope.SERVICE)


def short(edge: Edge) -> str:
    match edge:
        case Sickened(symptom=symptom):
            return f"{edge.service}.{edge.run} + {symptom.key}"
        case Recovered(key=key):
            return f"{edge.service}.{edge.run} - {key}"


def symptom(edge: Edge) -> Symptom:
    assert isinstance(edge, Sickened)
    return edge.symptom


@dataclass
class House:
    """Rules in force, and what they told."""

    told: list[Edge] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.rules = ServiceRules(5.0, self.take)

    def put(self, *rules: Rule) -> None:
        """Let ``web`` have these rules."""
        self.rules.put({"web": rules})

    async def take(self, edge: Edge) -> None:
        await trio.lowlevel.checkpoint()
        self.told.append(edge)

    async def sweep(self, *fds: float | None, run: int = 1) -> list[str]:
        """Measure ``web`` each 5 s; return what was told meanwhile."""
        before = len(self.told)
        for number in fds:
            now = self.now
            values = {} if number is None else {Metric.FDS: number}
            sample = Sample(at=now, run=run, values=values)
            self.rules.on_sweep(now, {"web": sample}, HOST)
            self.now += 5
        await wait_all_tasks_blocked()
        return self.since(before)

    async def edges(self) -> list[str]:
        """What was told by now."""
        await wait_all_tasks_blocked()
        return self.since(0)

    def since(self, number: int) -> list[str]:
        return [short(edge) for edge in self.told[number:]]


@pytest.fixture
async def home(nursery: trio.Nursery) -> House:
    """Nothing is up, and there are no rules."""
    made = House()
    await nursery.start(made.rules.run)
    return made


async def test_only_edges_are_told(home: House) -> None:
    """With what was measured, and how long its absence says nothing."""
    home.put(of("fds > 5 for 2 samples"))
    home.rules.begin("web", 1, 99)
    told = await home.sweep(6, 6, 7, 9, 5, 5, 5)
    key = "rule fds > 5 for 2 samples"
    assert [f"web.1 + {key}", f"web.1 - {key}"] == told
    said = symptom(home.told[0])
    assert (Cause.RULE, 5.0, 10.0) == (said.cause, said.at, said.notice_secs)
    assert "open files: 6 (fds > 5 for 2 samples)" == said.words


async def test_only_what_rules_compare_is_asked_for(home: House) -> None:
    """Of those services that have rules, and of the host nothing."""
    home.put(of("fds > 5"))
    assert (FDS, NOTHING) == (home.rules.needs("web"), home.rules.needs("db"))
    assert NOTHING == home.rules.host_needs()
    home.rules.put({"db": (of("fds > 5"),)})
    assert (NOTHING, FDS) == (home.rules.needs("web"), home.rules.needs("db"))


async def test_each_run_begins_afresh(home: House) -> None:
    """What was wrong with one has ended with it, and samples of it are no news."""
    home.put(of("fds > 5 for 2 samples"))
    home.rules.begin("web", 1, 99)
    await home.sweep(6, 6, 6)
    home.rules.end("web")
    assert [] == await home.sweep(6, 6, 6)
    home.rules.begin("web", 2, 100)
    assert [] == await home.sweep(6, 6, run=1)
    assert [] == await home.sweep(6, run=2)
    assert ["web.2 + rule fds > 5 for 2 samples"] == await home.sweep(6, run=2)


async def test_a_reload_keeps_what_is_the_same(home: House) -> None:
    """Another rule begins afresh; a removed one's symptom is over."""
    same, other, third = of("fds > 5 for 3 samples"), of("fds > 1"), of("fds > 2")
    home.put(same, other)
    home.rules.begin("web", 1, 99)
    assert ["web.1 + rule fds > 1"] == await home.sweep(6, 6)
    home.rules.put({"web": (third, same)})
    assert ["web.1 + rule fds > 1", "web.1 - rule fds > 1"] == await home.edges()
    assert ["web.1 + rule fds > 2", f"web.1 + {same.key}"] == await home.sweep(6)
    home.rules.put({})
    assert [f"web.1 - {same.key}", "web.1 - rule fds > 2"] == sorted(
        (await home.edges())[-2:], reverse=True
    )


async def test_a_rule_that_clears_in_another_way_begins_afresh(home: House) -> None:
    """It is told to be over, and may be met again at once."""
    home.put(of("fds > 5"))
    home.rules.begin("web", 1, 99)
    await home.sweep(6)
    home.rules.put({"web": (of("fds > 5", "fds < 3"),)})
    assert "web.1 - rule fds > 5" == (await home.edges())[-1]
    assert ["web.1 + rule fds > 5"] == await home.sweep(6)


async def test_another_remedy_is_told(home: House) -> None:
    """While it is met, what is tried may change."""
    home.put(of("fds > 5"))
    home.rules.begin("web", 1, 99)
    await home.sweep(6)
    held = Rule(scope=Scope.SERVICE, when=of("fds > 5").when, ladder=(Hold(),))
    home.rules.put({"web": (held,)})
    home.rules.put({"web": (held,)})
    assert ["web.1 + rule fds > 5"] * 2 == await home.edges()
    assert [(), (Hold(),)] == [symptom(edge).ladder for edge in home.told]
    assert "open files: 6 (fds > 5)" == symptom(home.told[1]).words


async def test_after_a_rest_samples_count_anew(home: House) -> None:
    """While nothing is measured, nothing is seen, good or bad."""
    home.put(of("fds > 5 for 2 samples"))
    home.rules.begin("web", 1, 99)
    await home.sweep(6)
    home.now += 60
    assert [] == await home.sweep(6)
    assert ["web.1 + rule fds > 5 for 2 samples"] == await home.sweep(6)


async def test_restarts_are_counted_over_runs(
    home: House,
    autojump_clock: MockClock,  # noqa: ARG001 - it jumps by itself
) -> None:
    """Told to the run that is up, and over once they are long ago."""
    key = "rule restarts > 1 in 1min"
    home.put(of("restarts > 1 in 60s"))
    home.rules.begin("web", 1, 99)
    await trio.sleep(10)
    home.rules.end("web")
    home.rules.begin("web", 2, 99)
    await trio.sleep(10)
    assert [] == await home.edges()
    home.rules.end("web")
    home.rules.begin("web", 4, 99)
    assert [f"web.4 + {key}"] == await home.edges()
    assert "restarts: 3 (restarts > 1 in 1min)" == symptom(home.told[0]).words
    await trio.sleep(59)
    assert 1 == len(home.told)
    await trio.sleep(2)
    assert f"web.4 - {key}" == (await home.edges())[-1]


async def test_restarts_are_counted_of_what_never_gets_up(
    home: House,
    autojump_clock: MockClock,  # noqa: ARG001 - it jumps by itself
) -> None:
    """Told to each new run since the first, and over while it is down."""
    key = "rule restarts > 1 in 1min"
    home.put(of("restarts > 1 in 60s"))
    for run in (1, 2, 3, 4):
        await trio.sleep(10)
        home.rules.start("web", run)
    assert [f"web.3 + {key}", f"web.4 + {key}"] == await home.edges()
    first, second = map(symptom, home.told)
    assert first.of_starts
    assert first.at == second.at
    home.rules.begin("web", 4, 99)
    home.rules.end("web")
    assert 2 == len(await home.edges())
    await trio.sleep(70)
    assert [f"web.4 - {key}"] == (await home.edges())[2:]
    home.rules.start("web", 5)
    assert 3 == len(await home.edges())


async def test_restarts_count_from_when_the_rule_is_there(home: House) -> None:
    """A service that is up already has had its first start."""
    home.put()
    home.rules.begin("web", 7, 99)
    home.rules.put({"web": (of("restarts > 1 in 60s"),)})
    home.rules.begin("web", 8, 99)
    assert [] == await home.edges()
    home.rules.begin("web", 9, 99)
    assert ["web.9 + rule restarts > 1 in 1min"] == await home.edges()
    home.rules.put({})
    assert ["web.9 - rule restarts > 1 in 1min"] == (await home.edges())[1:]
