"""The benchmark of sampling as it is run, with few programs and only our own daemon."""

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLING = Path(__file__).with_name("sampling.py")
SMALL = ("--alone", "--programs", "3", "--secs", "1")


@pytest.mark.process
def test_it_prints_what_sampling_takes() -> None:
    """A share of a core, and the difference that the flag makes."""
    command = [sys.executable, str(SAMPLING), *SMALL]
    said = subprocess.check_output(command, text=True, timeout=90)
    assert "3 programs, looked at every 5 s; % of one core" in said
    figures = [line.split()[:2] for line in said.splitlines()[1:3]]
    assert ["selfhealingd", "sampling"] == [name for name, _ in figures]
    assert float(figures[0][1]) >= 0
    assert "sampling under 3 %" in said


@pytest.mark.process
def test_wrong_usage_is_told() -> None:
    """With the status of wrong usage, and before anything is started."""
    command = [sys.executable, str(SAMPLING), "--programs", "0"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: TID251 - it is over at once
    assert 2 == ran.returncode
    assert "at least one program" in ran.stderr
