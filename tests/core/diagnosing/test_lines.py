"""What is known has a number, line by line, and who wrote it is known."""

from selfhealingd.core.diagnosing.lines import numbered
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import (
    EvidenceDocument,
    FilesDocument,
    OpenedDocument,
    ProcessDocument,
    SaidDocument,
    SamplesDocument,
)

INCIDENT = IncidentDocument(
    id="web-1",
    service="web",
    cause="exit",
    detail="exited with status 1 at once",
    opened="2026-11-26T17:00:00.000Z",
)
FOUND = EvidenceDocument(
    incident="web-1",
    service="web",
    run=1,
    taken="2026-11-26T17:00:00.010Z",
    end="exited with status 1 at once",
    oom="the kernel killed web",
    core="no core dump",
    kernel=("web[7]: segfault at 0",),
    kernel_stack=("futex_wait+0x1",),
    python_stack=('Thread 7 (idle): "MainThread"',),
    changed=("/srv/web was changed 1 min before",),
    process={"State": "S (sleeping)"},
    limits={"open files": "1024 of 4096"},
    host={"load": "1 2 3"},
    tree=(ProcessDocument(pid=7, parent=1, state="S", name="web", wchan="futex_wait"),),
    files=FilesDocument(
        open=3, limit=1024, most=(OpenedDocument(what="pipe", count=2),)
    ),
    samples=SamplesDocument(columns=("run", "ago", "fds"), rows=((1, 5.0, None),)),
    output=(SaidDocument(path="/var/log/web.log", lines=("hello", "bye")),),
)


def test_each_line_has_its_number() -> None:
    """They count from 1, with the incident first and what was written last."""
    lines = numbered(INCIDENT, FOUND)
    assert list(range(1, len(lines) + 1)) == [line.number for line in lines]
    assert "exit: exited with status 1 at once" == lines[0].words
    assert ["hello", "bye"] == [line.words for line in lines[-2:]]
    words = [line.words for line in lines]
    assert "pid 7 of 1: S, waits in futex_wait, 1 threads, web" in words
    assert "3 of 1024 are open" in words
    assert "run 1, ago 5" in words


def test_what_a_program_wrote_is_marked() -> None:
    """Nothing else is: the rest was seen by the daemon or the kernel."""
    lines = numbered(INCIDENT, FOUND)
    assert {"output /var/log/web.log"} == {line.part for line in lines if line.said}
    assert {"hello", "bye"} == {line.words for line in lines if line.said}


def test_without_evidence() -> None:
    """The incident itself is known all the same."""
    assert 1 == len(numbered(INCIDENT, None))
