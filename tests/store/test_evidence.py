"""Evidence is kept whole, for its owner alone, and never too much of it."""

import os
import stat
import sys
from pathlib import Path

import pytest
import trio

from selfhealingd.clock import utc_now
from selfhealingd.store.errors import StoreError
from selfhealingd.store.evidence import Bounds, EvidenceStore

DAY = 86400.0


def names(store: EvidenceStore) -> set[str]:
    return {path.name for path in store.folder.iterdir()}


def age(store: EvidenceStore, incident: str, seconds: float) -> None:
    """Let a file look so old."""
    then = utc_now().timestamp() - seconds
    os.utime(store.folder / f"{incident}.json", (then, then))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """One file an incident, replaced as a whole; nobody else may read it."""
    store = EvidenceStore(tmp_path / "evidence")
    assert store.read("web-1") is None
    store.write("web-1", b"{}")
    store.write("web-1", b'{"a":1}')
    assert b'{"a":1}' == store.read("web-1")
    assert {"web-1.json"} == names(store)
    file = store.folder / "web-1.json"
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert 0o700 == stat.S_IMODE(store.folder.stat().st_mode)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../state", "/etc/passwd", "a/b", "a\0b", ".x", "x" * 200]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """What a client asks for is an incident or nothing."""
    (tmp_path / "state.json").write_bytes(b"secret")
    store = EvidenceStore(tmp_path / "evidence")
    assert store.read(name) is None
    with pytest.raises(ValueError, match="not an incident"):
        store.write(name, b"{}")


def test_what_is_no_file_is_told_at_once(tmp_path: Path) -> None:
    """A FIFO that nobody writes to would hold up whoever reads it."""
    store = EvidenceStore(tmp_path)
    os.mkfifo(tmp_path / "web-1.json")
    with pytest.raises(StoreError, match=r"web-1\.json: it is not a file"):
        store.read("web-1")
    (tmp_path / "web-2.json").mkdir()
    with pytest.raises(StoreError, match=r"web-2\.json"):
        store.read("web-2")


@pytest.mark.parametrize(
    "bounds",
    [Bounds(files=3), Bounds(size=35), Bounds(age=10 * DAY)],
    ids=["number", "bytes", "age"],
)
def test_the_oldest_go(tmp_path: Path, bounds: Bounds) -> None:
    """Each bound by itself: the newest stay, and what is new is always taken."""
    store = EvidenceStore(tmp_path)
    for n in range(6):
        store.write(f"web-{n}", b"x" * 10)
        age(store, f"web-{n}", (20 - 4 * n) * DAY)  # 20, 16, 12, 8, 4, 0 days
    bounded = EvidenceStore(tmp_path, bounds)
    bounded.write("web-9", b"x" * 10)
    kept = {"web-4.json", "web-5.json", "web-9.json"}
    if bounds.age < 30 * DAY:
        kept.add("web-3.json")
    assert kept == names(bounded)


def test_one_larger_than_all_may_be_is_kept_alone(tmp_path: Path) -> None:
    """The latest incident is worth more than all before it."""
    store = EvidenceStore(tmp_path, Bounds(size=35))
    store.write("web-1", b"x" * 10)
    store.write("web-2", b"x" * 100)
    assert {"web-2.json"} == names(store)


def test_what_a_dead_writer_left_is_removed(tmp_path: Path) -> None:
    """Half-written files of a daemon that was killed do not add up."""
    store = EvidenceStore(tmp_path)
    store.write("web-1", b"{}")
    (tmp_path / ".selfhealingd-tmp-1-2").write_bytes(b"half")
    (tmp_path / "notes.txt").write_bytes(b"the operator's own")
    EvidenceStore(tmp_path).write("web-2", b"{}")
    assert {"web-1.json", "web-2.json", "notes.txt"} == names(store)


_FULL = """
import sys
from pathlib import Path
from selfhealingd.store.errors import StoreError
from selfhealingd.store.evidence import EvidenceStore
store = EvidenceStore(Path(sys.argv[1]))
kept = 0
try:
    for n in range(100):
        store.write(f"web-{n}", b"x" * 5000)
        kept += 1
except StoreError as error:
    assert "no space is left" in str(error), error
else:
    raise SystemExit("it never got full")
whole = [p for p in Path(sys.argv[1]).iterdir() if p.stat().st_size == 5000]
assert kept == len(whole) == len(list(Path(sys.argv[1]).iterdir())), kept
(whole[0]).unlink(); (whole[1]).unlink()
store.write("web-last", b"y" * 5000)
print("well")
"""


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
async def test_a_full_disk_leaves_whole_files(tmp_path: Path) -> None:
    """It is an error in words, no half file stays, and with room it goes on."""
    mount = 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-m", "sh", "-c", mount, "sh", str(tmp_path)]
    with trio.fail_after(30):
        done = await trio.run_process(
            [*command, sys.executable, _FULL],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
    if b"unshare" in done.stderr or b"mount:" in done.stderr:
        pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
    assert (b"well\n", b"") == (done.stdout, done.stderr)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """What is in the way is named."""
    (tmp_path / "evidence").write_bytes(b"")
    store = EvidenceStore(tmp_path / "evidence")
    with pytest.raises(StoreError, match="evidence"):
        store.write("web-1", b"{}")
