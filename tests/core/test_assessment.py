"""The judgement: what isn't well, and exactly what to type."""

import re
from typing import Any

import msgspec
import pytest
from core.simulator import NOON
from msgspec.structs import replace

from selfhealingd.core.assessment import assess
from selfhealingd.core.breaker import (
    Breaker,
    BreakerState,
    Closed,
    Open,
    PermanentlyOpen,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Counters, Host, Service
from selfhealingd.core.incident import Cause, Incident
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Purpose,
    Running,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.policy import BreakerPolicy, Flags, Policy, Program
from selfhealingd.core.report import Facts, Problem
from selfhealingd.core.snapshot import Anchor
from selfhealingd.wire import documents as doc

NOW = 100.0
POLICY = Policy(programs={"web": Program(name="web")})
FACTS = Facts(
    now=NOW,
    anchor=Anchor(NOW, NOON),
    flags=doc.FlagsDocument(file="/etc/x/flags.env", values={}),
    version="0.1",
    pid=1,
    uptime=5.0,
)
EXITED = "exited with status 1"
ONE_TRY = "one try, attempt 1, by its breaker in 1 min"
CRASHED = Exit(at=NOW, code=1, lasted=60)


def service(life: Life, state: BreakerState | None = None) -> Service:
    return Service(
        name="web",
        life=life,
        wanted=True,
        exit=CRASHED,
        breaker=Breaker(state=state or Closed()),
    )


def judge(
    s: Service | None = None, facts: Facts = FACTS, **host: Any
) -> list[tuple[str, str]]:
    """All issues, each with its recommendation."""
    services = {"web": s or service(Running(0, 7))}
    status = assess(POLICY, Host(services=services, **host), facts)
    assert len(status.issues) == len(status.recommendations)
    marks = {issue.partition(":")[0] for issue in status.issues}
    worst = {"CRITICAL": "critical", "WARNING": "warning"}
    expected = [worst[m] for m in ("CRITICAL", "WARNING") if m in marks]
    assert (expected or ["healthy"])[0] == status.status
    return list(zip(status.issues, status.recommendations, strict=True))


def test_a_healthy_daemon_is_the_contracts_example() -> None:
    """Every field that was promised, by name and in its place."""
    tasks = tuple(
        doc.TaskDocument(id=name, owner="daemon", every=5, state="waiting")
        for name in ("a", "b", "c")
    )
    host = Host(
        services={"web": service(Running(0, 7))},
        counters=Counters(attempts=42, healed=40, failed=2),
    )
    status = assess(POLICY, host, replace(FACTS, tasks=tasks))
    document = msgspec.json.decode(msgspec.json.encode(status))
    assert "healthy" == document["status"]
    assert {
        "enabled": True,
        "isDormant": False,
        "dormantReason": None,
        "consecutiveFailures": 0,
        "backoffDelay": 5000,
        "totalAttempts": 42,
        "successfulHealings": 40,
        "failedHealings": 2,
    } == document["selfHealing"]
    main = document["circuitBreakers"][0]
    promised = {
        "name": "self-healing-main",
        "state": "CLOSED",
        "failureCount": 0,
        "permanentOpenReason": None,
    }
    assert promised == {key: main[key] for key in promised}
    background = document["backgroundTasks"]
    assert (3, 3) == (background["totalTasks"], background["activeTasks"])
    assert ["a", "b", "c"] == [task["id"] for task in background["tasks"]]
    counts = ("totalKeys", "activeKeys", "failedKeys", "coolingKeys")
    keys = dict.fromkeys(counts, 0)
    assert keys == document["llm"]["keyManagement"]
    assert ([], []) == (document["issues"], document["recommendations"])
    more = {"programs", "watches", "incidents", "flags", "version", "pid", "uptime"}
    assert more <= document.keys()
    at_least = ["name", "group", "state", "pid", "since", "exit", "next", "breaker"]
    assert set(at_least) <= document["programs"][0].keys()


@pytest.mark.parametrize("failures", [5, 6, 9])
def test_it_warns_from_five_failures_in_a_row(failures: int) -> None:
    """With the number, and the threshold that it comes near to."""
    ((issue, do),) = judge(main=Breaker(state=Closed(failures)))
    assert f"WARNING: Self-Healing has {failures} consecutive failures" == issue
    assert do.startswith("System approaching Dormant Mode threshold (10 failures)")
    assert "selfhealctl incidents" in do


def test_it_is_calm_below_five() -> None:
    """Four failures are no issue."""
    assert [] == judge(main=Breaker(state=Closed(4)))


def test_it_warns_from_half_of_what_makes_it_dormant() -> None:
    """Where that is fewer than five."""
    policy = replace(POLICY, main=BreakerPolicy(permanent_after=4))
    hosts = [Host(main=Breaker(state=Closed(failures))) for failures in (1, 2)]
    found = [assess(replace(policy, programs={}), host, FACTS) for host in hosts]
    assert [0, 1] == [len(status.issues) for status in found]
    assert "(4 failures)" in found[1].recommendations[0]


def test_dormant_is_critical() -> None:
    """And the way out is the exact commands, in the order of emergencies.md."""
    ((issue, do),) = judge(main=Breaker(state=PermanentlyOpen(10)))
    assert "CRITICAL: Self-Healing Engine in DORMANT mode" == issue
    assert do.startswith("stop automation: echo FEATURE_AUTO_HEALING_ENABLED=false >>")
    assert do.endswith('; mend it; then: selfhealctl resume --reason "…"')


def test_the_engines_breaker_is_open() -> None:
    """For how long, and what closes it before."""
    found = judge(main=Breaker(state=Open(5, NOW + 42)))
    issue, do = found[1]
    assert "WARNING: breaker self-healing-main is OPEN: no healing for 42 s" == issue
    [late] = [
        i for i, _ in judge(main=Breaker(state=Open(5, NOW - 600))) if "OPEN" in i
    ]
    assert late.endswith("OPEN: its time is over, the next remedy is its try")
    assert 'selfhealctl reset self-healing-main --reason "…"' in do


def test_automation_is_off() -> None:
    """The flag, its file, and the reload."""
    ((issue, do),) = judge(flags=Flags(auto_healing=False))
    assert "WARNING: automatic healing is switched off, restarts included" == issue
    assert (
        "switch it on: echo FEATURE_AUTO_HEALING_ENABLED=true >> /etc/x/flags.env;"
        " selfhealctl reload"
    ) == do
    assert "selfhealctl reload" in do


@pytest.mark.parametrize(
    ("s", "issue", "command"),
    [
        (
            service(Fatal(0), PermanentlyOpen(10)),
            "program web is FATAL: exited with status 1",
            'selfhealctl reset program:web --force --reason "…"',
        ),
        (
            service(Backoff(NOW, Why.BACKOFF, 110.0)),
            f"program web is down: {EXITED}; next: restart, attempt 1, in 10 s",
            "selfhealctl restart web",
        ),
        (
            service(Backoff(NOW, Why.BREAKER, 160.0), Open(5, 160.0)),
            f"program web is down, its breaker OPEN: {EXITED}; next: {ONE_TRY}",
            'selfhealctl reset program:web --reason "…"',
        ),
        (
            service(Exited(NOW, Held.NEVER)),
            "program web exited with status 1, and is never restarted",
            "selfhealctl start web",
        ),
        (
            service(Exited(NOW, Held.SWITCHED_OFF)),
            "program web is down, unhealed: exited with status 1",
            "selfhealctl start web",
        ),
        (
            service(Exited(NOW, Held.DORMANT)),
            "program web is down, unhealed: exited with status 1",
            "selfhealctl start web",
        ),
        (
            service(Stopping(90, Purpose.STAY, 105.0, 7, killed=True)),
            "program web did not end on SIGKILL yet",
            "cat /proc/7/wchan",
        ),
        (
            service(Stopping(90, Purpose.STAY, 105.0, killed=True, ended=True)),
            "what web left behind did not end on SIGKILL yet",
            "ps -eo pid,ppid,pgid,stat,wchan:20,args",
        ),
        (
            service(Running(0, 7), PermanentlyOpen(10)),
            "program web is up, but its breaker is open for good",
            'selfhealctl reset program:web --force --reason "…"',
        ),
        (
            service(Stopped(0), PermanentlyOpen(10)),
            "program web is STOPPED, but its breaker is open for good",
            'selfhealctl reset program:web --force --reason "…"',
        ),
    ],
)
def test_a_program_that_is_not_well(s: Service, issue: str, command: str) -> None:
    """What is wrong, what comes next, and the command."""
    ((found, do),) = judge(s)
    assert f"WARNING: {issue}" == found
    assert command in do


@pytest.mark.parametrize(
    "life",
    [
        Running(0, 7),
        Stopped(0),
        Exited(0, Held.FINISHED),
        Backoff(NOW, Why.PAUSE, 101.0),
        Stopping(90, Purpose.STAY, 105.0, 7),
    ],
)
def test_what_is_as_it_should_be_is_no_issue(life: Life) -> None:
    """Up, stopped by its operator, or done."""
    assert [] == judge(service(life))


@pytest.mark.parametrize(
    ("number", "issue", "command"),
    [
        (5, None, ""),
        (6, "WARNING: 6 background tasks: more than is usual", "unregister ID"),
        (10, "WARNING: 10 background tasks: more than is usual", "unregister ID"),
        (11, "WARNING: 11 background tasks: overload", "selfhealctl cleanup"),
    ],
)
def test_background_tasks(number: int, issue: str | None, command: str) -> None:
    """Three to five are normal, from six a caution, above ten overload."""
    tasks = tuple(
        doc.TaskDocument(id=f"t{n}", owner="operator", every=5, state="waiting")
        for n in range(number)
    )
    found = judge(facts=replace(FACTS, tasks=tasks))
    assert ([issue] if issue else []) == [words for words, _ in found]
    assert all(command in do for _, do in found)


def test_the_thresholds_can_be_set() -> None:
    """The operator's own numbers count."""
    task = doc.TaskDocument(id="t", owner="operator", every=5, state="waiting")
    facts = replace(FACTS, tasks=(task, task), caution=1, overload=2)
    assert "overload" in judge(facts=facts)[0][0]


def test_tasks_that_are_paused_or_failing() -> None:
    """Each is named."""
    paused = doc.TaskDocument(id="a", owner="operator", every=5, state="paused")
    failing = doc.TaskDocument(
        id="b",
        owner="operator",
        every=5,
        state="waiting",
        failing=True,
        last_error="exited with status 1",
    )
    found = judge(facts=replace(FACTS, tasks=(paused, failing)))
    assert "WARNING: background tasks are paused: a" == found[0][0]
    assert "selfhealctl resume-all" in found[0][1]
    assert "WARNING: background task b failed: exited with status 1" == found[1][0]


def test_what_the_shell_knows_comes_with_its_own_advice() -> None:
    """Critical ones first, whoever found them."""
    problems = (
        Problem(words="small", do="selfhealctl version"),
        Problem(words="big", do="selfhealctl status", critical=True),
    )
    facts = replace(FACTS, problems=problems, pending=frozenset({"b", "a"}))
    assert [
        ("CRITICAL: big", "selfhealctl status"),
        ("WARNING: small", "selfhealctl version"),
        (
            "WARNING: changed settings wait for a restart of: a, b",
            "see what an update does: selfhealctl reread; do it: selfhealctl update",
        ),
    ] == judge(facts=facts)


def test_what_waits_for_a_person_comes_before_what_holds() -> None:
    """However many keep failing and are healed each time: a screen has an end."""
    lives: dict[str, Life] = {
        "held": Running(0, 7),
        "down": Backoff(0, Why.BACKOFF, 200.0),
        "over": Exited(0, Held.NEVER),
        "dead": Fatal(0),
    }
    services = {
        name: replace(service(life), name=name, healings=(NOW,) * 3)
        for name, life in lives.items()
    }
    issues = assess(
        Policy(programs={name: Program(name=name) for name in lives}),
        Host(services=services, shutting_down=True),
        FACTS,
    ).issues
    assert "WARNING: the daemon is shutting down" in issues[0]
    assert ["dead", "over", "down", "held"] == [one.split()[2] for one in issues[1:]]


def test_only_open_incidents_are_listed() -> None:
    """None here: the program runs and nothing is open."""
    host = Host(services={"web": service(Running(0, 7))})
    assert () == assess(POLICY, host, FACTS).incidents


def test_every_recommendation_names_a_command() -> None:
    """Something to type stands in each."""
    task = doc.TaskDocument(id="t", owner="o", every=5, state="paused", failing=True)
    facts = replace(FACTS, tasks=(task,) * 11, pending=frozenset({"web"}))
    found = [
        *judge(main=Breaker(state=PermanentlyOpen(10)), facts=facts),
        *judge(main=Breaker(state=Open(5, 160.0)), flags=Flags(auto_healing=False)),
        *judge(service(Fatal(0), PermanentlyOpen(10))),
        *judge(service(Backoff(NOW, Why.TURN))),
        *judge(service(Exited(NOW, Held.DORMANT))),
    ]
    assert all(re.search(r"selfhealctl [a-z]", do) for _, do in found)


def test_what_is_gone_from_the_config_is_not_merely_changed() -> None:
    """An update would stop it, and says so; what is down is not said to run."""
    facts = replace(FACTS, pending=frozenset({"a", "web"}), removed=frozenset({"web"}))
    found = dict(judge(facts=facts))
    assert "WARNING: changed settings wait for a restart of: a" in found
    gone = found["WARNING: gone from the config, but still running: web"]
    assert "STOP" in gone
    facts = replace(FACTS, pending=frozenset({"web"}), removed=frozenset({"web"}))
    [(words, do)] = judge(service(Stopped(0)), facts=facts)
    assert "WARNING: gone from the config, and down: web" == words
    assert "to drop them: selfhealctl remove web" == do


def test_tasks_that_were_ended_by_hand_are_not_forgotten() -> None:
    """With the command that brings them back."""
    found = dict(judge(facts=replace(FACTS, ended=frozenset({"prune"}))))
    ended = found["WARNING: background tasks were ended by hand: prune"]
    assert "selfhealctl resume-all" in ended


def test_the_log_of_what_failed_is_named() -> None:
    """So that the cause is one command away."""
    s = Service(
        name="web", life=Backoff(0, Why.BACKOFF, 200.0), wanted=True, exit=CRASHED
    )
    facts = replace(FACTS, see={"web": "selfhealctl logs web"})
    [(_, do)] = judge(s, facts=facts)
    assert "see why: selfhealctl logs web" in do


def test_an_incident_leads_to_its_story() -> None:
    """It has the last lines, what was tried, and the next command."""
    incident = Incident(
        id="web-3", service="web", cause=Cause.EXIT, detail="status 1", opened=0.0
    )
    s = Service(
        name="web",
        life=Backoff(0, Why.BACKOFF, 200.0),
        wanted=True,
        exit=CRASHED,
        incident=incident,
    )
    facts = replace(FACTS, see={"web": "selfhealctl logs web"})
    [(_, do)] = judge(s, facts=facts)
    assert "see why: selfhealctl show web" in do
