"""Programs get the daemon's environment, but not what is the daemon's alone."""

import pytest

from selfhealingd.supervise.environment import one_line, program_environment


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


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("crashed: status 1", "crashed: status 1"),
        ("a\nBcc: all@example.com", "a Bcc: all@example.com"),
        ("a\0b\x1b[2J\u2028c é", "a b [2J c é"),
    ],
)
def test_words_of_others_are_one_line(words: str, line: str) -> None:
    """No new line, no NUL, and nothing that steers a terminal."""
    assert line == one_line(words)
