"""Where the daemon's socket and files are when nobody said otherwise.

Daemon and client must agree on it without sharing a config, so the rules stand here.
"""

import pwd
from collections.abc import Mapping
from pathlib import Path

CONFIG_VARIABLE = "SELFHEALINGD_CONFIG"
CONFIG_NAME = "selfhealingd.toml"


def home(uid: int, environ: Mapping[str, str]) -> Path:
    """Return ``$HOME``, else the home of ``uid``, else ``/``."""
    if environ.get("HOME", "").startswith("/"):
        return Path(environ["HOME"])
    try:
        return Path(pwd.getpwuid(uid).pw_dir)
    except KeyError:
        return Path("/")


def xdg(name: str, uid: int, environ: Mapping[str, str], fallback: str) -> Path:
    """Return the folder that ``name`` names, else ``fallback`` under the home.

    A relative value is ignored, as the XDG specification demands.
    """
    value = environ.get(name, "")
    return Path(value) if value.startswith("/") else home(uid, environ) / fallback


def default_state_dir(uid: int, environ: Mapping[str, str]) -> Path:
    """Return the folder of what must survive a restart."""
    if uid == 0:
        return Path("/var/lib/selfhealingd")
    return xdg("XDG_STATE_HOME", uid, environ, ".local/state") / "selfhealingd"


def default_log_dir(uid: int, environ: Mapping[str, str]) -> Path:
    """Return the folder of what programs say."""
    if uid == 0:
        return Path("/var/log/selfhealingd")
    return default_state_dir(uid, environ) / "log"


def default_config_dir(uid: int, environ: Mapping[str, str]) -> Path:
    """Return the folder of the config and the flags."""
    if uid == 0:
        return Path("/etc/selfhealingd")
    return xdg("XDG_CONFIG_HOME", uid, environ, ".config") / "selfhealingd"


def find_config(given: Path | None, environ: Mapping[str, str], uid: int) -> Path:
    """Return the config file to read, whether it exists or not.

    ``given`` comes first, then ``$SELFHEALINGD_CONFIG``, then the default place; never
    the working directory.
    """
    if given is not None:
        return given
    named = environ.get(CONFIG_VARIABLE)
    return Path(named) if named else default_config_dir(uid, environ) / CONFIG_NAME


def default_runtime_dir(uid: int, environ: Mapping[str, str]) -> Path:
    """Return the folder of the socket and of what may vanish at a reboot."""
    if uid == 0:
        return Path("/run/selfhealingd")
    if environ.get("XDG_RUNTIME_DIR", "").startswith("/"):
        return Path(environ["XDG_RUNTIME_DIR"]) / "selfhealingd"
    return default_state_dir(uid, environ) / "run"


def default_socket(uid: int, environ: Mapping[str, str]) -> Path:
    """Return the control socket's path for a daemon of ``uid``."""
    return default_runtime_dir(uid, environ) / "control.sock"
