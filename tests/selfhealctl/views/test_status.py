"""The screen says all of it, worst first, at every width."""

from functools import partial
from typing import Any

import msgspec
import pytest
import topped
from topped import service

from selfhealctl.capture import printed, rows
from selfhealctl.views.blocks import ranked
from selfhealctl.views.services import Health, health
from selfhealctl.views.status import show_programs, show_status
from selfhealingd.wire.documents import (
    BackgroundTasks,
    BreakerDocument,
    ProbeDocument,
    ProgramDocument,
    Status,
)

WIDTHS = (40, 60, 80, 120)


def program(name: str, state: str = "RUNNING", **facts: object) -> ProgramDocument:
    usual = {"uptime": 11523.4, "cpu": None, "memory": None}
    return service(name, state=state, **{**usual, **facts})


FAILED = program(
    "zeta",
    "BACKOFF",
    pid=None,
    uptime=None,
    exit="exit status 1",
    next="starts again in 20 s",
)
WELL = program("alpha", cpu=12.34, memory=50_000_000)


def status(**facts: Any) -> Status:
    usual: dict[str, Any] = {
        "circuit_breakers": (
            BreakerDocument(name="self-healing-main", state="CLOSED", failure_count=0),
        ),
        "background_tasks": BackgroundTasks(total_tasks=4, active_tasks=3, tasks=()),
        "programs": (FAILED, WELL),
    }
    return topped.status(**{**usual, **facts})


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    columns: int = request.param
    monkeypatch.setenv("COLUMNS", str(columns))
    return columns


@pytest.mark.usefixtures("width")
def test_every_width_tells_the_same_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """Narrow terminals break lines, they lose nothing."""
    show_status(status())
    words = " ".join(capsys.readouterr().out.split())
    for fact in (
        "HEALTHY 1 of 2 programs running; selfhealingd 0.2.0, pid 12, up 2h 0m",
        "4711",
        "3h 12m",
        "12.3 %",
        "47.7 MiB",
        "exit status 1",
        "BACKOFF",
        "background tasks: 3 of 4 active",
    ):
        assert fact in words
    for word in ("starts", "again", "20"):
        assert word in words


def test_watches_are_counted_by_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    """They are in the same table, but nobody here started them."""
    show_status(status(programs=(), watches=(WELL,)))
    words = " ".join(capsys.readouterr().out.split())
    assert "HEALTHY 1 of 1 watches running; selfhealingd" in words
    assert "4711" in words


def test_tables_fit_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """However long a name or a story, no row is wider than the screen."""
    long = program("n" * 90, "BACKOFF", exit="e" * 90, next="word " * 40)
    show_programs([WELL, long])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


@pytest.mark.usefixtures("width")
def test_programs_stay_in_the_daemons_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sorted: the daemon knows what matters."""
    show_programs([FAILED, WELL])
    words = capsys.readouterr().out
    assert words.index("zeta") < words.index("alpha")


def test_what_a_program_says_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside what comes next, and without what could move the cursor."""
    talks = program("db", "RUNNING", status_text="2 of 3\x1b[2J")
    show_programs([talks])
    words = " ".join(capsys.readouterr().out.split())
    assert "it says: 2 of 3" in words
    assert "\x1b" not in words


def test_what_is_not_well_by_its_probes(capsys: pytest.CaptureFixture[str]) -> None:
    """What is ok, or not asked yet, takes no room; nothing is told twice."""

    def probe(answer: str | None, **more: Any) -> ProbeDocument:
        kind = {"name": "liveness", "asks": "x", **more}
        return ProbeDocument(answer=answer, words=f"{answer}!", **kind)

    ill = probe("failed", name="readiness", failing=True)
    show_programs(
        [
            program("a", "RUNNING", probes=(probe("ok"), probe(None))),
            program("b", "RUNNING", probes=(probe("unknown"),)),
            program("c", "RUNNING", probes=(ill,), not_ready="x: failed!"),
        ]
    )
    words = " ".join(capsys.readouterr().out.split())
    assert "ok!" not in words
    assert "liveness unknown: unknown!" in words
    assert "not ready: x: failed!" in words
    assert 1 == words.count("failed!")


