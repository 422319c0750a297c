"""The files that a command consists of are found with the time of their change."""

import os
from pathlib import Path

import pytest

from selfhealingd.clock import utc_now
from selfhealingd.observe.evidence.binaries import MOST, changed_at


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with a script and a config."""
    for name in ("app.py", "app.conf", "tool"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_command_script_and_config(app: Path) -> None:
    """The command by PATH, what of its words is a file, also behind ``--config=``."""
    found = changed_at(
        ["tool", "app.py", "--config=app.conf", "--verbose", "-x", "nothing", "."],
        directory=app,
        search=str(app),
    )
    assert {str(app / "tool"), str(app / "app.py"), str(app / "app.conf")} == set(found)
    now = utc_now().timestamp()
    assert all(now - 60 < at <= now + 1 for at in found.values())


def test_an_old_time_does_not_hide_a_new_file(app: Path) -> None:
    """A package's files keep the time of their build; when they came is what counts."""
    os.utime(app / "tool", (1.0, 1.0))
    [at] = changed_at([str(app / "tool")], directory=None, search=None).values()
    assert at > utc_now().timestamp() - 60


def test_words_that_are_no_files_are_no_trouble(app: Path) -> None:
    """Whatever is in a command: nothing is raised, and not too much is looked at."""
    odd = ["", "a\0b", "x" * 5000, "/root/none", "=", "--="]
    assert {} == changed_at(["/none", *odd], directory=app, search="")
    assert {} == changed_at([], directory=None, search=None)
    many = [str(app / f"f{n}") for n in range(20)]
    for name in many:
        Path(name).touch()
    assert MOST == len(changed_at(["none", *many], directory=app, search=""))
