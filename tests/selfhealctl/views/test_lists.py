"""Lists show every row whole, in words."""

import msgspec
import pytest

from selfhealctl.views.lists import (
    show_breakers,
    show_flags,
    show_forecasts,
    show_incidents,
    show_tasks,
)
from selfhealingd.wire.documents import (
    AttemptDocument,
    BackgroundTasks,
    BreakerDocument,
    FlagsDocument,
    ForecastDocument,
    IncidentDocument,
    TaskDocument,
)

TASK = TaskDocument(
    id="prune",
    owner="operator",
    every=3600.0,
    state="paused",
    runs=3,
    failures=1,
    last_error="timed out after 5 s",
    next_run="2026-01-02T03:04:05Z",
)
INCIDENT = IncidentDocument(
    id="web-1",
    service="web",
    cause="exit",
    detail="exit status 1",
    opened="2026-01-02T03:04:05Z",
    attempts=(
        AttemptDocument(remedy="restart", started="x", result="no effect"),
        AttemptDocument(remedy="restart", started="x"),
    ),
)


@pytest.fixture(params=[60, 80, 120], autouse=True)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(request.param))


def shown(capsys: pytest.CaptureFixture[str]) -> set[str]:
    return set(capsys.readouterr().out.replace(";", " ").split())


def test_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    """A task's id, state, interval, counts and last error."""
    show_tasks(BackgroundTasks(total_tasks=1, active_tasks=0, tasks=(TASK,)))
    expected = {"prune", "paused", "1h", "0m", "3", "1", "timed", "out", "active"}
    assert expected <= shown(capsys)


def test_forecasts(capsys: pytest.CaptureFixture[str]) -> None:
    """What runs out, how fast, between when and when, and how sure that is."""
    calm = ForecastDocument(
        service=None,
        what="disk /var",
        unit="bytes",
        value=5 * 1024**3,
        limit=10 * 1024**3,
        limit_by="its limit",
        looked=9,
        words="",
    )
    soon = msgspec.structs.replace(
        calm,
        service="web",
        what="fds",
        unit="count",
        value=800,
        limit=1024,
        looked=3600,
        told=True,
        per_hour=300,
        left=2700,
        earliest=2400,
        latest=3000,
        confidence=0.93,
    )
    show_forecasts([soon, calm])
    expected = {"web", "fds", "800", "1024", "45m", "(40m", "50m", "+300/h)", "93%"}
    assert expected | {"(host)", "/var", "GiB", "early"} <= shown(capsys)
    show_forecasts([])
    assert {"nothing", "measured"} <= shown(capsys)


def test_breakers(capsys: pytest.CaptureFixture[str]) -> None:
    """A breaker's state, its failures, and who changed it why."""
    breaker = BreakerDocument(
        name="llm",
        state="OPEN",
        failure_count=5,
        open_until="2026-01-02T03:04:05Z",
        change_reason="refused",
        changed_by="uid 0, pid 123",
    )
    show_breakers([breaker])
    assert {"llm", "OPEN", "5", "until", "refused", "123"} <= shown(capsys)


def test_the_worst_breaker_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that are closed are counted, unless all are wanted."""
    states = ("CLOSED", "HALF_OPEN", "CLOSED", "OPEN", "PERMANENT_OPEN")
    breakers = [
        BreakerDocument(name=f"b{n}", state=state, failure_count=n)
        for n, state in enumerate(states)
    ]
    show_breakers(breakers)
    _, *found, last = capsys.readouterr().out.splitlines()
    assert ["b4", "b3", "b1"] == [one.split()[0] for one in found]
    assert "… 2 CLOSED: selfhealctl breakers --all" == last
    for more in ({"everything": True}, {"wide": True}):
        show_breakers(breakers, **more)
        _, *found = capsys.readouterr().out.splitlines()
        assert ["b4", "b3", "b1", "b0", "b2"] == [one.split()[0] for one in found]


def test_incidents(capsys: pytest.CaptureFixture[str]) -> None:
    """The cause, each remedy tried, and whether it is still open."""
    show_incidents([INCIDENT, msgspec.structs.replace(INCIDENT, outcome="healed")])
    expected = {
        "show",
        "web-1",
        "exit",
        "restart",
        "effect",
        "under",
        "way",
        "open",
        "healed",
    }
    assert expected <= shown(capsys)


def test_no_incidents(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is said, not left blank."""
    show_incidents([])
    assert capsys.readouterr().out == "no incidents\n"


def test_flags(capsys: pytest.CaptureFixture[str]) -> None:
    """On, off, from where, and what was refused."""
    values = {"FEATURE_A": True, "FEATURE_B": False}
    show_flags(FlagsDocument(file="flags.env", values=values, error="line 2: no ="))
    words = capsys.readouterr().out
    assert "on   FEATURE_A\noff  FEATURE_B\nfrom flags.env\n" in words
    assert "not taken over: line 2: no =" in words


def test_flags_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said to come from a file that is not there."""
    show_flags(FlagsDocument(file="flags.env", values={"FEATURE_A": True}))
    words = capsys.readouterr().out
    assert "on   FEATURE_A\nthere is no file flags.env: every feature is on\n" == words
