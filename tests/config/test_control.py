"""The daemon's places, and who may use its socket."""

import grp
from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]


def test_places_are_relative_to_the_config(load: Load, tmp_path: Path) -> None:
    """Relative folders start from the config's; absolute ones stay."""
    daemon = load(
        '[daemon]\nstate_dir = "s"\nlog_dir = "/l"\nflags_file = "${F}"',
        environ={"F": "f"},
    ).daemon
    assert (tmp_path / "s", Path("/l"), tmp_path / "f") == (
        daemon.state_dir,
        daemon.log_dir,
        daemon.flags_file,
    )


def test_socket_follows_the_runtime_folder(load: Load, tmp_path: Path) -> None:
    """A second daemon needs only its own folders, not also a socket's path."""
    moved = '[daemon]\nruntime_dir = "r"\n'
    assert tmp_path / "r/control.sock" == load(moved).control.socket
    named = moved + '[control]\nsocket = "s"'
    assert tmp_path / "s" == load(named).control.socket


def test_long_socket(wrong: Wrong) -> None:
    """A socket's path that the kernel would refuse is refused beforehand."""
    (line,) = wrong(f'[control]\nsocket = "/{"x" * 107}"')
    assert "has 108 bytes, and a socket's path at most 107" in line


def test_thresholds(wrong: Wrong) -> None:
    """Overload comes after caution."""
    (line,) = wrong("[daemon]\ntasks_caution = 11")
    assert "tasks_overload (11) is not above tasks_caution (11)" in line


def test_operators(load: Load) -> None:
    """Operators are users and groups, by name or number; the daemon knows their ids."""
    group = grp.getgrgid(0).gr_name
    control = load(
        f'[control]\noperators = ["root", "65534", "@{group}"]\ngroup = "{group}"'
    ).control
    assert frozenset({0, 65534}) == control.operator_uids
    assert frozenset({0}) == control.operator_gids
    assert 0 == control.group


def test_default_operators(load: Load) -> None:
    """By default root operates, and wheel only where there is such a group."""
    control = load("#").control
    assert frozenset({0}) == control.operator_uids
    wheel = {entry.gr_gid for entry in grp.getgrall() if entry.gr_name == "wheel"}
    assert wheel == control.operator_gids
    assert load("#", uid=1000).control.group is None
    assert 0o660 == control.mode


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('operators = ["no-such-user"]', '"no-such-user": there is no such user'),
        ('operators = ["@no-such-group"]', '"@no-such-group": there is no such group'),
        ('operators = ["4294967295"]', "there is no such user"),
        (f'operators = ["{"9" * 5000}"]', "there is no such user"),
        ('operators = ["@"]', "there is no such group"),
        ("operators = [1]", "expected a list of strings, got [1]"),
        ('group = "no-such-group"', '"no-such-group": there is no such group'),
        ('mode = "999"', "expected octal permission bits"),
        ("mode = 999", "expected octal permission bits"),
    ],
    ids=range(9),
)
def test_mistakes(wrong: Wrong, key: str, words: str) -> None:
    """Whoever is named must exist."""
    (line,) = wrong(f"[control]\n{key}")
    assert words in line
