"""Older logs are compressed, and whole at any moment."""

import gzip
from pathlib import Path

import pytest

from selfhealingd.supervise.output.compress import compress_one, settle
from selfhealingd.supervise.output.rotation import older, rotate


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give a log with three older ones."""
    log = tmp_path / "web.log"
    for text in ("first", "second", "third"):
        log.write_text(text * 100_000)
        log.chmod(0o600)
        rotate(log, 5)
    return log


def _names(log: Path) -> list[str]:
    return sorted(file.name for file in log.parent.iterdir())


def _go_on() -> bool:
    return False


def test_all_but_the_newest(log: Path) -> None:
    """One after the other is compressed, the oldest first; the newest stays plain."""
    while done := compress_one(log, _go_on):
        settle(log, done)
    names = ["web.log.1", "web.log.2.gz", "web.log.3.gz"]
    assert names == _names(log)
    packed = log.with_name("web.log.3.gz")
    assert b"first" * 100_000 == gzip.decompress(packed.read_bytes())
    assert 0o600 == packed.stat().st_mode & 0o777


def test_a_rotation_in_between(log: Path) -> None:
    """The compressed one finds the place that its plain one has by then."""
    done = compress_one(log, _go_on)
    assert done
    log.write_text("fourth")
    rotate(log, 5)
    settle(log, done)
    assert "web.log.4.gz" in _names(log)
    assert [1, 2, 3, 4] == [number for number, _ in older(log)]


def test_rotated_out_in_between(log: Path) -> None:
    """Nothing is left of a compressed one whose plain one was deleted meanwhile."""
    done = compress_one(log, _go_on)
    assert done
    log.write_text("fourth")
    rotate(log, 3)
    settle(log, done)
    assert ["web.log.1", "web.log.2", "web.log.3"] == _names(log)


def test_stopped_half_way(log: Path) -> None:
    """Told to stop, it leaves the plain one, and nothing else."""
    before = _names(log)
    assert None is compress_one(log, lambda: True)
    assert before == _names(log)


def test_what_a_crash_left_does_not_matter(log: Path) -> None:
    """Half a copy of an earlier time is replaced, even where it is a link."""
    target = log.with_name("precious")
    target.write_text("precious")
    log.with_name("web.log.gz.partial").symlink_to(target)
    done = compress_one(log, _go_on)
    assert done
    settle(log, done)
    assert "precious" == target.read_text()
    assert log.with_name("web.log.3.gz").exists()


def test_compressed_but_not_yet_removed(log: Path) -> None:
    """Of a plain and a compressed one of one number, the plain one counts."""
    log.with_name("web.log.3.gz").write_bytes(b"damaged")
    done = compress_one(log, _go_on)
    assert done
    settle(log, done)
    packed = log.with_name("web.log.3.gz").read_bytes()
    assert b"first" * 100_000 == gzip.decompress(packed)


def test_none_to_compress(tmp_path: Path) -> None:
    """A log without older ones has nothing to compress."""
    assert None is compress_one(tmp_path / "web.log", _go_on)
