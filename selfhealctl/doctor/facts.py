"""What the client can see without asking the daemon."""

import msgspec

from selfhealingd.wire.checkup import CheckupDocument, PlaceDocument


class Unreached(msgspec.Struct, frozen=True):
    """Why nobody answers, in words, and what to do."""

    words: str
    hint: str | None = None


class Unit(msgspec.Struct, frozen=True):
    """The daemon's unit, as systemd knows it.

    ``load``, ``active`` and ``enabled`` are systemd's words. ``path``: its file.
    ``stale``: it changed on disk and was not loaded again. ``user``: of a user's own
    systemd. ``differs``: files of the package that are not as this version has them.
    ``instead``: the operator's own, which systemd takes and not those of the package.
    """

    load: str
    active: str
    enabled: str
    path: str = ""
    stale: bool = False
    user: bool = False
    differs: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


class Checked(msgspec.Struct, frozen=True):
    """What ``selfhealingd --check`` said: its exit status, and words."""

    status: int
    words: tuple[str, ...]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. ``unit`` None: there is no systemd here.

    ``now``: seconds of the wall clock. ``synchronized``: whether something keeps it
    right; None: nobody knows.
    ``daemon``: its own words, or why there are none. ``places`` and ``checked`` are
    looked at only where no daemon does it. ``config``: where the config is that says
    which they are, empty where nobody knows it; ``unplaced``: why it does not.
    """

    version: str
    now: float
    kernel: str
    pidfd: bool
    socket: str
    synchronized: bool | None
    unit: Unit | None
    daemon: CheckupDocument | Unreached
    places: tuple[PlaceDocument, ...] = ()
    checked: Checked | None = None
    config: str = ""
    unplaced: str = ""
