"""A process is looked at as a whole, if it is still the one that is meant."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.core.exits import Exit
from selfhealingd.core.launch import Launch
from selfhealingd.observe.evidence import proc
from selfhealingd.observe.evidence.look import at_changes, at_core, at_process
from selfhealingd.observe.evidence.notes import Notes

pytestmark = pytest.mark.process

Begin = Callable[..., int]


def test_all_of_a_process(begin: Begin) -> None:
    """Status, limits, files and tree."""
    pid = begin("import time; print('up'); time.sleep(1000)")
    notes = Notes()
    at_process(pid, proc.started(pid), notes)
    assert {"process", "limits", "files", "tree"} <= notes.found.keys()
    assert set() == notes.missing.keys() - {"kernel_stack"}


def test_another_one_of_the_same_pid_is_not_looked_at(begin: Begin) -> None:
    """Numbers are used again: what is not ours is nobody's evidence."""
    pid = begin("import time; print('up'); time.sleep(1000)")
    notes = Notes()
    at_process(pid, 1, notes)
    assert {} == notes.found
    assert {"process": "it is gone"} == notes.missing


def test_the_hint_to_a_core_follows_the_programs_limit() -> None:
    """Its own limit, where it has one, else the daemon's."""
    notes = Notes()
    end = Exit(at=0.0, signal=signal.SIGSEGV)
    at_core(end, 7, Launch(argv=("x",), rlimits={"core": (0, 0)}), -1, notes)
    assert "core" in notes.found["core"]


def test_a_script_that_was_changed(tmp_path: Path) -> None:
    """Changed while it ran: so it is told."""
    script = tmp_path / "app.py"
    script.write_text("x")
    notes = Notes()
    at_changes(
        Launch(argv=("/nonexistent/python", "app.py"), directory=tmp_path),
        os.environ,
        notes,
        now=script.stat().st_ctime + 30,
        lasted=100.0,
        settings=None,
    )
    [words] = notes.found["changed"]
    assert f"{script} was changed 30 s before, while it ran" == words
