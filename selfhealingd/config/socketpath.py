"""How long the path of a Unix socket may be."""

import os
from pathlib import Path

from selfhealingd.config.mistakes import Spot

LONGEST = 107
"""Bytes: ``sun_path`` of unix(7) has 108, the last of which is a NUL."""


def check_socket_path(path: Path, spot: Spot, suggestion: str = "") -> None:
    """Note a path that is too long for a socket."""
    length = len(os.fsencode(path))
    if length > LONGEST:
        spot.wrong(
            f"{path} has {length} bytes, and a socket's path at most {LONGEST}",
            suggestion,
        )
