"""Whatever a program writes, a report cites what exists, and commands nothing wild."""

import re

from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.diagnosing.lines import numbered
from selfhealingd.core.diagnosing.rules import diagnose
from selfhealingd.core.diagnosis import Fault, in_words
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import (
    EvidenceDocument,
    FilesDocument,
    SaidDocument,
    SamplesDocument,
)

HARMLESS = re.compile(
    r"selfhealctl (evidence|tail|stop) web(-1)?|ps -eo pid,rss,comm --sort=-rss \| head"
    r"|ss -ltnp( 'sport = :\d{1,5}')?|df -[hi]|namei -l /[\w./@+-]+"
    r"|nc -vz [\w.-]+ \d{1,5}|getent hosts [\w.-]+|ls -l /proc/7/fd|kill -CONT 7"
    r"|coredumpctl info 7|journalctl --since -15min"
)
TROUBLE = st.sampled_from(
    [
        "Address already in use",
        "No such file or directory: ",
        "Connection refused",
        "lookup ",
        "permission denied",
        "'/srv/",
        ":80",
        "port 80",
        "; reboot",
        "$(reboot)",
        "-rf",
    ]
)
WORDS = st.lists(st.one_of(TROUBLE, st.text(max_size=20)), max_size=6).map("".join)


def incident(detail: str, cause: str = "exit") -> IncidentDocument:
    return IncidentDocument(
        id="web-1", service="web", cause=cause, detail=detail, opened="x"
    )


def evidence(*lines: str, **more: object) -> EvidenceDocument:
    said = (SaidDocument(path="/var/log/web.log", lines=lines),)
    plain = {"incident": "web-1", "service": "web", "run": 1, "taken": "x", "pid": 7}
    return EvidenceDocument(**plain, output=said, **more)  # type: ignore[arg-type]


@given(
    st.lists(WORDS, max_size=12),
    st.sampled_from(["exited with status 1 at once", "killed by SIGABRT", ""]),
    st.booleans(),
)
def test_nothing_wild_comes_of_it(lines: list[str], end: str, alive: bool) -> None:  # noqa: FBT001
    """Cited lines exist, no runbook is advised, and commands are of known forms."""
    found = evidence(*lines, end=end or None, alive=alive)
    report = diagnose(incident(end), found)
    assert set(report.cited) <= set(numbered(incident(end), found))
    assert report.cited
    assert not in_words(report.action).startswith("run")
    assert all(HARMLESS.fullmatch(command) for command in report.next_commands)


def test_the_nearest_to_the_end_counts() -> None:
    """What was said long before the end, and survived, did not end it."""
    old = "error: write failed: No space left on device"
    later = [f"served {n}" for n in range(50)]
    end = "exited with status 1 after 2 h"
    report = diagnose(
        incident(end), evidence(old, *later, "KeyError: 'amount'", end=end)
    )
    assert Fault.DEFECT is report.cause
    assert "KeyError" in report.summary


def test_two_that_speak_against_each_other() -> None:
    """Where two faults are as likely, it is less sure of the one that it names."""
    end = "exited with status 1 at once"
    one = diagnose(incident(end), evidence("No space left on device", end=end))
    both = diagnose(
        incident(end),
        evidence("No space left on device", "x: permission denied", end=end),
    )
    assert both.confidence < one.confidence


def test_killed_by_nobody_knows_whom() -> None:
    """Where the kernel's log can't be read, it says that this may be why."""
    end = "killed by SIGKILL after 2 h"
    missing = {"kernel": "/dev/kmsg: operation not permitted"}
    report = diagnose(incident(end), evidence(end=end, missing=missing))
    assert Fault.KILLED is report.cause
    assert "can't be read" in report.summary
    assert 0.5 == report.confidence


def test_busy_is_no_leak() -> None:
    """What goes up and down does not leak, and what is far below its limit neither."""
    samples = SamplesDocument(
        columns=("run", "ago", "memory"),
        rows=tuple((1, 60.0 - n, 1e9 + (n % 2) * 5e8) for n in range(10)),
    )
    detail = "memory: 1.5 GB (memory > 1GiB)"
    report = diagnose(incident(detail, "rule"), evidence(alive=True, samples=samples))
    assert report.confidence < 0.5
    few = FilesDocument(open=10, limit=1024)
    report = diagnose(incident(detail, "rule"), evidence(alive=True, files=few))
    assert Fault.DESCRIPTORS is not report.cause


def test_a_crowd() -> None:
    """Hundreds of processes of one program are told, with when there were as many."""
    samples = SamplesDocument(
        columns=("run", "ago", "children"), rows=((1, 5.0, 900.0),)
    )
    report = diagnose(
        incident("children: 900", "rule"), evidence(alive=True, samples=samples)
    )
    assert Fault.FORK_BOMB is report.cause
    assert "children 900" in report.cited[-1].words
    assert ("selfhealctl stop web",) == report.next_commands


def test_a_status_of_a_shell() -> None:
    """What a wrapper hands on is read as a shell means it."""
    end = "exited with status 139 after 3 s"
    assert Fault.CRASH is diagnose(incident(end), evidence(end=end)).cause
