"""Figures that metrics are made of, some of each kind."""

from typing import Any

from selfhealingd.core.budget import Left
from selfhealingd.core.foreseen import Seen
from selfhealingd.core.sample import Metric
from selfhealingd.core.trend import Forecast
from selfhealingd.web.figures import Figures
from selfhealingd.wire import documents as doc

AT = 1_700_000_000.0
"""When all of them came up."""


def program(name: str, **keys: Any) -> doc.ProgramDocument:
    """Return one that is up and well, but for what is said of it."""
    usual: dict[str, Any] = {
        "name": name,
        "group": None,
        "state": "RUNNING",
        "pid": 7,
        "since": "2023-11-14T22:13:20.000Z",
        "uptime": 60.0,
        "exit": None,
        "next": None,
        "next_at": None,
        "breaker": "CLOSED",
        "wanted": True,
        "runs": 3,
        "consecutive_failures": 0,
        "incident": None,
        "cpu": 150.0,
        "memory": 4096,
        "probes": (doc.ProbeDocument(name="liveness", asks="GET /", answer="ok"),),
    }
    return doc.ProgramDocument(**(usual | keys))


def figures(
    *programs: doc.ProgramDocument,
    watches: tuple[doc.ProgramDocument, ...] = (),
    task: str = "sampler",
    lag: float = 0.001,
    **keys: Any,
) -> Figures:
    """Return a moment with a bit of everything."""
    names = [f"program:{one.name}" for one in programs]
    tasks = (
        doc.TaskDocument(
            id=task,
            owner="daemon",
            every=5.0,
            state="waiting",
            runs=3,
            failures=1,
            last_seconds=0.1,
        ),
    )
    incidents = tuple(
        doc.IncidentDocument(
            id=one.incident, service=one.name, cause="exit", detail="", opened=""
        )
        for one in programs
        if one.incident is not None
    )
    status = doc.Status(
        status="warning",
        self_healing=doc.SelfHealing(
            enabled=True,
            is_dormant=False,
            dormant_reason=None,
            consecutive_failures=2,
            backoff_delay=20_000,
            total_attempts=42,
            successful_healings=40,
            failed_healings=2,
        ),
        circuit_breakers=(
            doc.BreakerDocument(
                name="self-healing-main", state="CLOSED", failure_count=2
            ),
            *(
                doc.BreakerDocument(name=name, state="OPEN", failure_count=3)
                for name in names
            ),
        ),
        background_tasks=doc.BackgroundTasks(
            total_tasks=1, active_tasks=1, tasks=tasks
        ),
        llm=doc.Llm(
            key_management=doc.KeyManagement(total_keys=2, active_keys=1, failed_keys=1)
        ),
        issues=("CRITICAL: a", "WARNING: b", "WARNING: c"),
        recommendations=("a", "b", "c"),
        programs=programs,
        watches=watches,
        incidents=incidents,
        flags=doc.FlagsDocument(file="f", values={"FEATURE_AUTO": False}),
        version="1.2.3",
        pid=1,
        uptime=9.0,
    )
    usual: dict[str, Any] = {
        "hooks": (
            doc.HookDocument(
                name="any",
                to="slack",
                kind=None,
                level="warning",
                services=None,
                waiting=1,
                told=5,
                failed=2,
                lost=7,
                row=2,
            ),
        ),
        "limits": (
            Seen(
                service=None,
                metric=Metric.DISK,
                place="/srv",
                value=50.0,
                limit=200.0,
                looked=900.0,
                found=Forecast(
                    value=50.0,
                    limit=200.0,
                    left=3600.0,
                    earliest=3000.0,
                    latest=4000.0,
                    confidence=0.9,
                    slope=0.1,
                ),
            ),
            Seen(service="a", metric=Metric.FDS, value=10.0, limit=100.0, looked=900.0),
        ),
        "events": {"incident.opened": 4},
        "opened": {"exit": 3, "probe": 1},
        "ended": {"healed": 4},
        "attempts": {("restart", "healed"): 4},
        "left": Left(calls=5, tokens=1000, cost_today=0.5, cost_this_month=2.5),
        "priced": True,
        "dormant_after": 10,
    }
    return Figures(lag=lag, status=status, **(usual | keys))
