"""What leaves on stdout, and what is said when it can't."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from selfhealctl.errors import CannotError
from selfhealctl.output import write_bytes


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, without the system's numbers."""
    full = Path("/dev/full").open("w")  # noqa: SIM115 - it can't be closed in peace
    monkeypatch.setattr(sys, "stdout", full)
    words = "^cannot write to stdout: no space left on device$"
    with pytest.raises(CannotError, match=words):
        write_bytes(b"words")
    with suppress(OSError):
        full.close()
