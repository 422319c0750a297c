import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from selfhealingd.store.codec import BadState, Document
from selfhealingd.store.errors import NewerState, StoreError
from selfhealingd.store.statefile import KEPT_DAMAGED, StateFile

OLD = Document({"n": 1}, {"web": {"run": 1}})
NEW = Document({"n": 2}, {"web": {"run": 2}})


@pytest.fixture
def state() -> Iterator[StateFile]:
    """A state file that was written twice, where an ordinary user can see it."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield written_twice(Path(folder))


def written_twice(folder: Path) -> StateFile:
    file = StateFile(folder / "state.toml")
    file.write(OLD)
    file.write(NEW)
    return file


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Be somebody without root's privileges, if we are root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def damaged(state: StateFile) -> list[Path]:
    return sorted(state.path.parent.glob("state.toml.damaged-*"))


def words(state: StateFile) -> str:
    return " ".join(note.words for note in state.load().notes)


def test_a_fresh_start_has_no_state_and_nothing_to_say(tmp_path: Path) -> None:
    """No file, no folder: no document and no note."""
    loaded = StateFile(tmp_path / "none" / "state.toml").load()

    assert (None, ()) == (loaded.document, loaded.notes)


def test_the_last_write_is_what_is_loaded(state: StateFile) -> None:
    """And the one before is the backup."""
    loaded = state.load()

    assert (NEW, ()) == (loaded.document, loaded.notes)
    assert b"n = 1" in state.backup.read_bytes()


def test_every_truncation_is_noticed_and_survived(state: StateFile) -> None:
    """Cut at any byte, the file is set aside, the backup used, and both are said."""
    whole = state.path.read_bytes()
    for length in range(len(whole) - 1):
        state.path.write_bytes(whole[:length])

        loaded = state.load()

        assert OLD == loaded.document
        set_aside, used = loaded.notes
        assert f"{state.path} is damaged" in set_aside.words
        assert f"The backup {state.backup} is used" in used.words
        assert KEPT_DAMAGED >= len(damaged(state))


def test_a_damaged_file_is_kept_as_it_was(state: StateFile) -> None:
    """Set aside under a name that tells when, and named in the note."""
    state.path.write_bytes(b"version = 1\ngarb\0ge")

    said = words(state)

    (aside,) = damaged(state)
    assert b"version = 1\ngarb\0ge" == aside.read_bytes()
    assert str(aside) in said
    assert str(state.backup) in said
    assert "no valid TOML" in said


def test_the_newest_damaged_files_are_kept(state: StateFile) -> None:
    """None is overwritten; of more than five the oldest goes."""
    for number in range(KEPT_DAMAGED + 2):
        state.path.write_bytes(b"damage %d" % number)
        state.load()

    kept = [path.read_bytes() for path in damaged(state)]
    assert [b"damage %d" % n for n in range(2, KEPT_DAMAGED + 2)] == kept


def test_both_damaged_is_an_empty_start_that_says_so(state: StateFile) -> None:
    """Both are kept, and it is said at every start until there is a new state."""
    state.path.write_bytes(b"")
    state.backup.write_bytes(b"")

    loaded = state.load()

    assert loaded.document is None
    assert 3 == len(loaded.notes)
    assert "Nothing is known of before" in loaded.notes[-1].words
    assert 1 == len(list(state.path.parent.glob("state.toml.backup.damaged-*")))
    assert "Nothing is known of before" in words(state)
    state.write(NEW)
    assert (NEW, ()) == (state.load().document, state.load().notes)


def test_a_missing_file_with_a_backup_is_no_fresh_start(state: StateFile) -> None:
    """A crash after setting a damaged file aside must not wake a dormant engine."""
    state.path.unlink()

    loaded = state.load()

    assert OLD == loaded.document
    assert f"{state.path} is missing." == loaded.notes[0].words


def test_values_that_make_no_sense_count_as_damage(state: StateFile) -> None:
    """Who knows what the values mean may refuse a document."""

    def check(document: Document) -> None:
        if document == NEW:
            raise BadState("engine: Expected `int`, got `str`")

    loaded = state.load(check)

    assert OLD == loaded.document
    assert "Expected `int`" in loaded.notes[0].words


def test_a_file_that_may_not_be_read_is_never_started_over(state: StateFile) -> None:
    """That is an error, since the next write would replace it."""
    state.path.chmod(0)

    with ordinary_user(), pytest.raises(StoreError, match="has no permission"):
        state.load()

    assert [] == damaged(state)


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    """Nothing that is there and cannot be read is taken for a fresh start."""
    (tmp_path / "state.toml").mkdir()

    with pytest.raises(StoreError, match="is a directory"):
        StateFile(tmp_path / "state.toml").load()


@pytest.mark.parametrize("which", ["path", "backup"])
def test_a_newer_state_is_left_alone(state: StateFile, which: str) -> None:
    """Even as a backup it is not passed over."""
    path = state.path if which == "path" else state.backup
    state.path.write_bytes(b"damaged")
    path.write_bytes(b"version = 2\n# end\n")

    with pytest.raises(NewerState, match=r"cannot use .* start the newer daemon"):
        state.load()

    assert b"version = 2\n# end\n" == path.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_damage_that_cannot_be_set_aside_is_said(state: StateFile) -> None:
    """The backup is used all the same."""
    state.path.write_bytes(b"damaged")
    for path in (state.path, state.backup):
        path.chmod(0o644)

    with ordinary_user():
        loaded = state.load()

    assert OLD == loaded.document
    assert "could not be set aside" in loaded.notes[0].words
