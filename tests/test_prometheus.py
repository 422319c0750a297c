"""What etc/ has for Prometheus and Grafana is about what is really exported."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
import yaml  # type: ignore[import-untyped]  # apprise needs it

from selfhealctl.table import COMMANDS
from selfhealingd.web.catalogue import CATALOGUE
from selfhealingd.web.metrics import PROCESS

TOP = Path(__file__).parents[1]
ALERTS = TOP / "etc" / "prometheus" / "alerts.yml"
DASHBOARD = TOP / "etc" / "grafana" / "selfhealingd.json"
GIVEN = {"__rate_interval": "5m", "job": ".*", "instance": ".*", "service": ".*"}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def found(node: object, key: str) -> Iterator[str]:
    """Return all that a key has, wherever it stands."""
    match node:
        case dict():
            for name, value in node.items():
                if name == key and isinstance(value, str):
                    yield value
                yield from found(value, key)
        case list():
            for one in node:
                yield from found(one, key)


def shown() -> list[str]:
    """Return what the dashboard asks, with Grafana's variables filled in."""
    asked = found(json.loads(DASHBOARD.read_text()), "expr")
    return [
        re.sub(r"\$(\w+)", lambda name: GIVEN[name[1]], expression)
        for expression in asked
    ]


@pytest.mark.parametrize(
    "expressions",
    [[alert["expr"] for alert in alerts()], shown()],
    ids=["alerts", "dashboard"],
)
def test_every_metric_is_exported(expressions: list[str]) -> None:
    """What is named in an alert or a panel is in what the daemon serves."""
    process = {s.name for family in PROCESS.collect() for s in family.samples}
    known = {row.name for row in CATALOGUE} | process
    named = {
        name
        for expression in expressions
        for name in re.findall(r"\b(?:selfhealingd|process)_\w+", expression)
    }
    assert named
    assert set() == named - known


def test_every_metric_of_the_variables_is_exported() -> None:
    """So are those that the dashboard's choices are made from."""
    text = DASHBOARD.read_text()
    named = set(re.findall(r"label_values\((\w+)", text))
    assert named <= {row.name for row in CATALOGUE}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_what_to_type(alert: dict[str, Any]) -> None:
    """What it is, what that means, and a command that there is."""
    notes = alert["annotations"]
    assert {"summary", "description", "runbook"} == notes.keys()
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert notes["summary"].startswith("{{ $labels.instance }}: ")
    commands = re.findall(r"selfhealctl ([\w-]+)", notes["runbook"])
    assert commands
    assert set(commands) <= {row.name for row in COMMANDS}


def test_every_alert_is_tested() -> None:
    """The tests of the alerts leave out none."""
    tested = (TOP / "tests" / "prometheus.yml").read_text()
    names = {alert["alert"] for alert in alerts()}
    assert names == {name for name in names if name in tested}


@pytest.fixture
def promtool() -> str:
    path = shutil.which("promtool")
    if path is None and not os.environ.get("CI"):
        pytest.skip("there is no promtool: it is in Debian's package prometheus")
    assert path is not None
    return path


async def run(*argv: str | Path) -> str:
    ran = await trio.run_process(
        argv, capture_stdout=True, capture_stderr=True, check=False
    )
    assert 0 == ran.returncode, (ran.stdout + ran.stderr).decode()
    return ran.stdout.decode()


@pytest.mark.process
async def test_the_alerts_do_what_they_say(promtool: str) -> None:
    """Prometheus's own tests: nothing while all is well, and each one in its night."""
    said = await run(promtool, "test", "rules", TOP / "tests" / "prometheus.yml")
    assert "SUCCESS" in said


@pytest.mark.process
async def test_the_example_is_right(promtool: str) -> None:
    """Prometheus takes the scrape config, with the alerts that it names."""
    await run(promtool, "check", "config", ALERTS.parent / "prometheus.yml")


@pytest.mark.process
async def test_the_dashboard_asks_what_can_be_asked(
    promtool: str, tmp_path: Path
) -> None:
    """Every expression of it is one of Prometheus's language."""
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(shown())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    await run(promtool, "check", "rules", file)


def test_the_dashboard_is_laid_out() -> None:
    """No two panels share a place or an id, and the first row is the truth at once."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len(panels) == len({panel["id"] for panel in panels})
    taken = set[tuple[int, int]]()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])
        }
        assert not cells & taken
        assert all(0 <= x < 24 for x, _ in cells)
        taken |= cells
    first = [panel["type"] for panel in panels if panel["gridPos"]["y"] == 0]
    assert {"stat"} == set(first)
