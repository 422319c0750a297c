"""Why a socket could not be reached, in words that say what to do."""

import errno
import os
import shlex
import stat
from pathlib import Path

from selfhealctl.errors import Unreachable
from selfhealingd.wire.places import default_socket

LONGEST = 107
"""Bytes of a socket's path: ``sun_path`` of unix(7) has 108, the last of them NUL."""

START = (
    "not running? start it with: selfhealingd --config FILE"
    " (or, where it is a service: systemctl start selfhealingd)"
)
SYSTEM = default_socket(0, {})


def unreachable(path: Path, error: OSError) -> Unreachable:
    """Explain ``error``, which connecting to ``path`` ended with."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return Unreachable(_cannot(path, "no such file"), _absent(path))
        case errno.ECONNREFUSED if not _is_socket(path):
            return Unreachable(_cannot(path, "not a socket"), _usual())
        case errno.ECONNREFUSED:
            return Unreachable(_cannot(path, "not running (stale socket)"), START)
        case errno.EACCES | errno.EPERM:
            return Unreachable(_cannot(path, "no permission"), _forbidden(path))
    # Python's own complaint about a path over 107 bytes has no number.
    reason = error.strerror or f"its path is too long, of at most {LONGEST} bytes"
    return Unreachable(_cannot(path, reason), _usual())


def _cannot(path: Path, reason: str) -> str:
    return f"cannot reach the daemon at {path}: {reason}"


def _usual() -> str:
    """Return how a better one is named, and where it usually is."""
    place = default_socket(os.geteuid(), os.environ)
    return f"name the daemon's: selfhealctl --socket {shlex.quote(str(place))} status"


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return True


def _absent(path: Path) -> str:
    """Point to the system's daemon where a user has none of their own."""
    if path != SYSTEM and _exists(SYSTEM):
        return (
            f"the system's daemon has its socket elsewhere: add --socket {SYSTEM}; or,"
            f" for good: export SELFHEALCTL_SOCKET={SYSTEM}"
        )
    return START


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _forbidden(path: Path) -> str:
    """Say who we are, whose it is, and who may."""
    place, facts = _nearest(path)
    what = "the socket" if place == path else f"the folder {place}"
    owner, group = _user(facts.st_uid), _group(facts.st_gid)
    return (
        f"you are uid {os.geteuid()}; {what} belongs to {owner}, group {group},"
        f" mode {stat.S_IMODE(facts.st_mode):04o}; {_way_in(facts, group)}"
    )


def _way_in(facts: os.stat_result, group: str) -> str:
    """Say how somebody else gets in; nobody should join the group of root."""
    if facts.st_gid == 0 or not facts.st_mode & stat.S_IWGRP:
        return (
            "type it with sudo; or, for good, have a group of yours named as group"
            " below [control] in the config, and the daemon started again"
        )
    return (
        "type it with sudo; or, for good: sudo usermod -aG"
        f" {shlex.quote(group)} {shlex.quote(_user(os.geteuid()))}, and log in again"
    )


def _nearest(path: Path) -> tuple[Path, os.stat_result]:
    """Return the deepest part of ``path`` that we may look at."""
    for place in (path, *path.absolute().parents):
        try:
            return place, place.stat()
        except OSError:
            continue
    return Path("/"), Path("/").stat()


def _user(uid: int) -> str:
    import pwd  # noqa: PLC0415  only a refusal needs it

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _group(gid: int) -> str:
    import grp  # noqa: PLC0415  only a refusal needs it

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return f"gid {gid}"
