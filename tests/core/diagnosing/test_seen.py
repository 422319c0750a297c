"""What the daemon and the kernel saw, and how sure that makes."""

import pytest

from selfhealingd.core.diagnosing.clue import case
from selfhealingd.core.diagnosing.seen import seen
from selfhealingd.core.diagnosis import Fault
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import EvidenceDocument

KILLED = "the kernel killed web (pid 7) as its cgroup was out of memory"


def clues(detail: str, oom: str | None = None) -> list[tuple[Fault, float]]:
    incident = IncidentDocument(
        id="web-1", service="web", cause="exit", detail=detail, opened="x"
    )
    found = EvidenceDocument(
        incident="web-1", service="web", run=1, taken="x", end=detail, oom=oom
    )
    return [(clue.fault, clue.weight) for clue in seen(case(incident, found))]


def test_its_own_kill_is_surest() -> None:
    """Then one that was another's shortly before, then one of who knows whom."""
    weights = []
    for oom in (
        KILLED,
        f"shortly before, {KILLED}",
        "the kernel killed a process of the daemon's cgroup: it is out of memory",
    ):
        [(fault, weight)] = clues("exited with status 1 after 2 h", oom)
        assert Fault.OUT_OF_MEMORY is fault
        weights.append(weight)
    assert sorted(weights, reverse=True) == weights


@pytest.mark.parametrize(
    ("detail", "faults"),
    [
        ("cannot start 'x': not found in PATH=/bin", [Fault.MISSING_FILE]),
        ("cannot start 'x': '/x' is not executable; chmod +x it", [Fault.PERMISSION]),
        ("cannot open tcp :80: pid 7 (a) listens there already", [Fault.PORT_TAKEN]),
        ("cannot open :80: port 80 is privileged, it may not", [Fault.PERMISSION]),
        ("cannot open /x: this daemon may not write to /", [Fault.PERMISSION]),
        ("cannot open tcp x:80: this machine has no address x", [Fault.BAD_CONFIG]),
        ("cannot start 'x': the moon is full", []),
        ("killed by SIGBUS after 2 s", [Fault.CRASH]),
        ("killed by SIGHUP after 2 s", [Fault.KILLED]),
        ("exited with status 126 at once", [Fault.PERMISSION]),
        ("exited with status 1 at once", []),
        ("exited with status 0 at once", [Fault.NO_FAULT]),
    ],
)
def test_ends_and_starts(detail: str, faults: list[Fault]) -> None:
    """What the daemon says points at one fault, or at none."""
    assert faults == [fault for fault, _ in clues(detail)]