def test_each_issue_is_followed_by_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Issues and recommendations go in pairs, before the programs."""
    show_status(
        status(
            status="critical",
            issues=("CRITICAL: one", "WARNING: two"),
            recommendations=("selfhealctl first", "selfhealctl second"),
        )
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:5] == [
        "CRITICAL: one",
        "  do: selfhealctl first",
        "WARNING: two",
        "  do: selfhealctl second",
    ]
    assert lines[0].startswith("CRITICAL")


def test_only_breakers_that_are_not_closed_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A closed breaker is no news."""
    opened = BreakerDocument(
        name="program:zeta",
        state="PERMANENT_OPEN",
        failure_count=10,
        permanent_open_reason="Exceeded permanent failure threshold",
    )
    well = BreakerDocument(name="llm", state="CLOSED", failure_count=0)
    show_status(status(circuit_breakers=(well, opened)))
    words = capsys.readouterr().out
    assert "program:zeta" in words
    assert "PERMANENT_OPEN" in words
    assert "llm" not in words


def test_dormancy_says_how_to_leave_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The reason and the next command."""
    asleep = msgspec.structs.replace(
        status().self_healing, is_dormant=True, dormant_reason="Exceeded (10)"
    )
    show_status(status(self_healing=asleep))
    words = capsys.readouterr().out
    assert "DORMANT: Exceeded (10)\n  do: selfhealctl resume --reason" in words


def test_markup_and_controls_in_words_stay_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the terminal's nor rich's own language is spoken by log output."""
    show_programs([program("web", "FATAL", exit="\x1b[2J[red]boo[/red] :smile:")])
    words = capsys.readouterr().out
    assert "\x1b" not in words
    assert "[red]boo[/red] :smile:" in " ".join(words.split())


