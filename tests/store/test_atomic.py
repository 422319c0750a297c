import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trio

import selfhealingd
from selfhealingd.store import atomic
from selfhealingd.store.errors import StoreError

ROOT = str(Path(selfhealingd.__file__).parents[1])
ENVIRON = {**os.environ, "PYTHONPATH": ROOT}
WRITER = """
import itertools, sys
from pathlib import Path
from selfhealingd.store import atomic
path = Path(sys.argv[1])
for n in itertools.count():
    atomic.write(path, (f"{n}\\n" * 2000).encode(), backup=path.with_name("backup"))
    if n == 3:
        print("under way", flush=True)
"""
FULL_DISK = """
import sys
from pathlib import Path
from selfhealingd.store import atomic
from selfhealingd.store.errors import StoreError
folder = Path(sys.argv[1])
path = folder / "state"
atomic.write(path, b"good" * 4096)
try:
    atomic.write(path, b"huge" * 65536, backup=folder / "backup")
except StoreError as error:
    print(error)
assert b"good" * 4096 == path.read_bytes()
print(sorted(p.name for p in folder.iterdir()))
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


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_before_is_kept_as_backup(tmp_path: Path) -> None:
    """Two writes leave the second as the file and the first as its backup."""
    path, backup = tmp_path / "state", tmp_path / "backup"

    atomic.write(path, b"one", backup=backup)
    assert ["state"] == names(tmp_path)
    atomic.write(path, b"two", backup=backup)
    atomic.write(path, b"three", backup=backup)

    assert (b"three", b"two") == (path.read_bytes(), backup.read_bytes())
    assert ["backup", "state"] == names(tmp_path)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_crash_between_backup_and_rename_is_no_obstacle(tmp_path: Path) -> None:
    """File and backup may be one file under two names; nothing else is left."""
    path, backup = tmp_path / "state", tmp_path / "backup"
    atomic.write(path, b"one")
    backup.hardlink_to(path)

    atomic.write(path, b"two", backup=backup)

    assert (b"two", b"one") == (path.read_bytes(), backup.read_bytes())
    assert ["backup", "state"] == names(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_without_hard_links_the_backup_is_a_copy() -> None:
    """Some file systems have none; here the kernel denies one to a foreign file."""
    if Path("/proc/sys/fs/protected_hardlinks").read_text() != "1\n":
        pytest.skip("this kernel denies nobody a hard link")
    with TemporaryDirectory() as name:
        path, backup = Path(name, "state"), Path(name, "backup")
        path.write_bytes(b"one")
        path.chmod(0o644)
        path.parent.chmod(0o777)
        os.seteuid(65534)
        try:
            atomic.write(path, b"two", backup=backup)
        finally:
            os.seteuid(0)

        assert (b"two", b"one") == (path.read_bytes(), backup.read_bytes())
        assert ["backup", "state"] == names(path.parent)


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    """When the file cannot grow, the old one stays and no temporary one does."""
    path, backup = tmp_path / "state", tmp_path / "backup"
    atomic.write(path, b"one", backup=backup)

    with (
        biggest_file(1000),
        pytest.raises(StoreError, match=rf"cannot write {path}: .* allowed size"),
    ):
        atomic.write(path, b"x" * 5000, backup=backup)

    assert b"one" == path.read_bytes()
    assert ["state"] == names(tmp_path)


def test_a_missing_folder_is_said_in_words(tmp_path: Path) -> None:
    """The error names the file and the reason."""
    with pytest.raises(StoreError, match="there is no such folder"):
        atomic.write(tmp_path / "missing" / "state", b"")


def test_what_dead_writers_left_is_removed(tmp_path: Path) -> None:
    """Temporary files go, everything else stays."""
    (tmp_path / f"{atomic.PREFIX}123-abc").write_bytes(b"half")
    (tmp_path / "state").write_bytes(b"")

    assert 1 == atomic.remove_stale(tmp_path)
    assert ["state"] == names(tmp_path)
    with pytest.raises(StoreError, match="cannot clean"):
        atomic.remove_stale(tmp_path / "missing")


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """It may be there already; a file in its place is an error."""
    folder = tmp_path / "a" / "b"

    atomic.make_folder(folder)
    atomic.make_folder(folder)

    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot make folder"):
        atomic.make_folder(tmp_path / "file")


@pytest.mark.process
@pytest.mark.parametrize("_round", range(5))
async def test_a_killed_writer_leaves_whole_files(tmp_path: Path, _round: int) -> None:
    """After kill -9 at any time, file and backup are whole and successive."""
    path, backup = tmp_path / "state", tmp_path / "backup"
    writer = partial(
        trio.run_process,
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        check=False,
        env=ENVIRON,
    )
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(writer)
            assert process.stdout is not None
            assert b"" != await process.stdout.receive_some()
            process.send_signal(signal.SIGKILL)

    atomic.remove_stale(tmp_path)
    assert ["backup", "state"] == names(tmp_path)
    (now,) = set(path.read_text().split())
    (before,) = set(backup.read_text().split())
    assert int(now) - int(before) in {0, 1}
    assert 2000 == path.read_text().count("\n") == backup.read_text().count("\n")


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
async def test_a_full_disk_costs_nothing_but_the_write(tmp_path: Path) -> None:
    """On a file system without space the old file stays, and the error says so."""
    mount = 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    with trio.fail_after(30):
        done = await trio.run_process(
            [
                *["unshare", "-m", "sh", "-c", mount, "sh"],
                *[str(tmp_path), sys.executable, FULL_DISK],
            ],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env=ENVIRON,
        )
    if b"unshare" in done.stderr or b"mount:" in done.stderr:
        pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")

    words = f"cannot write {tmp_path}/state: no space is left on its file system"
    assert words in done.stdout.decode()
    assert "['state']" == done.stdout.decode().splitlines()[-1]
