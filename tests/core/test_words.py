"""Announcements as sentences: what operators read."""

import pytest
from msgspec.structs import replace

from selfhealingd.core.breaker import PERMANENT_REASON, By, Change
from selfhealingd.core.diagnosis import RestartOnce
from selfhealingd.core.effects import (
    AdviceTaken,
    Announcement,
    AttemptBegan,
    AttemptEnded,
    BreakerChanged,
    Escalated,
    FlagsSet,
    IncidentDiagnosed,
    IncidentEnded,
    IncidentOpened,
    OperatorActed,
    ProblemFound,
    ProblemOver,
    ReadinessChanged,
    Transition,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.incident import Attempt, Cause, Ending, Incident, Result
from selfhealingd.core.words import Level, dormant_reason, reset_command, sentence

NOW = 100.0
PROMISED = "Exceeded maximum consecutive failures (10)"
RESET = 'selfhealctl reset program:web --force --reason "…"'
RESUME = 'selfhealctl resume --reason "…"'
DORMANT = (
    f"self-healing-main is PERMANENT_OPEN, the engine is DORMANT: {PROMISED};"
    f" until: {RESUME}"
)
CRASHED = Exit(at=NOW, code=1, lasted=42.0)


def transition(after: str, **values: object) -> Transition:
    fields = {"service": "web", "before": "RUNNING", "run": 3, **values}
    return Transition(after=after, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("announcement", "words", "level"),
    [
        (transition("STARTING"), "starting (run 3)", Level.DEBUG),
        (transition("RUNNING", pid=7), "running, pid 7", Level.INFO),
        (transition("STOPPING"), "stopping", Level.DEBUG),
        (
            transition("STOPPING", why="not ready within 5 s: no READY=1"),
            "stopping: not ready within 5 s: no READY=1",
            Level.WARNING,
        ),
        (transition("STOPPED"), "stopped", Level.INFO),
        (
            transition("STARTING", exit=CRASHED),
            "exited with status 1 after 42 s; starting (run 3)",
            Level.DEBUG,
        ),
        (
            transition("BACKOFF", exit=CRASHED, until=110.0, why="backoff"),
            "next try in 10 s (backoff)",
            Level.WARNING,
        ),
        (
            transition("BACKOFF", exit=Exit(at=NOW, code=1, lasted=0.01), why="x"),
            "next try waits for x",
            Level.WARNING,
        ),
        (
            transition("BACKOFF", exit=Exit(at=NOW, problem="no such file"), why="x"),
            "next try waits for x",
            Level.WARNING,
        ),
        (
            transition(
                "BACKOFF",
                exit=Exit(at=NOW, code=0, lasted=0.01),
                until=101.0,
                why="a pause between runs",
            ),
            "exited with status 0 at once; next try in 1 s (a pause between runs)",
            Level.WARNING,
        ),
        (
            transition("BACKOFF", why="its turn"),
            "next try waits for its turn",
            Level.WARNING,
        ),
        (
            transition("EXITED", exit=Exit(at=NOW, code=0, lasted=1), why="finished"),
            "exited with status 0 after 1 s; not started again: finished",
            Level.INFO,
        ),
        (
            transition("EXITED", why="dormant"),
            "not started again: dormant",
            Level.WARNING,
        ),
        (
            transition("FATAL"),
            f"FATAL until: {RESET}",
            Level.ERROR,
        ),
    ],
)
def test_transitions(announcement: Transition, words: str, level: Level) -> None:
    """How it ended, where it did, and what it is now."""
    said = sentence(announcement, NOW)
    assert (words, level, "Supervisor") == (said.words, said.level, said.component)
    assert ("service.transition", "web") == (said.kind, said.service)


INCIDENT = Incident(
    id="web-4",
    service="web",
    cause=Cause.EXIT,
    detail="exited with status 1",
    opened=NOW,
)
ATTEMPT = Attempt(
    number=2, remedy="restart", began=NOW, deadline=NOW, ticket=0, main_ticket=0
)


@pytest.mark.parametrize(
    ("tokens", "cost", "took"),
    [
        (None, None, ""),
        (120, None, "; 120 tokens"),
        (120, 0.01, "; 120 tokens, cost 0.01"),
    ],
)
def test_a_diagnosis_says_what_it_took(
    tokens: int | None, cost: float | None, took: str
) -> None:
    """Where that is known."""
    told = IncidentDiagnosed(
        service="web",
        incident="web-4",
        cause="bad config",
        action="hold",
        model="a",
        tokens=tokens,
        cost=cost,
    )
    words = f"the model says of web-4: bad config, it advises: hold{took}"
    assert words == sentence(told, NOW).words


def ended(ending: Ending, attempts: int = 1) -> IncidentEnded:
    return IncidentEnded(
        incident=Incident(
            id="web-4",
            service="web",
            cause=Cause.EXIT,
            detail="exited with status 1",
            opened=NOW,
            ending=ending,
            attempts=(ATTEMPT,) * attempts,
        )
    )


def attempted(result: Result, detail: str | None) -> AttemptEnded:
    attempt = Attempt(
        number=2,
        remedy="restart",
        began=NOW,
        deadline=NOW,
        ticket=0,
        main_ticket=0,
        result=result,
        detail=detail,
    )
    return AttemptEnded(service="web", incident="web-4", attempt=attempt, failures=2)


@pytest.mark.parametrize(
    ("announcement", "words", "level"),
    [
        (
            IncidentOpened(incident=INCIDENT),
            "crashed: exited with status 1 (incident web-4)",
            Level.WARNING,
        ),
        (ended(Ending.HEALED), "healed (incident web-4)", Level.INFO),
        (
            ended(Ending.HEALED, 3),
            "healed after 3 attempts (incident web-4)",
            Level.INFO,
        ),
        (
            ended(Ending.GIVEN_UP),
            "given up (incident web-4): exited with status 1",
            Level.ERROR,
        ),
        (
            ended(Ending.OPERATOR),
            "left to the operator (incident web-4)",
            Level.INFO,
        ),
        (
            AttemptBegan(service="web", incident="web-4", attempt=ATTEMPT),
            "trying to restart (attempt 2)",
            Level.INFO,
        ),
        (
            attempted(Result.HEALED, "up for 10 s"),
            "restart (attempt 2) verified: up for 10 s",
            Level.DEBUG,
        ),
        (
            attempted(Result.INTERRUPTED, None),
            "restart (attempt 2) interrupted",
            Level.INFO,
        ),
        (
            attempted(Result.RELAPSED, "exited"),
            "restart (attempt 2) did not last: exited (2 failed in a row)",
            Level.WARNING,
        ),
        (
            attempted(Result.NO_EFFECT, None),
            "restart (attempt 2) failed (2 failed in a row)",
            Level.WARNING,
        ),
    ],
)
def test_healing(announcement: Announcement, words: str, level: Level) -> None:
    """`grep SelfHealing` finds what the engine saw, tried and achieved."""
    said = sentence(announcement, NOW)
    assert (words, level, "SelfHealing") == (said.words, said.level, said.component)
    assert "web" == said.service


def test_advice_that_waits_on_is_not_told_from_the_beginning() -> None:
    """Once what is advised; then what has changed, with the incident to look at."""
    advice = AdviceTaken(
        service="web", incident="web-4", action=RestartOnce(), words="it waits"
    )
    said = sentence(advice, NOW).words
    assert "the model advises restart_once (web-4): it waits" == said
    again = replace(advice, words="waits as a2 now", again=True)
    said = sentence(again, NOW).words
    assert "what the model advises (web-4) waits as a2 now" == said


def test_a_failed_start_is_called_so() -> None:
    """It never came up: that is no crash."""
    failed = Incident(
        id="web-1",
        service="web",
        cause=Cause.FAILED_START,
        detail="no such file",
        opened=NOW,
    )
    said = sentence(IncidentOpened(incident=failed), NOW)
    assert "failed to start: no such file (incident web-1)" == said.words


def changed(
    name: str, after: str, reason: str, until: float | None = None, by: By | None = None
) -> BreakerChanged:
    return BreakerChanged(
        breaker=name,
        before="CLOSED",
        after=after,
        failures=10,
        change=Change(at=NOW, reason=reason, by=by),
        until=until,
    )


@pytest.mark.parametrize(
    ("announcement", "words", "level"),
    [
        (
            changed("program:web", "OPEN", "5 failed healings in a row", 160.0),
            "program:web is OPEN for 1 min: 5 failed healings in a row",
            Level.WARNING,
        ),
        (
            changed("program:web", "OPEN", "its one try was interrupted", NOW),
            "program:web is OPEN: its one try was interrupted",
            Level.WARNING,
        ),
        (
            changed("program:web", "HALF_OPEN", "its time is over: one try"),
            "program:web is HALF_OPEN: its time is over: one try",
            Level.WARNING,
        ),
        (
            changed("program:web", "CLOSED", "mended", by=By(0, 42)),
            "program:web is CLOSED: mended (uid 0, pid 42)",
            Level.INFO,
        ),
        (
            changed("program:web", "PERMANENT_OPEN", PERMANENT_REASON),
            (
                "program:web is PERMANENT_OPEN after 10 failed healings in a row:"
                " Exceeded permanent failure threshold"
            ),
            Level.ERROR,
        ),
        (
            changed("self-healing-main", "PERMANENT_OPEN", PERMANENT_REASON),
            DORMANT,
            Level.ERROR,
        ),
    ],
)
def test_breakers(announcement: BreakerChanged, words: str, level: Level) -> None:
    """State, reason, how long, and who."""
    said = sentence(announcement, NOW)
    assert (words, level, "CircuitBreaker") == (said.words, said.level, said.component)
    program = announcement.breaker == "program:web"
    assert ("web" if program else None) == said.service


def test_a_kill_is_told() -> None:
    """After how long it came."""
    said = sentence(Escalated(service="web", run=3, waited=10.0), NOW)
    assert "has not ended within 10 s: SIGKILL" == said.words
    assert (Level.WARNING, "web") == (said.level, said.service)


def test_readiness_of_what_runs() -> None:
    """Both ways, and loud only where something is wrong."""
    gone = sentence(ReadinessChanged(service="db", lack="no answer"), NOW)
    back = sentence(ReadinessChanged(service="db"), NOW)
    assert ("not ready: no answer", Level.WARNING) == (gone.words, gone.level)
    assert ("ready", Level.INFO) == (back.words, back.level)


def test_operators_are_named() -> None:
    """Who did what, and why."""
    acted = OperatorActed(action="stop", target="web", by="uid 0, pid 1", reason="calm")
    said = sentence(acted, NOW)
    assert "stop web, asked for by uid 0, pid 1: calm" == said.words
    assert "Control" == said.component


@pytest.mark.parametrize(
    ("off", "end", "level"),
    [
        (("auto_healing",), "switched off: auto_healing", Level.WARNING),
        ((), "all are on", Level.INFO),
    ],
)
def test_flags(off: tuple[str, ...], end: str, level: Level) -> None:
    """Which of them are off."""
    said = sentence(FlagsSet(off=off), NOW)
    assert (f"feature flags changed; {end}", level) == (said.words, said.level)


def test_the_command_that_resets() -> None:
    """Exactly as it is to be typed."""
    assert RESET == reset_command("web")


def test_the_reason_for_dormancy() -> None:
    """The contract's words for the count; any other reason is said as it is."""
    assert PROMISED == dormant_reason(10, PERMANENT_REASON)
    assert "something else" == dormant_reason(3, "something else")


@pytest.mark.parametrize(
    ("told", "kind", "words", "level"),
    [
        (ProblemFound(key="k", words="host: hot"), "found", "host: hot", "warning"),
        (
            ProblemFound(key="k", words="host: hot", critical=True),
            "found",
            "host: hot",
            "error",
        ),
        (ProblemOver(key="k", words="host: hot"), "over", "over: host: hot", "info"),
    ],
)
def test_what_is_wrong_beside_incidents(
    told: ProblemFound | ProblemOver, kind: str, words: str, level: str
) -> None:
    """As loud as it is bad; that it is over is good news."""
    said = sentence(told, NOW)
    assert (f"problem.{kind}", words, level) == (
        said.kind,
        said.words,
        said.level.value,
    )
