"""Default places, for root and for an ordinary user. Touches no file."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from selfhealingd.wire.places import (
    CONFIG_NAME,
    default_config_dir,
    default_log_dir,
    default_runtime_dir,
    default_socket,
    default_state_dir,
)


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
    settings = default_config_dir(uid, environ)
    return Places(
        config=settings / CONFIG_NAME,
        state_dir=default_state_dir(uid, environ),
        runtime_dir=default_runtime_dir(uid, environ),
        log_dir=default_log_dir(uid, environ),
        flags_file=settings / "flags.env",
        socket=default_socket(uid, environ),
    )
