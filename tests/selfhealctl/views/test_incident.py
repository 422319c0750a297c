"""An incident reads as a story, and what was kept is all there."""

import msgspec
import pytest

from selfhealctl.views.incident import show_evidence, show_inquest
from selfhealingd.wire.diagnosis import CitedDocument, ReportDocument
from selfhealingd.wire.documents import AttemptDocument, IncidentDocument
from selfhealingd.wire.evidence import (
    EvidenceDocument,
    EvidenceSummary,
    FilesDocument,
    InquestDocument,
    MomentDocument,
    OpenedDocument,
    ProcessDocument,
    SaidDocument,
    SamplesDocument,
)

ESC = "\x1b[31m"
INCIDENT = IncidentDocument(
    id="web-7",
    service="web",
    cause="exit",
    detail="killed by SIGKILL after 3 min",
    opened="2026-11-26T17:00:00.000Z",
    ended="2026-11-26T17:00:12.000Z",
    outcome="healed",
    attempts=(AttemptDocument(remedy="restart", started="x", result="healed"),),
    log="/var/log/web.log",
)
KEPT = EvidenceDocument(
    incident="web-7",
    service="web",
    run=3,
    pid=4711,
    taken="2026-11-26T17:00:00.010Z",
    end="killed by SIGKILL after 3 min",
    oom="the kernel killed web (pid 4711) as its cgroup was out of memory",
    core="no core dump",
    telling=(f"ERROR: {ESC}no memory",),
    output=(SaidDocument(path="/var/log/web.log", lines=("a", "b"), cut=True),),
    kernel=("Memory cgroup out of memory: Killed process 4711 (web)",),
    process={"State": "S (sleeping)", "wchan": "pipe_read"},
    kernel_stack=("pipe_read+0x1/0x2",),
    python_stack=("    serve (app.py:9)",),
    tree=(ProcessDocument(pid=4711, parent=1, state="S", name="web", memory=2**20),),
    files=FilesDocument(
        open=900, limit=1024, most=(OpenedDocument(what="/etc/passwd", count=880),)
    ),
    limits={"open files": "1024 of 4096"},
    samples=SamplesDocument(columns=("run", "cpu"), rows=((3, 99.5), (3, None))),
    host={"load": "1 2 3"},
    changed=("/srv/app.py was changed 1 min before, while it ran",),
    missing={"syscall": "operation not permitted"},
)
INQUEST = InquestDocument(
    incident=INCIDENT,
    timeline=(
        MomentDocument(at="2026-11-26T17:00:00.000Z", words=f"crashed{ESC}"),
        MomentDocument(at="2026-11-26T17:00:12.000Z", words="healed"),
    ),
    evidence=EvidenceSummary(
        taken=KEPT.taken, alive=False, end=KEPT.end, oom=KEPT.oom, kept=("a line",)
    ),
    do=("selfhealctl evidence web-7", "selfhealctl tail web"),
)


@pytest.fixture(params=[40, 80, 200], autouse=True)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(request.param))


def test_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    """What, since when, what was tried, how it ended, what it said, what to type."""
    show_inquest(INQUEST, KEPT, withheld=False)
    said = capsys.readouterr().out
    for words in (
        "web-7  healed  after 12s",
        "exit: killed by SIGKILL after 3 min",
        "restart: healed",
        "crashed",
        "ERROR: no memory",
        "out of memory",
        "900 of 1024 are open, 880 of them /etc/passwd",
        "/srv/app.py was changed",
        "selfhealctl evidence web-7",
        "selfhealctl tail web",
    ):
        assert words in said
    assert "\x1b" not in said
    assert said.index("crashed") < said.index("healed", said.index("crashed"))


def test_an_open_one(capsys: pytest.CaptureFixture[str]) -> None:
    """How long it lasts already, and what comes next."""
    found = msgspec.structs.replace(
        INQUEST,
        incident=msgspec.structs.replace(INCIDENT, outcome=None, ended=None),
        next="restart in 5 s",
        left_out=7,
    )
    show_inquest(found, None, withheld=True)
    said = capsys.readouterr().out
    assert "web-7  open  for " in said
    assert "restart in 5 s" in said
    assert "7 more" in said
    assert "operators alone" in said
    assert "out of memory" in said


@pytest.mark.parametrize("withheld", [False, True])
def test_what_probably_went_wrong(
    capsys: pytest.CaptureFixture[str],
    withheld: bool,  # noqa: FBT001
) -> None:
    """Cause, how sure, which lines say so, what would help, what to type."""
    report = ReportDocument(
        cause="out of memory",
        summary=f"the kernel killed it{ESC}",
        confidence=0.98,
        action="restart_once",
        by="rules",
        cited=(CitedDocument(number=3, part=f"memory{ESC}", words=f"killed{ESC} web"),),
        next_commands=("free -m",),
    )
    found = msgspec.structs.replace(INQUEST, diagnosis=report)
    show_inquest(found, None, withheld=withheld)
    said = capsys.readouterr().out
    for words in (
        "probably out of memory  98% sure, by rules",
        "the kernel killed it\n",
        "3 memory: │ killed web",
        "a restart helps for now",
        "free -m",
    ):
        assert words in said
    assert "\x1b" not in said


def test_one_that_hangs(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it waits is told in the story."""
    alive = msgspec.structs.replace(KEPT, alive=True, end=None)
    show_inquest(INQUEST, alive, withheld=False)
    assert "in the kernel's pipe_read, state S (sleeping)" in capsys.readouterr().out


def test_a_time_that_nobody_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown as it is, and nothing fails."""
    incident = msgspec.structs.replace(INCIDENT, opened="yesterday")
    odd = msgspec.structs.replace(INQUEST, incident=incident)
    show_inquest(odd, None, withheld=False)
    assert "yesterday" in capsys.readouterr().out


def test_all_that_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Every part of the evidence is shown, and why another one is not there."""
    show_evidence(KEPT)
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "3, pid 4711",
        "last lines of /var/log/web.log (more before it) a b",
        "pipe_read+0x1/0x2",
        "serve (app.py:9)",
        "1.0",
        "open files: 900 of 1024",
        "/etc/passwd",
        "open files: 1024 of 4096",
        "99.5",
        "load: 1 2 3",
        "was changed 1 min before",
        "syscall: operation not permitted",
    ):
        assert words in said


def test_little_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Parts that are empty are not there, with no heading either."""
    show_evidence(EvidenceDocument(incident="a-1", service="a", run=1, taken="x"))
    assert 2 == len(capsys.readouterr().out.splitlines())
