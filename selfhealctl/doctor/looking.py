"""Looks at what the client can see, and asks the daemon for the rest."""

import ctypes
import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from selfhealctl.doctor.facts import Checked, Facts, Unit, Unreached
from selfhealctl.errors import CannotError, Refused
from selfhealctl.session import Session, read
from selfhealingd import __version__
from selfhealingd.wire.checkup import CheckupDocument, PlaceDocument
from selfhealingd.wire.ground import look_at
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.places import default_runtime_dir, default_state_dir

UNIT = "selfhealingd.service"
PATIENCE_SECS = 20.0
PROPERTIES = (
    *("LoadState", "ActiveState", "UnitFileState", "FragmentPath"),
    "NeedDaemonReload",
)
_TIMEX_BYTES = 512
"""More than struct timex of adjtimex(2) takes."""

_UNSYNCHRONIZED = 5
"""TIME_ERROR of adjtimex(2)."""


def look(session: Session) -> Facts:
    """Return all facts; what can't be had is said in them, and nothing is raised."""
    daemon = _ask(session)
    unit = _unit()
    alone = isinstance(daemon, Unreached)
    return Facts(
        version=__version__,
        now=datetime.now(UTC).timestamp(),
        kernel=os.uname().release,
        pidfd=_has_pidfd(),
        socket=str(session.socket),
        synchronized=_synchronized(),
        unit=unit,
        daemon=daemon,
        places=_places() if alone else (),
        checked=_check() if alone else None,
    )


def _ask(session: Session) -> CheckupDocument | Unreached:
    try:
        return read(session.ask("doctor"), CheckupDocument)
    except Refused as error:
        if error.kind is Kind.UNKNOWN_METHOD:
            words = "the daemon is older than this client, and can't be examined"
            return Unreached(words, "selfhealctl upgrade (programs run on)")
        return Unreached(error.words, error.hint)
    except CannotError as error:
        return Unreached(error.words, error.hint)


def _has_pidfd() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def _synchronized() -> bool | None:
    """Ask the kernel whether something keeps its clock; None if it doesn't say."""
    with suppress(OSError, AttributeError):
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
        return None if state < 0 else bool(state != _UNSYNCHRONIZED)
    return None


def _unit() -> Unit | None:
    """Return what systemd knows of the daemon's unit; None where it doesn't run."""
    if not Path("/run/systemd/system").is_dir():
        return None
    user = os.geteuid() != 0
    found = _shown(user=False)
    if user and (found is None or found.load == "not-found"):
        found = _shown(user=True)
    if found is None or found.load != "loaded":
        return found
    return replace(found, differs=_differing(user=found.user))


def _shown(*, user: bool) -> Unit | None:
    own = ["--user"] if user else []
    ran = _run("systemctl", *own, "show", UNIT, f"--property={','.join(PROPERTIES)}")
    if ran is None or ran.returncode:
        return None
    return unit_of(ran.stdout, user=user)


def unit_of(shown: str, *, user: bool) -> Unit:
    """Return what ``systemctl show`` says of a unit."""
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    load, active, enabled, path, stale = (values.get(one, "") for one in PROPERTIES)
    return Unit(load, active, enabled, path, stale=stale == "yes", user=user)


def _differing(*, user: bool) -> tuple[str, ...]:
    """Return the files of systemd's that an installation would replace."""
    own = ["--user"] if user else []
    ran = _daemon("--install-systemd", *own, "--dry-run")
    if ran is None:
        return ()
    lines = (line.split(None, 1) for line in ran.stdout.splitlines())
    return tuple(words[1] for words in lines if words[:1] == ["replaced"])


def _check() -> Checked | None:
    ran = _daemon("--check")
    if ran is None:
        return None
    words = (ran.stdout + ran.stderr).splitlines()
    return Checked(ran.returncode, tuple(line for line in words if line.strip()))


def _places() -> tuple[PlaceDocument, ...]:
    """Look at the usual folders, where there are any: the config may name others."""
    uid = os.geteuid()
    usual = (
        ("state folder", default_state_dir(uid, os.environ)),
        ("runtime folder", default_runtime_dir(uid, os.environ)),
    )
    return tuple(look_at(what, path) for what, path in usual if path.exists())


def _daemon(*args: str) -> "subprocess.CompletedProcess[str] | None":
    return _run(sys.executable, "-m", "selfhealingd", *args)


def _run(*command: str) -> "subprocess.CompletedProcess[str] | None":
    try:
        return subprocess.run(  # noqa: S603, TID251  ours, and no child of a daemon
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
