"""A replay reads as what was, what would have been, and what nobody knows."""

import pytest
from msgspec.structs import replace

from selfhealctl.views.replay import show_replay
from selfhealingd.wire.evidence import MomentDocument
from selfhealingd.wire.replay import (
    ComparedDocument,
    EngineDocument,
    MismatchDocument,
    PartingDocument,
    ReplayDocument,
    TallyDocument,
)

ESC = "\x1b[31m"
AT = "2026-11-24T14:00:00.000Z"
WAS = TallyDocument(starts=9, attempts=8, failed=7, incidents=1, healed=1, down=300.0)
FOUND = ReplayDocument(
    records=AT,
    since=AT,
    until="2026-11-24T15:00:00.000Z",
    lives=2,
    versions=("1.0",),
    events=20,
    total=WAS,
    services=(ComparedDocument(name=f"web{ESC}", recorded=WAS),),
    timeline=(MomentDocument(at=AT, words=f"web: crashed{ESC}", level="warning"),),
    timeline_left_out=3,
)
THEN = replace(WAS, starts=4, failed=2, down=2.5, permanent=1)
OTHERWISE = replace(
    FOUND,
    config="/new.toml",
    total_otherwise=THEN,
    engine_otherwise=EngineDocument(dormant=1, dormant_secs=60.0),
    services=(
        ComparedDocument(name="web", recorded=WAS, otherwise=THEN),
        ComparedDocument(name="db", recorded=WAS, otherwise=WAS),
        ComparedDocument(name="new", otherwise=WAS),
    ),
    services_left_out=5,
    parting=PartingDocument(
        at=AT, service="web", recorded="next try in 10 s", otherwise=None
    ),
    unknown=("how it would have lived",),
)


def test_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    """The span, that it can be trusted, the milestones, the counts."""
    shown = show(capsys, FOUND)
    assert "20 events, 2 starts of the daemon" in shown
    assert "decided again: all as recorded" in shown
    assert "… 3 before …" in shown
    assert "web: crashed" in shown
    assert "5m 0s" in shown
    assert "\x1b" not in shown


def test_who_had_no_incident_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """However many they are, those who had one are seen."""
    calm = replace(WAS, incidents=0, failed=0)
    many = tuple(ComparedDocument(name=f"db{n}", recorded=calm) for n in range(50))
    shown = show(capsys, replace(FOUND, services=(*FOUND.services, *many)))
    assert "db" not in shown
    assert "… 50 without an incident" in shown


def test_what_would_have_been(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what differs, and where that begins."""
    shown = show(capsys, OTHERWISE)
    assert "web: starts 9 → 4, failed 7 → 2" in shown
    assert "breaker 0 → 1 for good" in shown
    assert "down 5m 0s → 2.5s" in shown
    assert "1 service: no difference" in shown
    assert "dormant for 1m 0s" in shown
    assert "otherwise: nothing more" in shown
    assert "how it would have lived" in shown
    assert "5 services more" in shown


def test_nothing_would_have_been_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    same = replace(OTHERWISE, services=(), parting=None, total_otherwise=WAS)
    assert "would have made no difference" in show(capsys, same)


def test_what_is_not_as_recorded_is_a_defect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Unless another version decided then, which is said, too."""
    one = MismatchDocument(at=AT, recorded=None, decided="web: healed")
    shown = show(capsys, replace(FOUND, mismatches=1, shown=(one,), unread=4))
    assert "1 decisions are not as recorded" in shown
    assert "1.0" in shown
    assert "web: healed" in shown
    assert "4 records can't be read" in shown


def show(capsys: pytest.CaptureFixture[str], found: ReplayDocument) -> str:
    show_replay(found)
    return capsys.readouterr().out
