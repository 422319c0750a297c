"""Programs get the daemon's environment, but not what is the daemon's alone."""

import pytest

from selfhealingd.supervise.environment import program_environment


@pytest.mark.parametrize(
    "name",
    [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_API_KEY_2",
        "ANTHROPIC_AUTH_TOKEN",
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
        "LISTEN_FDS",
        "LISTEN_PID",
        "CREDENTIALS_DIRECTORY",
        "SELFHEALINGD_CGROUP",
    ],
)
def test_private_names(name: str) -> None:
    """Keys and systemd's channels are not inherited; set on purpose, they are kept."""
    assert {"HOME": "/h"} == program_environment({name: "x", "HOME": "/h"}, {}, {})
    assert {name: "mine"} == program_environment({name: "x"}, {name: "mine"}, {})


def test_order() -> None:
    """The program's environment overrules the daemon's, and marks overrule both."""
    inherited = {"A": "daemon", "B": "daemon", "C": "daemon"}
    wanted = {"B": "program", "C": "program"}
    expected = {"A": "daemon", "B": "program", "C": "mark"}
    assert expected == program_environment(inherited, wanted, {"C": "mark"})
