"""Every metric says what is true, and is named as Prometheus's users expect."""

import re

import pytest
from measured import AT, figures, program

from selfhealingd.web.catalogue import CATALOGUE
from selfhealingd.web.rows import Row

ROWS = {row.name: row for row in CATALOGUE}
MOMENT = figures(
    program("a", not_ready="no answer", incident="a-1", cpu=None, group="g"),
    program(
        "b",
        state="BACKOFF",
        uptime=None,
        memory=None,
        wanted=False,
        probes=(),
        healed_lately=4,
    ),
    watches=(program("c", probes=(), runs=1),),
    essential=frozenset({"a", "gone"}),
    at_rest=frozenset({"c"}),
)
OTHER_UNITS = r"milli|micro|nano|minute|hour|percent|kilo|mega|[kmg]i?b(?![a-z])"


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
def test_names_and_labels(row: Row) -> None:
    """Base units, one meaning for each name, and labels that are bounded."""
    assert re.fullmatch(r"selfhealingd(_[a-z]+)+", row.name)
    assert not re.search(OTHER_UNITS, row.name)
    assert re.fullmatch(r"[A-Z0-9][^\n]*\.", row.help)
    known = {"service", "probe", "task", "hook", "breaker", "what", "kind", "group"}
    words = {"level", "severity", "state", "result", "outcome", "cause", "remedy"}
    assert set(row.labels) <= known | words | {"version", "flag"}
    for labels, value in row.find(MOMENT):
        assert len(row.labels) == len(labels)
        assert not row.counts or value >= 0


def test_no_name_is_there_twice() -> None:
    """Each has one row; what counts is told by its name alone."""
    assert len(CATALOGUE) == len(ROWS)


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("build_info", {("1.2.3",): 1}),
        ("status", {("healthy",): 0, ("warning",): 1, ("critical",): 0}),
        ("issues", {("warning",): 2, ("critical",): 1}),
        ("feature_enabled", {("FEATURE_AUTO",): 0}),
        ("dormant", {(): 0}),
        ("consecutive_failures", {(): 2}),
        ("dormant_after_failures", {(): 10}),
        ("backoff_delay_seconds", {(): 20}),
        ("healing_attempts_total", {(): 42}),
        ("healings_total", {("success",): 40, ("failure",): 2}),
        ("remedies_total", {("restart", "healed"): 4}),
        ("incidents_open", {("exit",): 1, ("probe",): 0}),
        ("incidents_opened_total", {("exit",): 3, ("probe",): 1}),
        ("incidents_ended_total", {("healed",): 4}),
        (
            "breaker_state",
            {("self-healing-main",): 0, ("program:a",): 2, ("program:b",): 2},
        ),
        (
            "service_info",
            {("a", "program", "g"): 1, ("b", "program", ""): 1, ("c", "watch", ""): 1},
        ),
        (
            "service_state",
            {("a", "RUNNING"): 1, ("b", "BACKOFF"): 1, ("c", "RUNNING"): 1},
        ),
        ("service_up", {("a",): 1, ("b",): 0, ("c",): 1}),
        ("service_ready", {("a",): 0, ("b",): 0, ("c",): 1}),
        ("service_wanted", {("a",): 1, ("b",): 0, ("c",): 0}),
        ("service_essential", {("a",): 1}),
        ("service_starts_total", {("a",): 3, ("b",): 3, ("c",): 1}),
        ("service_start_time_seconds", {("a",): AT, ("c",): AT}),
        ("service_healed_lately", {("a",): 0, ("b",): 4, ("c",): 0}),
        ("service_incident_open", {("a",): 1, ("b",): 0, ("c",): 0}),
        ("service_cpu_ratio", {("b",): 1.5, ("c",): 1.5}),
        ("service_resident_memory_bytes", {("a",): 4096, ("c",): 4096}),
        ("probe_success", {("a", "liveness"): 1}),
        ("probe_failing", {("a", "liveness"): 0}),
        ("limit_usage_ratio", {("", "disk /srv"): 0.25, ("a", "fds"): 0.1}),
        ("limit_reached_in_seconds", {("", "disk /srv"): 3600}),
        ("limit_forecast_confidence_ratio", {("", "disk /srv"): 0.9}),
        ("tasks", {("waiting",): 1}),
        ("task_runs_total", {("sampler",): 3}),
        ("task_failures_total", {("sampler",): 1}),
        ("hook_told_total", {("any",): 5}),
        ("hook_failures_total", {("any",): 2}),
        ("hook_lost_events_total", {("any",): 7}),
        ("hook_waiting_events", {("any",): 1}),
        ("hook_consecutive_failures", {("any",): 2}),
        ("llm_keys", {("active",): 1, ("failed",): 1, ("cooling",): 0}),
        ("llm_calls_left", {(): 5}),
        ("llm_tokens_left", {(): 1000}),
        ("llm_cost_last_day", {(): 0.5}),
        ("llm_cost_this_month", {(): 2.5}),
    ],
)
def test_values(name: str, samples: dict[tuple[str, ...], float]) -> None:
    """In base units, of each that has one; what isn't known has none."""
    assert samples == dict(ROWS[f"selfhealingd_{name}"].find(MOMENT))


def test_a_probe_that_cannot_be_asked_has_no_answer() -> None:
    """Unknown is not failed."""
    asked = program("a").probes[0]
    unknown = figures(program("a", probes=(type(asked)(name="liveness", asks="x"),)))
    assert {} == dict(ROWS["selfhealingd_probe_success"].find(unknown))


def test_without_a_key_there_is_no_budget() -> None:
    """None is asked, so nothing is left of anything."""
    none = figures(left=None)
    assert [] == list(ROWS["selfhealingd_llm_calls_left"].find(none))
    unpriced = figures(priced=False)
    assert [] == list(ROWS["selfhealingd_llm_cost_last_day"].find(unpriced))
