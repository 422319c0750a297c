"""What to run for a program or a task: plain data, opaque to the decisions."""

from pathlib import Path
from typing import Literal

import msgspec

from selfhealingd.core.ask import Ask
from selfhealingd.core.listening import Listening, SocketAs
from selfhealingd.core.output import Elsewhere, Target
from selfhealingd.core.readiness import Notify, Readiness


def notify_socket(runtime_dir: Path, program: str) -> Path:
    """Where a program that says by itself that it is ready says so."""
    return runtime_dir / "notify" / f"{program}.sock"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a program runs as, looked up once, when the config is loaded."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    name: str = ""
    home: str = ""
    shell: str = ""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """One command with everything that decides how it starts.

    ``environment`` is added to the daemon's own, unless ``alone``. ``stderr`` None: it
    goes with stdout. ``rlimits`` maps names such as ``nofile`` to (soft, hard), -1
    meaning unlimited. ``readiness``: what to look for once it runs, and ``asks``: what
    to ask then, where that is the sign. ``watchdog``: seconds within which it has to
    send ``WATCHDOG=1``, again and again. ``sockets`` are handed down open.
    """

    argv: tuple[str, ...]
    environment: dict[str, str] = {}
    directory: Path | None = None
    umask: int | None = None
    credentials: Credentials | None = None
    rlimits: dict[str, tuple[int, int]] = {}
    stdout: Target = Elsewhere.NOWHERE
    stderr: Target | None = None
    readiness: Readiness | None = None
    sockets: tuple[Listening, ...] = ()
    socket_as: SocketAs = SocketAs.LISTEN_FDS
    # Unset rather than None: the rest of them keep their fingerprints.
    asks: Ask | msgspec.UnsetType = msgspec.UNSET
    watchdog: float | msgspec.UnsetType = msgspec.UNSET
    alone: Literal[True] | msgspec.UnsetType = msgspec.UNSET

    @property
    def started(self) -> "Launch":
        """The same, of a run that has given its sign: that isn't looked for again."""
        if self.readiness is None or isinstance(self.readiness.sign, Notify):
            return self  # what it says otherwise is heard on
        return msgspec.structs.replace(self, readiness=None, asks=msgspec.UNSET)

    @property
    def speaks(self) -> bool:
        """Whether it is given a socket at which to say how it is."""
        ready = self.readiness is not None and isinstance(self.readiness.sign, Notify)
        return ready or self.watchdog is not msgspec.UNSET
