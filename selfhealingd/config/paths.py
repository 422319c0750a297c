"""Default places, for root and for an ordinary user. Touches no file."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from selfhealingd.wire.places import (
    default_runtime_dir,
    default_socket,
    default_state_dir,
    xdg,
)

CONFIG_VARIABLE = "SELFHEALINGD_CONFIG"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is, as long as the config does not say otherwise."""

    config: Path
    state_dir: Path
    runtime_dir: Path
    log_dir: Path
    flags_file: Path
    socket: Path


def defaults(uid: int, environ: Mapping[str, str]) -> Places:
    """Return the default places of a daemon that runs as ``uid``."""
    state = default_state_dir(uid, environ)
    if uid == 0:
        settings, logs = Path("/etc/selfhealingd"), Path("/var/log/selfhealingd")
    else:
        settings = xdg("XDG_CONFIG_HOME", uid, environ, ".config") / "selfhealingd"
        logs = state / "log"
    return Places(
        config=settings / "selfhealingd.toml",
        state_dir=state,
        runtime_dir=default_runtime_dir(uid, environ),
        log_dir=logs,
        flags_file=settings / "flags.env",
        socket=default_socket(uid, environ),
    )


def find_config(given: Path | None, environ: Mapping[str, str], uid: int) -> Path:
    """Return the config file to read, whether it exists or not.

    ``given`` comes first, then ``$SELFHEALINGD_CONFIG``, then the default place; never
    the working directory.
    """
    if given is not None:
        return given
    named = environ.get(CONFIG_VARIABLE)
    return Path(named) if named else defaults(uid, environ).config
