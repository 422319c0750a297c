"""Where the daemon's socket is when nobody said otherwise.

Daemon and client must agree on it without sharing a config, so the rule stands here.
"""

import pwd
from collections.abc import Mapping
from pathlib import Path


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
