"""What the daemon sees to by itself, again and again."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from selfhealingd.problems import Problems
from selfhealingd.store.lock import Held, hold
from selfhealingd.upkeep import check_state


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give a folder for a state."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def test_a_state_folder_that_was_deleted_is_made_again(state: Path) -> None:
    """And locked again, so that no other daemon takes it for free."""
    problems = Problems()
    with hold(state / "lock") as lock:
        check_state(lock, problems)
        shutil.rmtree(state)
        check_state(lock, problems)
        assert lock.in_place
        assert f"{os.getpid()}\n" == (state / "lock").read_text()
        with pytest.raises(Held):
            hold(state / "lock")
    assert () == problems.all()
    hold(state / "lock").release()


def test_a_state_that_another_has_taken_meanwhile_is_told(state: Path) -> None:
    """Until it is free again."""
    problems = Problems()
    with hold(state / "lock") as lock:
        (state / "lock").unlink()
        with (state / "lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            check_state(lock, problems)
            [problem] = problems.all()
            assert problem.critical
            assert "can't be made again" in problem.words
        check_state(lock, problems)
        assert lock.in_place
    assert () == problems.all()
