import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.store.errors import StoreError
from selfhealingd.store.journal import Journal, rotated
from selfhealingd.store.reading import Reading, backwards, tail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of 100 records in six files."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, max_bytes=180, keep=9)
    for n in range(100):
        journal.append([json.dumps({"n": n}).encode()])
    journal.close()
    assert rotated(path, 5).exists()
    return path


def test_the_files_are_read_as_one(path: Path) -> None:
    """Oldest first, or newest first."""
    assert list(range(100)) == [r["n"] for r in Reading(path)]
    newest_first = Reading(path, newest_first=True, block=7)
    assert list(range(100))[::-1] == [r["n"] for r in newest_first]


def test_a_tail_is_the_last_that_satisfy(path: Path) -> None:
    """In the order in which they happened, and never more than there are."""
    records, skipped = tail(path, 3, lambda r: r["n"] % 10 == 0)

    assert [70, 80, 90] == [r["n"] for r in records]
    assert 0 == skipped
    assert 100 == len(tail(path, 1000)[0])
    assert ([], 0) == tail(path, 0)


def test_what_is_no_record_is_skipped_and_counted(path: Path) -> None:
    """Torn lines, other JSON, binary garbage and deep nesting; blank lines are not."""
    garbage = [b'{"n":', b"[1]", b"3", b"\0\xff\x80", b"[" * 100_000, b"", b"  "]
    with path.open("ab") as file:
        file.write(b"\n".join([*garbage, b'{"n":100}\n']))

    for reading in (Reading(path), Reading(path, newest_first=True)):
        assert 101 == len(list(reading))
        assert 5 == reading.skipped


def test_a_tail_reads_no_more_than_it_needs(path: Path) -> None:
    """Damage further back is not even seen."""
    rotated(path, 5).write_bytes(b"garbage\n" * 10)

    assert 0 == tail(path, 5)[1]


def test_a_rotation_while_reading_hides_nothing(path: Path) -> None:
    """Whoever reads sees the files that were there when it began."""
    records = iter(Reading(path))
    seen = [next(records)]
    for number in range(9, -1, -1):
        if rotated(path, number).exists():
            rotated(path, number).rename(rotated(path, number + 1))

    seen += records

    assert list(range(100)) == [r["n"] for r in seen]


def test_there_need_not_be_a_journal(tmp_path: Path) -> None:
    """No file, no folder: no records."""
    assert [] == list(Reading(tmp_path / "journal.jsonl"))
    assert [] == list(Reading(tmp_path / "missing" / "journal.jsonl"))


def test_other_files_beside_it_are_none_of_it(path: Path) -> None:
    """Only numbers are rotations."""
    path.with_name(path.name + ".old").write_bytes(b'{"n":-1}\n')

    assert 100 == len(list(Reading(path)))


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It is not taken for empty."""
    (tmp_path / "journal.jsonl").mkdir()

    with pytest.raises(StoreError, match=r"cannot read .*: is a directory"):
        list(Reading(tmp_path / "journal.jsonl"))


@given(st.binary() | st.lists(st.sampled_from([b"\n", b"a", b"bc"])).map(b"".join))
def test_backwards_gives_the_same_lines(data: bytes) -> None:
    """Whatever the size of a block, the lines are those of a split, reversed."""
    expected = data.split(b"\n")[::-1] if data else []
    for block in (1, 2, 3, 5, 64 * 1024):
        assert expected == list(backwards(io.BytesIO(data), block))
