"""The longest path that a socket may have."""

import socket
from pathlib import Path

import pytest

from selfhealingd.config.mistakes import Mistake, Spot
from selfhealingd.config.socketpath import LONGEST, check_socket_path


def test_the_limit_is_the_kernels() -> None:
    """One byte more, and no socket can be bound there."""
    path = "/nonexistent/" + "x" * (LONGEST - len("/nonexistent/"))
    with socket.socket(socket.AF_UNIX) as made:
        with pytest.raises(FileNotFoundError):
            made.bind(path)
        with pytest.raises(OSError, match="too long"):
            made.bind(path + "x")


@pytest.mark.parametrize(("length", "mistakes"), [(LONGEST, 0), (LONGEST + 1, 1)])
def test_what_is_noted(length: int, mistakes: int) -> None:
    """Only what is longer."""
    noted: list[Mistake] = []
    spot = Spot(Path("/c.toml"), {}, noted)
    check_socket_path(Path("/" + "x" * (length - 1)), spot, "move it")
    assert mistakes == len(noted)
