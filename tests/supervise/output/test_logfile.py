"""A log gets every byte once, and is turned over between two lines."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfhealingd.core.output import LogTo
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.logfile import LogFile, clear_log
from selfhealingd.supervise.output.peek import Peeker
from selfhealingd.supervise.output.rotation import older

Whole = Callable[[Path], bytes]


class Clock:
    """A wall clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def peeker() -> Iterator[Peeker]:
    """Give what a mover would have."""
    peeker = Peeker()
    yield peeker
    peeker.close()


@pytest.fixture
def make(tmp_path: Path, peeker: Peeker) -> Iterator[Callable[..., LogFile]]:
    """Make a sink of the log ``tmp_path / "logs" / "web.log"``."""
    made: list[LogFile] = []

    def make(wall: Clock | None = None, **target: object) -> LogFile:
        path = target.pop("path", tmp_path / "logs" / "web.log")
        to = LogTo(path=path, **target)  # type: ignore[arg-type]
        made.append(LogFile(to, peeker, wall=wall or Clock()))
        return made[-1]

    yield make
    for log in made:
        log.close()


def _put(fifo: Fifo, log: LogFile, data: bytes) -> None:
    os.write(fifo.fd, data)
    _move(fifo, log)


def _move(fifo: Fifo, log: LogFile) -> None:
    while fifo.pending():
        assert log.move(fifo)


def _texts(path: Path) -> list[bytes]:
    """Return the contents of a log's files, the newest first."""
    newest = [path.read_bytes()] if path.exists() else []
    return newest + [path.with_name(n[0]).read_bytes() for _, n in older(path)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.binary(max_size=40).map(lambda b: b.replace(b"\n", b".")), max_size=20
    ),
    cuts=st.lists(st.integers(1, 60)),
    most=st.integers(1, 100),
)
def test_no_byte_is_lost_and_no_line_torn(
    fifo: Fifo,
    make: Callable[..., LogFile],
    whole: Whole,
    lines: list[bytes],
    cuts: list[int],
    most: int,
) -> None:
    """However it is written and wherever the limit falls, files end between lines."""
    log = make(max_bytes=most, backups=1000)
    clear_log(log.target.path)
    data = b"".join(line + b"\n" for line in lines)
    rest = data
    for cut in cuts:
        _put(fifo, log, rest[:cut])
        rest = rest[cut:]
    _put(fifo, log, rest)
    assert data == whole(log.target.path)
    for text in _texts(log.target.path):
        assert text.endswith(b"\n") or not text
        # The last one had begun, or is alone too long.
        assert len(text) <= most or text[:-1].rfind(b"\n") + 1 < most
    log.close()


def test_a_large_log_is_cut_at_the_last_line_that_fits(
    fifo: Fifo, make: Callable[..., LogFile], whole: Whole
) -> None:
    """Files are as full as whole lines allow, also when much comes at once."""
    fifo.grow()
    fifo.grow()
    line = b"x" * 99 + b"\n"
    log = make(max_bytes=300_050, backups=9)
    for _ in range(20):
        _put(fifo, log, line * 600)
    assert line * 12_000 == whole(log.target.path)
    assert {300_000} == {len(text) for text in _texts(log.target.path)}


def test_without_line_ends_it_is_cut_all_the_same(
    fifo: Fifo, make: Callable[..., LogFile], whole: Whole
) -> None:
    """Binary output does not fill the disk: 1 MiB beyond the limit it is cut."""
    log = make(max_bytes=1000, backups=9)
    for _ in range(100):
        _put(fifo, log, b"y" * 50_000)
    assert b"y" * 5_000_000 == whole(log.target.path)
    assert all(len(text) < 1_300_000 for text in _texts(log.target.path))


