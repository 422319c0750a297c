"""What comes next for a program, in words and with its time."""

import pytest

from selfhealingd.core.breaker import Breaker, BreakerState, Closed, HalfOpen, Open
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Cause, Incident, Result, begin
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
)
from selfhealingd.core.outlook import outlook
from selfhealingd.core.policy import Kind, Policy, Program
from selfhealingd.core.readiness import Notify, Readiness

NOW = 100.0
POLICY = Policy(programs={"web": Program(name="web")})
OPENED = Incident(id="web-1", service="web", cause=Cause.EXIT, detail="", opened=0)
TRIED = begin(
    OPENED,
    Attempt(
        number=3,
        remedy="restart",
        began=0,
        deadline=9,
        ticket=0,
        main_ticket=0,
        result=Result.NO_EFFECT,
    ),
)
STAY, AGAIN = Purpose.STAY, Purpose.AGAIN
RESET = 'selfhealctl reset program:web --force --reason "…"'


@pytest.mark.parametrize(
    ("life", "incident", "words", "at"),
    [
        (Stopped(0), None, None, None),
        (Starting(0), None, "its process is being started", None),
        (Starting(99.5, 7), None, "RUNNING if it stays up for 0.5 s more", 100.5),
        (Running(95, 7), None, None, None),
        (Running(95, 7), OPENED, "healed if it stays up for 5 s more", 105.0),
        (
            Backoff(0, Why.BACKOFF, 120.0),
            OPENED,
            "restart, attempt 1, in 20 s",
            120.0,
        ),
        (
            Backoff(0, Why.BACKOFF, 120.0),
            TRIED,
            "restart, attempt 4, in 20 s",
            120.0,
        ),
        (
            Backoff(0, Why.BREAKER, 160.0),
            TRIED,
            "one try, attempt 4, by its breaker in 1 min",
            160.0,
        ),
        (
            Backoff(0, Why.MAIN_BREAKER, 160.0),
            TRIED,
            "restart, attempt 4, by the engine's breaker in 1 min",
            160.0,
        ),
        (
            Backoff(0, Why.TURN),
            TRIED,
            "restart, attempt 4, as soon as another remedy is done",
            None,
        ),
        (
            Backoff(0, Why.BUDGET, 700.0),
            TRIED,
            "restart, attempt 4, by the hourly budget in 10 min",
            700.0,
        ),
        (Backoff(0, Why.PAUSE, 100.4), None, "starts again in 0.4 s", 100.4),
        (
            Stopping(95, STAY, 105.0, 7),
            None,
            "SIGKILL if it hasn't ended in 5 s",
            105.0,
        ),
        (
            Stopping(95, AGAIN, 105.0, 7, killed=True),
            None,
            "SIGKILL again; then it starts again in 5 s",
            105.0,
        ),
        (
            Exited(0, Held.FINISHED),
            None,
            "nothing: it ended as it should",
            None,
        ),
        (
            Exited(0, Held.NEVER),
            None,
            "nothing: autorestart is never; selfhealctl start web",
            None,
        ),
        (
            Exited(0, Held.DORMANT),
            OPENED,
            'nothing: the engine is dormant; selfhealctl resume --reason "…"',
            None,
        ),
        (
            Exited(0, Held.SWITCHED_OFF),
            OPENED,
            "nothing: automatic healing is switched off by its flag",
            None,
        ),
        (Fatal(0), None, f"nothing until: {RESET}", None),
    ],
)
def test_what_comes_next(
    life: Life, incident: Incident | None, words: str | None, at: float | None
) -> None:
    """For every state and every reason to wait."""
    s = Service(name="web", life=life, wanted=True, incident=incident)
    found = outlook(POLICY, Host(services={"web": s}), s, NOW)
    assert (words, at) == (found.words, found.at)


@pytest.mark.parametrize(
    ("life", "words", "at"),
    [
        (
            Starting(99),
            "its process is being started; then waits for READY=1",
            None,
        ),
        (Starting(99, 7), "waits for READY=1; a failed start in 4 s", 104.0),
        (Starting(99, 7, until=120), "waits for READY=1; a failed start in 20 s", 120),
        (
            Starting(99, 7, lack="no answer"),
            "waits for READY=1 (no answer); a failed start in 4 s",
            104.0,
        ),
        (Starting(99.5, 7, ready=True), "RUNNING if it stays up for 0.5 s more", 100.5),
        (
            Stopping(95, Purpose.SETTLE, 105.0, 7, problem="not ready within 5 s: no"),
            "not ready within 5 s: no; SIGKILL if it hasn't ended in 5 s",
            105.0,
        ),
    ],
)
def test_of_one_that_has_to_get_ready(life: Life, words: str, at: float | None) -> None:
    """What it waits for, and until when."""
    web = Program(name="web", readiness=Readiness(sign=Notify(), within=5))
    s = Service(name="web", life=life, wanted=True)
    policy, host = Policy(programs={"web": web}), Host(services={"web": s})
    found = outlook(policy, host, s, NOW)
    assert (words, at) == (found.words, found.at)


def test_while_the_engine_makes_its_one_try() -> None:
    """What waits for it depends on how the try ends, not on a time."""
    s = Service(name="web", life=Backoff(0, Why.MAIN_BREAKER, 141.0), wanted=True)
    host = Host(services={"web": s}, main=Breaker(state=HalfOpen(5, 141.0)))
    found = outlook(POLICY, host, s, NOW)
    assert "restart, attempt 1, once the engine's one try succeeded" == found.words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Closed(2), "proven well if it stays up for 5 s more"),
        (Open(5, 150.0), "proven well if it stays up for 5 s more"),
    ],
)
def test_one_that_runs_after_failures(state: BreakerState, words: str) -> None:
    """Without an incident it is only watched until it counts as well."""
    s = Service(
        name="web", life=Running(95, 7), wanted=True, breaker=Breaker(state=state)
    )
    assert words == outlook(POLICY, Host(services={"web": s}), s, NOW).words


def test_a_watch_is_looked_for_first() -> None:
    """It may be there already: then nothing is started."""
    program = Program(name="nginx", kind=Kind.WATCH)
    s = Service(name="nginx", kind=Kind.WATCH, life=Starting(0), wanted=True)
    host = Host(services={"nginx": s})
    found = outlook(Policy(programs={"nginx": program}), host, s, NOW)
    assert "its process is being looked for, or started" == found.words
