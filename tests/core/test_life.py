"""The names of the states, and what is true in each."""

import pytest

from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
    alive,
    label,
    pid_of,
)

STAY = Purpose.STAY


@pytest.mark.parametrize(
    ("life", "name", "lives", "pid"),
    [
        (Stopped(0), "STOPPED", False, None),
        (Starting(0), "STARTING", True, None),
        (Starting(0, 7), "STARTING", True, 7),
        (Running(0, 7), "RUNNING", True, 7),
        (Backoff(0, Why.TURN), "BACKOFF", False, None),
        (Stopping(0, STAY, 10), "STOPPING", True, None),
        (Stopping(0, STAY, 10, pid=7), "STOPPING", True, 7),
        (Stopping(0, STAY, 10, ended=True), "STOPPING", True, None),
        (Exited(0, Held.FINISHED), "EXITED", False, None),
        (Fatal(0), "FATAL", False, None),
    ],
)
def test_states(
    life: Life,
    name: str,
    lives: bool,  # noqa: FBT001
    pid: int | None,
) -> None:
    """Supervisord's names; which of them mean a process, and which one."""
    assert (name, lives, pid) == (label(life), alive(life), pid_of(life))
