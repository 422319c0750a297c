"""How a daemon calls itself again; the rest is shown by ``daemon/test_upgrade.py``."""

import sys

import pytest

from selfhealingd.succession import _command


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        (("-m", "selfhealingd"), ("-m", "selfhealingd")),
        (
            ("/bin/selfhealingd", "--config", "c"),
            ("/bin/selfhealingd", "--config", "c"),
        ),
        (("-m", "x", "--resume", "why", "--config", "c"), ("-m", "x", "--config", "c")),
        (("-m", "x", "--resume=why"), ("-m", "x")),
        (("-m", "x", "--resume"), ("-m", "x")),
    ],
)
def test_it_leaves_out_what_was_for_one_start(
    typed: tuple[str, ...], again: tuple[str, ...]
) -> None:
    """A person's word to leave dormant mode does not count twice."""
    assert [sys.executable, *again] == _command(["python3", *typed])
