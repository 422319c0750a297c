import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

import selfhealingd
from selfhealingd.store.errors import StoreError
from selfhealingd.store.journal import Journal, rotated
from selfhealingd.store.reading import Reading

ROOT = str(Path(selfhealingd.__file__).parents[1])
WRITER = """
import itertools, sys
from pathlib import Path
from selfhealingd.store.journal import Journal
journal = Journal(Path(sys.argv[1]), max_bytes=20_000, keep=50)
for n in itertools.count():
    journal.append([b'{"n": %d, "half": %d}' % (n, h) for h in range(2)])
    if n == 20:
        print("under way", flush=True)
"""


@contextmanager
def biggest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow over ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def names(path: Path) -> list[str]:
    return sorted(p.name.removeprefix(path.name) for p in path.parent.iterdir())


def test_records_are_appended_a_line_each(path: Path) -> None:
    """A journal that is opened again goes on where it was."""
    journal = Journal(path)
    journal.append([b'{"n":1}', b'{"n":2}'])
    journal.append([], sync=True)
    journal.close()
    Journal(path).append([b'{"n":3}'], sync=True)

    assert b'{"n":1}\n{"n":2}\n{"n":3}\n' == path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_torn_line_is_ended_not_removed(path: Path) -> None:
    """What a crash left of a record stays, and hides no record after it."""
    path.write_bytes(b'{"n":1}\n{"n":')
    Journal(path).append([b'{"n":3}'])

    reading = Reading(path)

    assert [{"n": 1}, {"n": 3}] == list(reading)
    assert 1 == reading.skipped
    assert b'{"n":1}\n{"n":\n{"n":3}\n' == path.read_bytes()


def test_files_are_rotated_by_size(path: Path) -> None:
    """None grows over the limit, the oldest of too many goes, none is empty."""
    journal = Journal(path, max_bytes=25, keep=3)
    for n in range(20):
        journal.append([b'{"n":%02d}' % n])

    assert ["", ".1", ".2", ".3"] == names(path)
    assert b'{"n":18}\n{"n":19}\n' == path.read_bytes()
    assert b'{"n":12}\n{"n":13}\n' == rotated(path, 3).read_bytes()


def test_a_batch_is_never_split(path: Path) -> None:
    """Even one that is larger than a file should be."""
    journal = Journal(path, max_bytes=20, keep=3)
    journal.append([b"{}"])
    journal.append([b'{"n":1}'] * 10)

    assert b"{}\n" == rotated(path, 1).read_bytes()
    assert 10 == path.read_bytes().count(b"\n")


def test_every_file_begins_with_the_opening(path: Path) -> None:
    """The first one too, but not one that was only opened again."""
    openings = iter(range(100))
    for _ in range(2):
        journal = Journal(
            path, max_bytes=40, opening=lambda: [b'{"o":%d}' % next(openings)]
        )
        for n in range(3):
            journal.append([b'{"n":%d}' % n])
        journal.close()

    first, second = rotated(path, 1).read_bytes(), path.read_bytes()
    assert b'{"o":0}\n{"n":0}\n{"n":1}\n{"n":2}\n{"n":0}\n' == first
    assert b'{"o":1}\n{"n":1}\n{"n":2}\n' == second


def test_a_gap_that_a_crash_left_costs_no_file(path: Path) -> None:
    """Only the files before the gap move."""
    path.write_bytes(b'{"n":9}\n')
    for number in (2, 3):
        rotated(path, number).write_bytes(b'{"n":%d}\n' % number)

    Journal(path, max_bytes=10, keep=3).append([b'{"n":10}'])

    assert [{"n": 3}, {"n": 2}, {"n": 9}, {"n": 10}] == list(Reading(path))


def test_a_file_that_was_moved_away_is_made_anew(path: Path) -> None:
    """Records do not vanish into a file without a name."""
    journal = Journal(path)
    journal.append([b'{"n":1}'])
    path.unlink()
    journal.append([b'{"n":2}'])

    assert b'{"n":2}\n' == path.read_bytes()


def test_a_failed_append_adds_nothing(path: Path) -> None:
    """Tried again, each record is there once."""
    journal = Journal(path)
    journal.append([b'{"n":1}'])
    batch = [b'{"n":%d}' % n for n in range(2, 12)]
    with biggest_file(30):
        for _ in range(3):
            with pytest.raises(StoreError, match=rf"cannot write {path}: .*size"):
                journal.append(batch)
    assert b'{"n":1}\n' == path.read_bytes()

    journal.append(batch)

    assert [{"n": n} for n in range(1, 12)] == list(Reading(path))


def test_a_record_is_one_line(path: Path) -> None:
    """A line end inside is a defect of the caller."""
    with pytest.raises(ValueError, match="one line"):
        Journal(path).append([b"{\n}"])


def test_a_link_is_not_followed(path: Path) -> None:
    """The journal is written where it says, or not at all."""
    path.symlink_to(path.with_name("elsewhere"))

    with pytest.raises(StoreError, match="symbolic link"):
        Journal(path).append([b"{}"])


@pytest.mark.process
@pytest.mark.parametrize("_round", range(3))
async def test_a_killed_writer_loses_nothing_that_was_written(
    path: Path, _round: int
) -> None:
    """After kill -9 at any time, all records but the last batch are there in order."""
    writer = partial(
        trio.run_process,
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        check=False,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(writer)
            assert process.stdout is not None
            assert b"" != await process.stdout.receive_some()
            process.send_signal(signal.SIGKILL)

    Journal(path).append([b'{"n": -1}'])
    *before, last = Reading(path)
    assert {"n": -1} == last
    assert len(before) > 40
    expected = [{"n": n // 2, "half": n % 2} for n in range(len(before))]
    assert expected == before
