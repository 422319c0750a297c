"""Looks at what the client can see, and asks the daemon for the rest."""

import ctypes
import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from selfhealctl.doctor.facts import Checked, Facts, Unit, Unreached
from selfhealctl.errors import CannotError, Refused
from selfhealctl.session import Session, read
from selfhealingd import __version__
from selfhealingd.wire.checkup import CheckupDocument, PlaceDocument
from selfhealingd.wire.ground import folders_of, look_at
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.places import (
    CONFIG_VARIABLE,
    default_log_dir,
    default_runtime_dir,
    default_socket,
    default_state_dir,
    find_config,
)

UNIT = "selfhealingd.service"
PATIENCE_SECS = 20.0
PROPERTIES = (
    *("LoadState", "ActiveState", "UnitFileState", "FragmentPath"),
    "NeedDaemonReload",
)
_TIMEX_BYTES = 512
"""More than struct timex of adjtimex(2) takes."""

_NO_EFFECT = "has no effect as long as there is "
"""What ``--install-systemd`` says below a unit of which the operator has one."""

_UNSYNCHRONIZED = 5
"""TIME_ERROR of adjtimex(2)."""


def look(session: Session, config: str | None) -> Facts:
    """Return all facts; what can't be had is said in them, and nothing is raised.

    ``config``: the daemon's, as typed; else where a daemon of ours would look for it.
    """
    file = find_config(Path(config) if config else None, os.environ, os.geteuid())
    daemon = _ask(session)
    unit = _unit()
    alone = isinstance(daemon, Unreached)
    # A daemon that has its socket elsewhere has its config elsewhere, too.
    ours = session.socket == default_socket(os.geteuid(), os.environ)
    known = bool(config or os.environ.get(CONFIG_VARIABLE) or ours)
    look_there = alone and known
    found, unplaced = places_by(file.absolute()) if look_there else ((), "")
    return Facts(
        version=__version__,
        now=datetime.now(UTC).timestamp(),
        kernel=os.uname().release,
        pidfd=_has_pidfd(),
        socket=str(session.socket),
        synchronized=_synchronized(),
        unit=unit,
        daemon=daemon,
        places=found,
        checked=_check(file) if look_there else None,
        config=str(file.absolute()) if known else "",
        unplaced=unplaced,
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
    own = ["--user"] if found.user else []
    ran = _daemon("--install-systemd", *own, "--dry-run")
    return found if ran is None else compared(found, ran.stdout)


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


def compared(unit: Unit, told: str) -> Unit:
    """Add what an installation would replace, and what it could not replace.

    ``told``: what ``selfhealingd --install-systemd --dry-run`` says.
    """
    lines = [line.strip() for line in told.splitlines()]
    verdicts = (line.split(None, 1) for line in lines)
    return replace(
        unit,
        differs=tuple(words[1] for words in verdicts if words[:1] == ["replaced"]),
        instead=tuple(
            line.removeprefix(_NO_EFFECT)
            for line in lines
            if line.startswith(_NO_EFFECT)
        ),
    )


def _check(config: Path) -> Checked | None:
    ran = _daemon("--config", str(config), "--check")
    if ran is None:
        return None
    lines = [line for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]
    # How many there are, and how to name a config, is no mistake.
    mistakes = [line for line in lines if not line.startswith("selfhealingd: ")]
    return Checked(ran.returncode, tuple(mistakes or lines))


class _Daemon(msgspec.Struct, frozen=True):
    """What a config says of folders; the daemon alone knows all of it."""

    state_dir: str | None = None
    runtime_dir: str | None = None
    log_dir: str | None = None
    flags_file: str = "flags.env"
    include: tuple[str, ...] = ("conf.d/*.toml",)


class _Config(msgspec.Struct, frozen=True):
    daemon: _Daemon = _Daemon()


def places_by(config: Path) -> tuple[tuple[PlaceDocument, ...], str]:
    """Look at the folders that a config names, where they are; or say why not."""
    try:
        text = config.read_bytes()
        named = msgspec.toml.decode(text, type=_Config).daemon
    except FileNotFoundError:
        named = _Daemon()
    except OSError as error:
        return (), f"the config can't be read: {(error.strerror or str(error)).lower()}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return (), "the config that names them has mistakes"
    paths = (named.state_dir, named.runtime_dir, named.log_dir)
    if any(path and "$" in path for path in paths):
        return (), "the config names them by variables, which are the daemon's"
    base, uid = config.parent, os.geteuid()
    usual = (
        ("state folder", named.state_dir, default_state_dir),
        ("runtime folder", named.runtime_dir, default_runtime_dir),
        ("log folder", named.log_dir, default_log_dir),
    )
    folders = [
        (what, base / (path or default(uid, os.environ)))
        for what, path, default in usual
    ]
    files = [file for file in (config, base / named.flags_file) if file.exists()]
    return (
        *(look_at(what, path) for what, path in folders if path.exists()),
        *(look_at("config file", file, write=False) for file in files),
        *(look() for _, look in folders_of(files, base, named.include)),
    ), ""


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
