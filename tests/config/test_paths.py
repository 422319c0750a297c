"""Default places, and which config file is meant."""

from pathlib import Path

import pytest

from selfhealingd.config.paths import defaults
from selfhealingd.wire.places import default_socket, find_config

USER = {"HOME": "/home/ann"}
XDG = {
    "HOME": "/home/ann",
    "XDG_CONFIG_HOME": "/c",
    "XDG_STATE_HOME": "/s",
    "XDG_RUNTIME_DIR": "/run/user/7",
}


def test_root() -> None:
    """Root's places are the system's, whatever the environment says."""
    places = defaults(0, XDG)
    assert Path("/etc/selfhealingd/selfhealingd.toml") == places.config
    assert Path("/etc/selfhealingd/flags.env") == places.flags_file
    assert Path("/var/lib/selfhealingd") == places.state_dir
    assert Path("/run/selfhealingd") == places.runtime_dir
    assert Path("/var/log/selfhealingd") == places.log_dir
    assert Path("/run/selfhealingd/control.sock") == places.socket


def test_user_with_xdg() -> None:
    """A user's places follow the XDG variables."""
    places = defaults(7, XDG)
    assert Path("/c/selfhealingd/selfhealingd.toml") == places.config
    assert Path("/c/selfhealingd/flags.env") == places.flags_file
    assert Path("/s/selfhealingd") == places.state_dir
    assert Path("/s/selfhealingd/log") == places.log_dir
    assert Path("/run/user/7/selfhealingd") == places.runtime_dir


@pytest.mark.parametrize("extra", [{}, {"XDG_STATE_HOME": "x", "XDG_RUNTIME_DIR": ""}])
def test_user_without_xdg(extra: dict[str, str]) -> None:
    """Without (absolute) XDG variables everything is below the home."""
    places = defaults(7, USER | extra)
    state = Path("/home/ann/.local/state/selfhealingd")
    assert Path("/home/ann/.config/selfhealingd/selfhealingd.toml") == places.config
    assert state == places.state_dir
    assert state / "run" == places.runtime_dir
    assert state / "run/control.sock" == places.socket


def test_user_without_home() -> None:
    """Without $HOME the account's home counts, and / where there is no account."""
    assert default_socket(4_000_000_000, {}).is_relative_to("/.local")


@pytest.mark.parametrize("environ", [USER, XDG, {}])
@pytest.mark.parametrize("uid", [0, 7])
def test_client_agrees(uid: int, environ: dict[str, str]) -> None:
    """The client's default socket is the daemon's."""
    assert defaults(uid, environ).socket == default_socket(uid, environ)


def test_find_config() -> None:
    """What is given wins over the environment, and that over the default."""
    named = {"SELFHEALINGD_CONFIG": "/named.toml", **USER}
    assert Path("given.toml") == find_config(Path("given.toml"), named, 0)
    assert Path("/named.toml") == find_config(None, named, 0)
    assert defaults(7, USER).config == find_config(None, USER, 7)
    emptied = {"SELFHEALINGD_CONFIG": "", **USER}
    assert defaults(7, USER).config == find_config(None, emptied, 7)