@pytest.mark.parametrize(
    ("state", "incident", "shown"),
    [
        ("RUNNING", None, False),
        ("RUNNING", "web-7", True),
        ("STARTING", None, True),
        ("BACKOFF", "web-7", True),
        ("STOPPED", None, True),
    ],
)
@pytest.mark.usefixtures("width")
def test_a_last_exit_is_shown_where_it_explains_something(
    state: str,
    incident: str | None,
    shown: bool,  # noqa: FBT001
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A program that is well has long put its last end behind it."""
    show_programs([program("web", state, incident=incident, exit="killed")])
    assert shown == ("killed" in capsys.readouterr().out)


@pytest.mark.parametrize(("state", "verb"), [("RUNNING", "STOPS"), ("FATAL", "drops")])
@pytest.mark.usefixtures("width")
def test_what_an_update_does_to_a_removed_program(
    state: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stops what runs, and says so."""
    show_programs([program("web", state, removed=True, pending_update=True)])
    words = capsys.readouterr().out
    assert all(word in words for word in ("gone", "config:", "update", verb))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COLUMNS": "80", "LINES": "24", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)


def many(ill: int, well: int) -> Status:
    dead = tuple(program(f"ill{n}", "FATAL", exit="killed") for n in range(ill))
    fine = tuple(program(f"well{n}") for n in range(well))
    words = tuple(f"WARNING: program ill{n} is FATAL: killed" for n in range(ill))
    do = tuple(f"see why: selfhealctl show ill{n}" for n in range(ill))
    return status(programs=(*fine, *dead), issues=words, recommendations=do)


@pytest.mark.parametrize(
    ("ill", "well", "tells"),
    [
        (0, 5, "well4"),
        (0, 200, "\n… 200 running well: selfhealctl status --all"),
        (1, 200, "\n… 200 running well: selfhealctl status --all"),
        (200, 0, " more issues, "),
        (200, 200, " not well, 200 running well: selfhealctl status --all"),
    ],
)
@pytest.mark.usefixtures("terminal")
def test_one_screen_has_the_worst(ill: int, well: int, tells: str) -> None:
    """However many there are: what is ill with what to do, and the rest counted."""
    words = printed(partial(show_status, many(ill, well), last="the last"))
    assert 24 > len(words.splitlines())
    assert tells in words
    assert words.endswith("\nthe last\n")
    if ill:
        assert "  do: see why: selfhealctl show ill0" in words
        assert 1 == words.count("is FATAL") if ill == 1 else 1 < words.count("is FATAL")


@pytest.mark.parametrize(("ill", "commands"), [(6, 6), (10, 10), (12, 1), (20, 1)])
@pytest.mark.usefixtures("terminal")
def test_all_that_is_ill_is_named_before_what_to_do_is_told(
    ill: int, commands: int
) -> None:
    """A screenful of issues is names; one has its command, the rest is one away."""
    words = printed(partial(show_status, many(ill, 10)))
    assert 24 > len(words.splitlines())
    assert ill == words.count("is FATAL")
    assert commands == words.count("  do: ")
    left = "what to do about each, " if commands < ill else ""
    assert f"\n… {left}10 running well: selfhealctl status --all\n" in words


@pytest.mark.usefixtures("terminal")
def test_each_is_told_once_where_room_is_short() -> None:
    """What an issue tells has no row of its own; what none tells has."""
    seen = many(6, 10)
    lost = program("lost", "FATAL", exit="killed")
    seen = msgspec.structs.replace(seen, programs=(*seen.programs, lost))
    words = printed(partial(show_status, seen))
    assert "\nlost  FATAL" in words
    assert all(1 == words.count(f" ill{n} is FATAL") for n in range(6))
    assert "\nill" not in words
    assert "… 10 running well: selfhealctl status --all" in words


DORMANT = (
    "find the cause: selfhealctl incidents; mend it; then: selfhealctl resume --reason"
    ' "what was fixed"; to be sure that nothing acts meanwhile: echo x >> flags.env;'
    " selfhealctl reload"
)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 12), (40, 9), (25, 12)])
def test_the_worst_issue_never_scrolls_off(
    columns: int, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the smallest of screens it is there with its command, and a prompt below."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))
    seen = many(3, 0)
    seen = msgspec.structs.replace(
        seen,
        status="critical",
        issues=("CRITICAL: Self-Healing Engine in DORMANT mode", *seen.issues),
        recommendations=(DORMANT, *seen.recommendations),
    )
    words = printed(partial(show_status, seen))
    assert lines > rows(words, columns)
    assert words.startswith("CRITICAL  0 of 3 programs")
    assert "CRITICAL: Self-Healing" in " ".join(words.split())
    assert "  do: find the cause: selfhealctl incidents" in words
    assert (lines < 24) is (" more issues, " in words)


@pytest.mark.usefixtures("terminal")
def test_all_of_it_is_shown_where_it_is_asked_for() -> None:
    """In their order, the worst first; wide is a line each."""
    words = printed(partial(show_status, many(30, 30), everything=True))
    assert all(f"{name}29" in words for name in ("ill", "well"))
    assert words.index("\nill29 ") < words.index("\nwell0 ")
    words = printed(partial(show_status, many(30, 30), wide=True))
    [line] = [one for one in words.splitlines() if "well29" in one]
    assert line.split()[:3] == ["well29", "RUNNING", "4711"]


def test_who_is_named_in_an_issue_is_not_well() -> None:
    """Whatever its state: the daemon knows more than a state says."""
    seen = status(
        programs=(program("a"), program("b", "EXITED"), program("c")),
        issues=("WARNING: program b exited, and stays down",),
        recommendations=("selfhealctl start b",),
    )
    assert ["b", "a", "c"] == [one.name for _, one in ranked(seen)]


def test_each_step_of_what_to_do_has_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So that it can be pasted; what a command itself separates stays whole."""
    do = 'see: selfhealctl show a; mend it; then: selfhealctl resume --reason "x; y"'
    show_status(status(issues=("WARNING: a",), recommendations=(do,)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:4] == [
        "  do: see: selfhealctl show a; mend it",
        '      then: selfhealctl resume --reason "x; y"',
    ]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (program("a", "FATAL"), Health.DEAD),
        (program("a", "BACKOFF"), Health.ILL),
        (program("a", incident="a-1"), Health.ILL),
        (program("a", breaker="OPEN"), Health.ILL),
        (program("a", not_ready="x"), Health.ILL),
        (program("a", "STARTING"), Health.CHANGING),
        (program("a", pending_update=True), Health.CHANGING),
        (program("a", "STOPPED"), Health.DOWN),
        (program("a"), Health.WELL),
    ],
)
def test_how_ill_a_service_is(service: ProgramDocument, expected: Health) -> None:
    """By all that the daemon says of it."""
    assert expected is health(service)
