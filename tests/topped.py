"""A status and what else is shown, made up: for tests of views alone."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from selfhealctl.top.model import Model
from selfhealingd.wire.documents import (
    AttemptDocument,
    BackgroundTasks,
    FlagsDocument,
    IncidentDocument,
    Llm,
    ProbeDocument,
    ProgramDocument,
    SelfHealing,
    Status,
    SymptomDocument,
)
from selfhealingd.wire.measured import (
    CourseDocument,
    HistoryDocument,
    HostCourseDocument,
)

NOON = 1_767_268_800.0
"""2026-01-01 12:00 UTC."""

_PROGRAM: dict[str, Any] = {
    "group": None,
    "state": "RUNNING",
    "pid": 4711,
    "since": "2026-01-01T11:00:00Z",
    "uptime": 3600.0,
    "exit": None,
    "next": None,
    "next_at": None,
    "breaker": "CLOSED",
    "wanted": True,
    "runs": 1,
    "consecutive_failures": 0,
    "incident": None,
    "cpu": 1.5,
    "memory": 50_000_000,
}
_HEALING = SelfHealing(
    enabled=True,
    is_dormant=False,
    dormant_reason=None,
    consecutive_failures=0,
    backoff_delay=5000,
    total_attempts=0,
    successful_healings=0,
    failed_healings=0,
)


def service(name: str, **facts: object) -> ProgramDocument:
    """Return a program, RUNNING if nothing else is said."""
    return ProgramDocument(**{**_PROGRAM, "name": name, **facts})


def down(name: str, state: str, **facts: object) -> ProgramDocument:
    """Return a program without a process."""
    facts = {"cpu": None, "memory": None, "uptime": None, **facts}
    return service(name, state=state, pid=None, **facts)


def status(*programs: ProgramDocument, dormant: bool = False, **facts: Any) -> Status:
    """Return a status with these programs."""
    healing = _HEALING
    if dormant:
        healing = replace(
            healing,
            is_dormant=True,
            dormant_reason="Exceeded maximum consecutive failures (10)",
            consecutive_failures=10,
            total_attempts=10,
            failed_healings=10,
        )
    usual: dict[str, Any] = {
        "status": "critical" if dormant else "healthy",
        "self_healing": healing,
        "circuit_breakers": (),
        "background_tasks": BackgroundTasks(total_tasks=0, active_tasks=0, tasks=()),
        "llm": Llm(),
        "issues": (),
        "recommendations": (),
        "programs": programs,
        "watches": (),
        "incidents": (),
        "flags": FlagsDocument(file="flags.env", values={}),
        "version": "0.2.0",
        "pid": 12,
        "uptime": 7200.0,
    }
    return Status(**{**usual, **facts})


def model(*programs: ProgramDocument, **facts: Any) -> Model:
    """Return a view of these programs at noon."""
    return Model(now=NOON, **facts).seen(status(*programs))


def incident(service: str, **facts: Any) -> IncidentDocument:
    """Return an open incident."""
    usual = {
        "id": f"{service}-1",
        "service": service,
        "cause": "exit",
        "detail": "exited with status 3",
        "opened": "2026-01-01T11:59:00Z",
    }
    return IncidentDocument(**{**usual, **facts})


# Anything may come over the wire, and none of it may break the screen.
words = st.text(max_size=30) | st.sampled_from(
    ["\x1b[31mred", "日本語" * 5, "a\tb\r\nc"]
)
maybe = st.none() | words
numbers = st.floats(0, 1e15) | st.none()
symptoms = st.builds(SymptomDocument, key=words, cause=words, words=words, since=words)
probes = st.builds(
    ProbeDocument,
    name=words,
    asks=words,
    answer=maybe,
    words=maybe,
    failing=st.booleans(),
)
states = st.sampled_from(["RUNNING", "FATAL", "BACKOFF", "EXITED", "STOPPED", "?"])
services = st.builds(
    ProgramDocument,
    name=words,
    group=maybe,
    state=states,
    pid=st.none() | st.integers(1, 4_194_304),
    since=words | st.just("2026-01-01T11:00:00Z"),
    exit=maybe,
    next=maybe,
    breaker=states,
    incident=maybe,
    cpu=numbers,
    memory=st.none() | st.integers(0, 2**50),
    status_text=maybe,
    symptoms=st.lists(symptoms, max_size=1).map(tuple),
    not_ready=maybe,
    probes=st.lists(probes, max_size=2).map(tuple),
)
attempts = st.builds(AttemptDocument, remedy=words, started=words, result=maybe)
incidents = st.builds(
    IncidentDocument,
    id=words,
    service=words,
    cause=words,
    detail=words,
    outcome=st.none(),
    attempts=st.lists(attempts, max_size=2).map(tuple),
)
statuses = st.builds(
    status,
    dormant=st.booleans(),
    status=words,
    issues=st.lists(words, max_size=4).map(tuple),
    recommendations=st.lists(words, max_size=4).map(tuple),
    programs=st.lists(services, max_size=6).map(tuple),
    incidents=st.lists(incidents, max_size=8).map(tuple),
    version=words,
    uptime=st.floats(0, 1e9),
)
_values = st.lists(numbers, max_size=8).map(tuple)
histories = st.builds(
    HistoryDocument,
    host=st.builds(
        HostCourseDocument,
        cores=st.integers(1, 512),
        memory_total=st.none() | st.integers(1, 2**50),
        load=_values,
        cpu=_values,
        memory=_values,
    ),
    services=st.lists(
        st.builds(CourseDocument, name=words, cpu=_values, memory=_values), max_size=3
    ).map(tuple),
)
