"""The parts of the status that only say what is."""

import msgspec
import pytest
from core.simulator import NOON

from selfhealingd.core import report
from selfhealingd.core.breaker import (
    Breaker,
    By,
    Change,
    Closed,
    Open,
    PermanentlyOpen,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Counters, Host, Service
from selfhealingd.core.incident import (
    Attempt,
    Cause,
    Ending,
    Incident,
    Result,
    begin,
    close,
    conclude,
)
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Held,
    Life,
    Purpose,
    Running,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.policy import Flags, Healing, Policy, Program
from selfhealingd.core.snapshot import Anchor
from selfhealingd.wire import documents as doc

NOW = 100.0
ANCHOR = Anchor(NOW, NOON)
POLICY = Policy(programs={"web": Program(name="web"), "db": Program(name="db")})
FACTS = report.Facts(
    now=NOW,
    anchor=ANCHOR,
    flags=doc.FlagsDocument(file="flags.env", values={}),
    version="0.1",
    pid=1,
    uptime=5.0,
)


def failed(name: str, failures: int) -> Service:
    return Service(
        name=name,
        life=Backoff(0, Why.BACKOFF, 120.0),
        wanted=True,
        breaker=Breaker(state=Closed(failures)),
    )


@pytest.mark.parametrize(
    ("failures", "delay"),
    [
        ((0, 0), 5000),
        ((1, 0), 10_000),
        ((1, 3), 40_000),
        ((6, 2), 320_000),
        ((7, 0), 600_000),
    ],
)
def test_backoff_delay(failures: tuple[int, int], delay: int) -> None:
    """The longest in force, in milliseconds; 5000 when none is, 320000 after six."""
    services = {"web": failed("web", failures[0]), "db": failed("db", failures[1])}
    assert delay == report.backoff_delay(POLICY, Host(services=services))


def test_backoff_delay_of_other_settings() -> None:
    """The operator's first wait; the default where there is no program."""
    quick = Program(name="web", healing=Healing(backoff_initial=0.5))
    assert 500 == report.backoff_delay(Policy(programs={"web": quick}), Host())
    assert 5000 == report.backoff_delay(Policy(), Host())


def test_the_engine() -> None:
    """Every field of the contract, by its name."""
    host = Host(
        main=Breaker(state=PermanentlyOpen(10)),
        counters=Counters(attempts=42, healed=30, failed=12),
        flags=Flags(auto_healing=False),
    )
    assert {
        "enabled": False,
        "isDormant": True,
        "dormantReason": "Exceeded maximum consecutive failures (10)",
        "consecutiveFailures": 10,
        "backoffDelay": 5000,
        "totalAttempts": 42,
        "successfulHealings": 30,
        "failedHealings": 12,
    } == msgspec.to_builtins(report.self_healing(POLICY, host))


def test_breakers() -> None:
    """The engine's first; each with why, when, until when and by whom."""
    change = Change(at=90.0, reason="mended", by=By(0, 42))
    services = {
        "web": failed("web", 2),
        "db": Service(
            name="db",
            life=Stopped(0),
            wanted=True,
            breaker=Breaker(state=Open(5, 160.0), change=change),
        ),
    }
    main, web, db = report.breakers(Host(services=services), ANCHOR)
    assert doc.BreakerDocument(
        name="self-healing-main", state="CLOSED", failure_count=0
    ) == (main)
    assert ("program:web", "CLOSED", 2) == (web.name, web.state, web.failure_count)
    assert (
        doc.BreakerDocument(
            name="program:db",
            state="OPEN",
            failure_count=5,
            open_until="2026-01-01T12:01:00.000Z",
            changed_at="2026-01-01T11:59:50.000Z",
            change_reason="mended",
            changed_by="uid 0, pid 42",
        )
        == db
    )


def test_tasks() -> None:
    """Those that are not paused are active."""
    tasks = tuple(
        doc.TaskDocument(id=name, owner="daemon", every=5, state=state)
        for name, state in [("a", "waiting"), ("b", "paused"), ("c", "running")]
    )
    found = report.background_tasks(tasks)
    assert (3, 2, tasks) == (found.total_tasks, found.active_tasks, found.tasks)


def program(life: Life, end: Exit | None = None) -> doc.ProgramDocument:
    s = Service(name="web", life=life, wanted=True, run=3, exit=end)
    host = Host(services={"web": s})
    return report.program_document(POLICY, host, s, FACTS)


def test_a_program_at_a_glance() -> None:
    """State, pid, since when, and for how long it has been up."""
    found = program(Running(40, 7))
    assert ("web", "RUNNING", 7, 60.0, "2026-01-01T11:59:00.000Z") == (
        found.name,
        found.state,
        found.pid,
        found.uptime,
        found.since,
    )
    assert (None, None, "CLOSED", 3) == (
        found.exit,
        found.next,
        found.breaker,
        found.runs,
    )


def test_one_that_stops_has_no_uptime() -> None:
    """Its state's time is that of the stop."""
    found = program(Stopping(90, Purpose.STAY, 110.0, 7))
    assert ("STOPPING", 7, None) == (found.state, found.pid, found.uptime)


def test_who_is_down_as_it_should_be() -> None:
    """Who has finished, or waits for a client; not who failed, or was stopped."""
    lives: dict[str, tuple[Life, bool]] = {
        "done": (Exited(NOW, Held.FINISHED), True),
        "failed": (Exited(NOW, Held.NEVER), True),
        "waits": (Stopped(NOW), True),
        "stopped": (Stopped(NOW), False),
        "up": (Running(NOW, 10), True),
    }
    at = {"waits": ("127.0.0.1:80",), "stopped": ("127.0.0.1:81",)}
    policy = Policy(
        programs={
            name: Program(name=name, starts_on=at.get(name, ())) for name in lives
        }
    )
    services = {
        name: Service(name=name, life=life, wanted=wanted)
        for name, (life, wanted) in lives.items()
    }
    assert {"done", "waits"} == report.at_rest(policy, Host(services=services))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Exit(at=90, code=1, lasted=60), "exited with status 1"),
        (
            Exit(at=90, code=0, lasted=0.2, early=True),
            "exited with status 0 after 0.2 s, before its startsecs were over",
        ),
        (Exit(at=90, problem="no such file", early=True), "no such file"),
    ],
)
def test_how_its_last_run_ended(end: Exit, words: str) -> None:
    """In words that explain why a good status was not good enough."""
    found = program(Backoff(90, Why.BACKOFF, 120.0), end)
    assert (words, "2026-01-01T12:00:20.000Z") == (found.exit, found.next_at)


def test_an_incident_with_all_that_was_tried() -> None:
    """Cause, times, attempts and outcome."""
    incident = begin(
        Incident(
            id="web-1", service="web", cause=Cause.FAILED_START, detail="x", opened=40
        ),
        Attempt(
            number=1, remedy="restart", began=45, deadline=86, ticket=0, main_ticket=0
        ),
    )
    under_way = report.incident_document(incident, ANCHOR)
    assert (None, None) == (under_way.outcome, under_way.attempts[0].result)
    incident = conclude(incident, result=Result.HEALED, detail="up", now=56)
    incident = close(incident, ending=Ending.HEALED, now=56)
    found = report.incident_document(incident, ANCHOR)
    assert ("failed start", "healed", "2026-01-01T11:59:16.000Z") == (
        found.cause,
        found.outcome,
        found.ended,
    )
    assert (
        doc.AttemptDocument(
            remedy="restart",
            started="2026-01-01T11:59:05.000Z",
            ended="2026-01-01T11:59:16.000Z",
            result="healed",
            detail="up",
        )
        == found.attempts[0]
    )
