"""Notes of who is whose: read as they were written, or not at all."""

from pathlib import Path

import pytest

from selfhealingd.supervise.identity import Identity
from selfhealingd.supervise.leftovers import Recorded
from selfhealingd.supervise.notes import Notes, latest

BOOT = "0b1c+12"


def record(run: int, pid: int | None, *, awaited: bool = False) -> Recorded:
    return Recorded("web", run, pid, pid and 50, awaited=awaited, boot=BOOT)


def test_the_latest_note_counts(tmp_path: Path) -> None:
    """Of each program."""
    notes = Notes(tmp_path, BOOT)
    notes.put("web", 1, Identity(7, 50))
    notes.put("web", 2, Identity(8, 60))
    notes.put("db_01", 1, Identity(9, 70))
    assert {("web", 2, 8, 60), ("db_01", 1, 9, 70)} == {
        (one.program, one.run, one.pid, one.started) for one in notes.read()
    }


def test_another_boot_has_other_processes(tmp_path: Path) -> None:
    """Where the folder outlives a boot."""
    Notes(tmp_path, BOOT).put("web", 1, Identity(7, 50))
    assert [] == [*Notes(tmp_path, "other").read()]


@pytest.mark.parametrize("text", ["", "1", f"1 7 5 {BOOT}", f"1 x 50 {BOOT}\n", "\0"])
def test_half_a_note_is_none(tmp_path: Path, text: str) -> None:
    """A daemon may be killed while it writes."""
    notes = Notes(tmp_path, BOOT)
    assert [] == [*notes.read()]
    notes.put("web", 1, Identity(7, 50))
    (tmp_path / "runs" / "web").write_text(text)
    assert [] == [*notes.read()]


@pytest.mark.parametrize(
    ("recorded", "pid"),
    [
        (None, 9),
        (record(2, 4), 9),
        (record(3, None, awaited=True), 9),
        # What the file says of this run, or of a later one, is more than the note.
        (record(3, None), None),
        (record(3, 4), 4),
        (record(4, None, awaited=True), None),
    ],
)
def test_a_note_counts_where_the_file_knew_nothing_yet(
    recorded: Recorded | None, pid: int | None
) -> None:
    """A run that the file saw end is over."""
    found = latest({"web": recorded} if recorded else {}, [record(3, 9)])
    assert pid == found["web"].pid
