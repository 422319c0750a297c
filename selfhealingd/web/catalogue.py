"""Which metrics there are: name, meaning, labels, and where each is found.

Names and units are Prometheus's: base units, ``_total`` for what only grows. Labels are
names of the config and words of ours: never a pid, a message or an incident's number.
What isn't known has no sample: it is neither zero nor a failure.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from selfhealingd.web.figures import Figures
from selfhealingd.web.rows import (
    Row,
    Samples,
    every_service,
    of_hook,
    of_limit,
    of_probe,
    of_service,
    of_task,
    single,
)
from selfhealingd.wire.documents import ProbeDocument, ProgramDocument

BREAKERS = ("CLOSED", "HALF_OPEN", "OPEN", "PERMANENT_OPEN")
"""From well to worst: a breaker's number is its state's place in here."""

LEVELS = ("healthy", "warning", "critical")

SINCE = "since the daemon began"
KEPT = "kept over restarts of the daemon"


def _build(figures: Figures) -> Samples:
    return (((figures.status.version,), 1),)


def _levels(figures: Figures) -> Samples:
    return (((one,), one == figures.status.status) for one in LEVELS)


def _issues(figures: Figures) -> Samples:
    issues = figures.status.issues
    critical = sum(one.startswith("CRITICAL") for one in issues)
    return ((("warning",), len(issues) - critical), (("critical",), critical))


def _healings(figures: Figures) -> Samples:
    engine = figures.status.self_healing
    return (
        (("success",), engine.successful_healings),
        (("failure",), engine.failed_healings),
    )


def _open_incidents(figures: Figures) -> Samples:
    causes = Counter(one.cause for one in figures.status.incidents)
    return (((cause,), causes[cause]) for cause in sorted({*causes, *figures.opened}))


def _counted(counts: Callable[[Figures], Mapping[str, int]]) -> Callable[..., Samples]:
    def samples(figures: Figures) -> Samples:
        return (((word,), count) for word, count in counts(figures).items())

    return samples


def _breakers(figures: Figures) -> Samples:
    for one in figures.status.circuit_breakers:
        yield (one.name,), BREAKERS.index(one.state)


def _states(figures: Figures) -> Samples:
    return (((one.name, one.state), 1) for one in every_service(figures))


def _wanted(figures: Figures) -> Samples:
    for one in every_service(figures):
        yield (one.name,), one.wanted and one.name not in figures.at_rest


def _essential(figures: Figures) -> Samples:
    for one in every_service(figures):
        if one.name in figures.essential:
            yield (one.name,), 1


def _service_info(figures: Figures) -> Samples:
    status = figures.status
    for kind, services in (("program", status.programs), ("watch", status.watches)):
        for one in services:
            yield (one.name, kind, one.group or ""), 1


def _tasks(figures: Figures) -> Samples:
    states = Counter(one.state for one in figures.status.background_tasks.tasks)
    return (((state,), count) for state, count in states.items())


def _keys(figures: Figures) -> Samples:
    keys = figures.status.llm.key_management
    return (
        (("active",), keys.active_keys),
        (("failed",), keys.failed_keys),
        (("cooling",), keys.cooling_keys),
    )


def _began(one: ProgramDocument) -> float | None:
    if one.uptime is None:
        return None
    return datetime.fromisoformat(one.since).timestamp()


def _up(one: ProgramDocument) -> bool:
    return one.state == "RUNNING"


def _answered(probe: ProbeDocument) -> float | None:
    return {"ok": 1.0, "failed": 0.0}.get(probe.answer or "")


CATALOGUE = (
    Row("selfhealingd_build_info", "The daemon's version.", ("version",), _build),
    Row(
        "selfhealingd_status",
        "1 for the level that status has, 0 for the others.",
        ("level",),
        _levels,
    ),
    Row("selfhealingd_issues", "Issues in status.", ("severity",), _issues),
    single(
        "selfhealingd_loop_lag_seconds",
        "How long the loop that decides took to come to this request.",
        lambda f: f.lag,
    ),
    Row(
        "selfhealingd_events_total",
        f"Events by their kind, {SINCE}.",
        ("kind",),
        _counted(lambda f: f.events),
    ),
    Row(
        "selfhealingd_feature_enabled",
        "1 for a feature flag that is on.",
        ("flag",),
        _counted(lambda f: f.status.flags.values),
    ),
    single(
        "selfhealingd_dormant",
        "1 while the engine has stopped until a person resumes it.",
        lambda f: f.status.self_healing.is_dormant,
    ),
    single(
        "selfhealingd_consecutive_failures",
        "Healings that failed in a row, over all services.",
        lambda f: f.status.self_healing.consecutive_failures,
    ),
    single(
        "selfhealingd_dormant_after_failures",
        "So many failures in a row make the engine dormant.",
        lambda f: f.dormant_after,
    ),
    single(
        "selfhealingd_backoff_delay_seconds",
        "The longest wait before a healing that is in force, or the first one.",
        lambda f: f.status.self_healing.backoff_delay / 1000,
    ),
    single(
        "selfhealingd_healing_attempts_total",
        f"Healings begun, {KEPT}.",
        lambda f: f.status.self_healing.total_attempts,
    ),
    Row(
        "selfhealingd_healings_total",
        f"Healings ended, {KEPT}.",
        ("result",),
        _healings,
    ),
    Row(
        "selfhealingd_remedies_total",
        f"Remedies ended, {SINCE}.",
        ("remedy", "result"),
        lambda f: f.attempts.items(),
    ),
    Row(
        "selfhealingd_incidents_open",
        "Incidents that wait for an end.",
        ("cause",),
        _open_incidents,
    ),
    Row(
        "selfhealingd_incidents_opened_total",
        f"Incidents opened, {SINCE}.",
        ("cause",),
        _counted(lambda f: f.opened),
    ),
    Row(
        "selfhealingd_incidents_ended_total",
        f"Incidents ended, {SINCE}.",
        ("outcome",),
        _counted(lambda f: f.ended),
    ),
    Row(
        "selfhealingd_breaker_state",
        "0: CLOSED, 1: HALF_OPEN, 2: OPEN, 3: PERMANENT_OPEN.",
        ("breaker",),
        _breakers,
    ),
    Row(
        "selfhealingd_service_info",
        "What a service is: a program or a watch, and its group.",
        ("service", "kind", "group"),
        _service_info,
    ),
    Row(
        "selfhealingd_service_state",
        "1 for the state that a service is in; its other states have no sample.",
        ("service", "state"),
        _states,
    ),
    of_service("selfhealingd_service_up", "1 while it is RUNNING.", _up),
    of_service(
        "selfhealingd_service_ready",
        "1 while it is RUNNING, and ready.",
        lambda one: _up(one) and one.not_ready is None,
    ),
    Row(
        "selfhealingd_service_wanted",
        "1 where it should be up: nobody stopped it, it has not finished, and no client"
        " has to come first.",
        ("service",),
        _wanted,
    ),
    Row(
        "selfhealingd_service_essential",
        "1 where the daemon ends when it ends for good; others have no sample.",
        ("service",),
        _essential,
    ),
    of_service(
        "selfhealingd_service_starts_total",
        f"Its runs, failed starts among them, {KEPT}.",
        lambda one: one.runs,
    ),
    of_service(
        "selfhealingd_service_start_time_seconds",
        "When it came up, since 1970; only while it is up.",
        _began,
    ),
    of_service(
        "selfhealingd_service_incident_open",
        "1 while it has an incident that waits for an end.",
        lambda one: one.incident is not None,
    ),
    of_service(
        "selfhealingd_service_symptoms",
        "What is seen to be wrong with it while it is up.",
        lambda one: len(one.symptoms),
    ),
    of_service(
        "selfhealingd_service_consecutive_failures",
        "Its healings that failed in a row.",
        lambda one: one.consecutive_failures,
    ),
    of_service(
        "selfhealingd_service_healed_lately",
        "Its incidents that were healed within the last 10 minutes; from 3 on it keeps"
        " failing.",
        lambda one: one.healed_lately,
    ),
    of_service(
        "selfhealingd_service_cpu_ratio",
        "What its process uses of one core: 2 is two whole cores.",
        lambda one: None if one.cpu is None else one.cpu / 100,
    ),
    of_service(
        "selfhealingd_service_resident_memory_bytes",
        "Resident memory of its process.",
        lambda one: one.memory,
    ),
    of_probe(
        "selfhealingd_probe_success",
        "1 if the latest answer was good, 0 if not; none while it can't be asked.",
        _answered,
    ),
    of_probe(
        "selfhealingd_probe_failing",
        "1 while so many in a row failed that something is done about it.",
        lambda probe: probe.failing,
    ),
    of_limit(
        "selfhealingd_limit_usage_ratio",
        "How much of a limit is used; 1 is all. The host's have no service.",
        lambda one: one.value / one.limit if one.limit > 0 else None,
    ),
    of_limit(
        "selfhealingd_limit_reached_in_seconds",
        "When it is foreseen to be all; only where that is foreseen.",
        lambda one: None if one.found is None else one.found.left,
    ),
    of_limit(
        "selfhealingd_limit_forecast_confidence_ratio",
        "How sure that is: 1 is certain.",
        lambda one: None if one.found is None else one.found.confidence,
    ),
    Row("selfhealingd_tasks", "Background tasks by their state.", ("state",), _tasks),
    of_task(
        "selfhealingd_task_runs_total", f"Its runs, {SINCE}.", lambda one: one.runs
    ),
    of_task(
        "selfhealingd_task_failures_total",
        f"Its runs that failed, {SINCE}.",
        lambda one: one.failures,
    ),
    of_task(
        "selfhealingd_task_failing",
        "1 if its latest run failed.",
        lambda one: one.failing,
    ),
    of_task(
        "selfhealingd_task_last_run_seconds",
        "How long its latest run took.",
        lambda one: one.last_seconds,
    ),
    of_hook(
        "selfhealingd_hook_told_total",
        f"How often it told of something, {SINCE}.",
        lambda one: one.told,
    ),
    of_hook(
        "selfhealingd_hook_failures_total",
        f"How often it could not, with all that was tried again, {SINCE}.",
        lambda one: one.failed,
    ),
    of_hook(
        "selfhealingd_hook_lost_events_total",
        f"Events that it never told of, as there were too many, {SINCE}.",
        lambda one: one.lost,
    ),
    of_hook(
        "selfhealingd_hook_waiting_events",
        "Events that wait to be told.",
        lambda one: one.waiting,
    ),
    of_hook(
        "selfhealingd_hook_consecutive_failures",
        "How often it has failed since it last worked.",
        lambda one: one.row,
    ),
    Row(
        "selfhealingd_llm_keys",
        "Keys of a model's endpoint: usable now, refused, or to be left alone a while.",
        ("state",),
        _keys,
    ),
    single(
        "selfhealingd_llm_calls_left",
        "Calls to a model that are left of this hour's budget; only with a key.",
        lambda f: None if f.left is None else f.left.calls,
    ),
    single(
        "selfhealingd_llm_tokens_left",
        "Tokens that are left of this day's budget; only with a key.",
        lambda f: None if f.left is None else f.left.tokens,
    ),
    single(
        "selfhealingd_llm_cost_last_day",
        "What the calls of the last 24 hours cost, as `[llm]` has prices.",
        lambda f: f.left.cost_today if f.left is not None and f.priced else None,
    ),
    single(
        "selfhealingd_llm_cost_this_month",
        "What the calls of this month cost; the month is UTC's.",
        lambda f: f.left.cost_this_month if f.left is not None and f.priced else None,
    ),
)
"""In the order in which they are served."""
