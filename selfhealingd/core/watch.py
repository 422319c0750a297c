"""What a watch is: how its process is found, and by which commands it is moved.

Plain data, opaque to the decisions; beside ``launch``, which has what is run.
"""

from pathlib import Path
from typing import TypeAlias

import msgspec

from selfhealingd.core.launch import Launch


class Pidfile(msgspec.Struct, frozen=True, tag="pidfile"):
    """The process whose number stands in a file."""

    path: Path


class Unit(msgspec.Struct, frozen=True, tag="systemd"):
    """The main process of a service unit of systemd's, named with its suffix."""

    name: str


class Match(msgspec.Struct, frozen=True, tag="match"):
    """The oldest process in whose command line a regular expression is found."""

    pattern: str


Sought: TypeAlias = Pidfile | Unit | Match


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """One watch; None for a command that the operator didn't name.

    ``startsecs``: how long it may be missing when the daemon begins to look.
    ``startwaitsecs``: how long a start may take until its process is there.
    ``stopwaitsecs``: how long a command that ends it may take.
    """

    sought: Sought
    start: Launch | None = None
    stop: Launch | None = None
    restart: Launch | None = None
    startsecs: float = 1.0
    startwaitsecs: float = 30.0
    stopwaitsecs: float = 30.0