def test_no_backups(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """With none to keep, a full log is begun anew."""
    log = make(max_bytes=10, backups=0)
    for number in range(10):
        _put(fifo, log, b"line %d\n" % number)
    assert [b"line 9\n"] == _texts(log.target.path) or [] == _texts(log.target.path)


def test_it_is_made_when_there_is_something(
    fifo: Fifo, make: Callable[..., LogFile]
) -> None:
    """A silent program has no log; folders are made; others may not read it."""
    log = make()
    assert not log.target.path.parent.exists()
    _put(fifo, log, b"hello\n")
    assert b"hello\n" == log.target.path.read_bytes()
    assert not stat.S_IMODE(log.target.path.stat().st_mode) & 0o027


def test_what_is_there_stays(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """A log is continued, and counts its size from the file."""
    path = make().target.path
    path.parent.mkdir()
    path.write_bytes(b"before\n")
    log = make(max_bytes=10)
    _put(fifo, log, b"after\n")
    assert [b"after\n", b"before\n"] == _texts(path)


def test_deleted_under_us(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """A log that somebody deletes is made again, and gets what comes then."""
    log = make()
    _put(fifo, log, b"one\n")
    log.target.path.unlink()
    _put(fifo, log, b"two\n")
    assert b"two\n" == log.target.path.read_bytes()


def test_truncated_under_us(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """After logrotate's copytruncate the log goes on at its end, without a hole."""
    log = make()
    _put(fifo, log, b"one\n" * 1000)
    os.truncate(log.target.path, 0)
    _put(fifo, log, b"two\n")
    assert b"two\n" == log.target.path.read_bytes()


def test_somebody_appends(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """What an operator adds with ``>>`` is not written over."""
    log = make()
    _put(fifo, log, b"one\n")
    with log.target.path.open("ab") as file:
        file.write(b"mark\n")
    _put(fifo, log, b"two\n")
    assert b"one\nmark\ntwo\n" == log.target.path.read_bytes()


def test_renamed_by_logrotate(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """Until it is told, the renamed one gets all; then the new one does."""
    log = make()
    path = log.target.path
    old = path.with_name("web.log-2026")
    _put(fifo, log, b"one\n")
    path.rename(old)
    _put(fifo, log, b"two\n")
    log.reopen()
    assert b"" == path.read_bytes()
    _put(fifo, log, b"three\n")
    assert (b"one\ntwo\n", b"three\n") == (old.read_bytes(), path.read_bytes())


def test_reopened_within_a_line(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """The line that has begun ends in the old file."""
    log = make()
    path = log.target.path
    old = path.with_name("old")
    _put(fifo, log, b"one, tw")
    path.rename(old)
    log.reopen()
    _put(fifo, log, b"o\nthree\n")
    assert (b"one, two\n", b"three\n") == (old.read_bytes(), path.read_bytes())


def test_reopened_within_a_line_that_never_ends(
    fifo: Fifo, make: Callable[..., LogFile]
) -> None:
    """When its time is over, the old file is left even within a line."""
    log = make()
    path = log.target.path
    old = path.with_name("old")
    _put(fifo, log, b"one")
    path.rename(old)
    log.reopen()
    log.tick()
    _put(fifo, log, b"two")
    assert (b"one", b"two") == (old.read_bytes(), path.read_bytes())


def test_by_age(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """The first line of a new period begins a new file."""
    clock = Clock()
    log = make(wall=clock, max_age=1000)
    for clock.now in (10_000, 10_999, 11_000, 11_001):
        _put(fifo, log, b"%d\n" % clock.now)
    assert [b"11000\n11001\n", b"10000\n10999\n"] == _texts(log.target.path)


def test_by_age_without_output(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """A silent program's log is rotated when its time is over, an empty one never."""
    clock = Clock()
    log = make(wall=clock, max_age=1000)
    _put(fifo, log, b"one\n")
    assert log.due < float("inf")
    for clock.now in (1_000.5, 2_000.5):
        log.tick()
    assert [b"one\n"] == _texts(log.target.path)
    assert log.target.path.with_name("web.log.1").exists()


def test_by_age_over_a_restart(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """A new daemon knows by the file's own time that its period is over."""
    clock = Clock()
    clock.now = 10_000
    path = make().target.path
    path.parent.mkdir()
    path.write_bytes(b"old\n")
    os.utime(path, (9_000, 9_000))
    log = make(wall=clock, max_age=1000)
    _put(fifo, log, b"new\n")
    assert [b"new\n", b"old\n"] == _texts(path)


def test_by_age_within_a_line(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """A line that began in the old period ends in the old file."""
    clock = Clock()
    log = make(wall=clock, max_age=1000)
    _put(fifo, log, b"ol")
    clock.now = 1000
    log.tick()
    _put(fifo, log, b"d\nnew\n")
    assert [b"new\n", b"old\n"] == _texts(log.target.path)


def test_a_link_is_not_followed(
    fifo: Fifo, make: Callable[..., LogFile], tmp_path: Path
) -> None:
    """A program's user can't make the daemon write elsewhere."""
    (tmp_path / "passwd").write_text("root\n")
    (tmp_path / "web.log").symlink_to(tmp_path / "passwd")
    log = make(path=tmp_path / "web.log")
    with pytest.raises(OutputError, match="it is a symbolic link; name the file that"):
        _put(fifo, log, b"evil\n")
    with pytest.raises(OSError, match="symbolic"):
        clear_log(tmp_path / "web.log")
    assert "root\n" == (tmp_path / "passwd").read_text()
    assert 5 == fifo.pending()


def test_a_fifo_is_no_log(
    fifo: Fifo, make: Callable[..., LogFile], tmp_path: Path
) -> None:
    """What nobody reads must not hold us."""
    os.mkfifo(tmp_path / "web.log")
    log = make(path=tmp_path / "web.log")
    with pytest.raises(OutputError, match="not a regular file"):
        _put(fifo, log, b"one\n")


def test_an_unwritable_place(
    fifo: Fifo, make: Callable[..., LogFile], tmp_path: Path
) -> None:
    """The words name the log; when the place is made, it goes on."""
    (tmp_path / "logs").write_text("not a folder")
    log = make()
    with pytest.raises(OutputError, match=r"cannot .* log '.*/web.log': "):
        _put(fifo, log, b"one\n")
    (tmp_path / "logs").unlink()
    _move(fifo, log)
    assert b"one\n" == log.target.path.read_bytes()


def test_a_rotation_that_fails(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """A log that can't be rotated grows, and says so; no program waits for it."""
    log = make(max_bytes=10, backups=1)
    path = log.target.path
    path.parent.mkdir()
    blocked = path.with_name("web.log.1")
    blocked.mkdir()
    (blocked / "full").touch()
    for _ in range(3):
        _put(fifo, log, b"a line\n")
    assert b"a line\n" * 3 == path.read_bytes()
    assert "cannot rotate log" in log.complaint
    assert "until then it grows" in log.complaint


def test_cleared(fifo: Fifo, make: Callable[..., LogFile]) -> None:
    """Cleared, it is empty, has no older ones, and goes on."""
    log = make(max_bytes=10)
    for _ in range(3):
        _put(fifo, log, b"a line\n")
    log.clear()
    assert b"" == b"".join(_texts(log.target.path))
    _put(fifo, log, b"anew\n")
    assert [b"anew\n"] == _texts(log.target.path)
