"""What the daemon knows of the ground that it stands on: facts, and no judgement."""

from selfhealingd.wire.documents import Document


class PlaceDocument(Document, frozen=True):
    """A folder or file that is needed, as who looks sees it.

    ``problem``: why it can't be used, None if it can. ``exposed``: anyone may write
    it. ``device``: its file system, and there in bytes and inodes ``free`` (for those
    who are not root) and ``total``; 0 in all where there is no such number.
    """

    what: str
    path: str
    problem: str | None = None
    exposed: bool = False
    device: int = 0
    free: int = 0
    total: int = 0
    free_inodes: int = 0
    total_inodes: int = 0


class LimitDocument(Document, frozen=True):
    """So many of something there are, and may be; ``most`` None: as many as you like.

    ``needed``: how many it takes when all runs. ``raise_by``: how to allow more.
    """

    what: str
    used: int
    most: int | None
    raise_by: str
    needed: int = 0


class DriftDocument(Document, frozen=True):
    """What the files say, and what is in force.

    ``mistakes``: why the config can't be used; ``warnings``: what in it may deceive.
    ``pending``: what an update would change. ``flags``: those that differ, as
    ``KEY=value``, and ``flags_error`` why the flag file can't be used.
    """

    config: str
    flags_file: str
    mistakes: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    flags_error: str | None = None
    warnings: tuple[str, ...] = ()


class CheckupDocument(Document, frozen=True):
    """All that the daemon alone can tell.

    ``operator``: who asks may operate. ``booted``: systemd started it; ``delegated``:
    it has a cgroup to divide among programs. ``state_ahead``: seconds by which the
    state was written in the future. ``left``: programs whose FIFOs an earlier daemon
    left. ``keys`` and ``keys_usable`` are numbers. ``extras``: which of the optional
    parts are installed. ``status`` and ``issues``: its own judgement of all else.
    """

    version: str
    pid: int
    uid: int
    operator: bool
    booted: bool
    delegated: bool
    places: tuple[PlaceDocument, ...]
    limits: tuple[LimitDocument, ...]
    drift: DriftDocument
    state_ahead: float | None
    left: tuple[str, ...]
    runtime_dir: str
    keys: int
    keys_usable: int
    extras: dict[str, bool]
    status: str
    issues: int
