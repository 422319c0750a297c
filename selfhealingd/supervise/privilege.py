"""What this daemon may do for its programs, asked before a fork instead of after it."""

import os
import resource
from collections.abc import Mapping
from pathlib import Path

from selfhealingd.core.launch import Credentials
from selfhealingd.supervise.errors import SpawnError

_SETGID, _SETUID, _SYS_RESOURCE = 6, 7, 24  # bits of capabilities(7)
_NR_OPEN = Path("/proc/sys/fs/nr_open")


def _capable(*bits: int) -> bool:
    status = Path("/proc/thread-self/status").read_text("utf-8", "replace")
    _, _, rest = status.partition("CapEff:")
    effective = int(rest.split(maxsplit=1)[0], 16)
    return all(effective >> bit & 1 for bit in bits)


def switch_to(wanted: Credentials | None) -> Credentials | None:
    """Return whom the child must become; None if it stays what the daemon is.

    Raises SpawnError if the daemon may not become somebody else.
    """
    if wanted is None or _capable(_SETGID, _SETUID):
        return wanted
    ours = os.geteuid(), os.getegid()
    if (wanted.uid, wanted.gid) == ours:
        return None  # its supplementary groups are then the daemon's, too
    raise SpawnError(
        f"cannot run as user {wanted.name or wanted.uid}: this daemon runs as uid"
        f" {ours[0]} and may not change users; run it as root, or remove 'user'"
    )


def checked_limits(wanted: Mapping[str, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Return limits as setrlimit(2) takes them, by resource number.

    Raises SpawnError for a name unknown here, a soft limit above its hard one, or a
    hard limit that the daemon may not set.
    """
    return {_number(name): _checked(name, *pair) for name, pair in wanted.items()}


def _number(name: str) -> int:
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if isinstance(number, int):
        return number
    known = sorted(n[7:].lower() for n in dir(resource) if n.startswith("RLIMIT_"))
    raise SpawnError(
        f"cannot set limit {name!r}: this system knows only {', '.join(known)}"
    )


def _checked(name: str, soft: int, hard: int) -> tuple[int, int]:
    what = f"cannot set limit {name} to {_shown(soft)}:{_shown(hard)}"
    if _above(soft, hard):
        raise SpawnError(f"{what}: the soft limit is above the hard one; lower it")
    _, ours = resource.getrlimit(_number(name))
    if _above(hard, ours) and not _capable(_SYS_RESOURCE):
        raise SpawnError(
            f"{what}: the daemon's own hard limit is {_shown(ours)}, and it may not"
            " raise it; ask for less, or start the daemon with a higher one"
        )
    if name.lower() == "nofile" and _above(hard, most := int(_NR_OPEN.read_text())):
        raise SpawnError(
            f"{what}: this system allows at most {most}; ask for less, or raise the"
            " sysctl fs.nr_open"
        )
    return soft, hard


def _above(one: int, other: int) -> bool:
    if other == resource.RLIM_INFINITY:
        return False
    return one == resource.RLIM_INFINITY or one > other


def _shown(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else str(limit)
