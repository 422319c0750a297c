"""What a process has open, the same counted together: so a leak shows what leaks."""

import os
import resource
from collections import Counter
from collections.abc import Iterable, Mapping

from selfhealingd.observe.evidence import proc
from selfhealingd.observe.evidence.sockets import sockets
from selfhealingd.wire.evidence import FilesDocument, OpenedDocument

LOOKED_AT = 10_000
SHOWN = 60
_NAME = 200


def files(pid: int, *, looked_at: int = LOOKED_AT) -> FilesDocument:
    """Return how many are open, and what they are; raises OSError."""
    numbers = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - names suffice
    targets = list(_targets(pid, numbers[:looked_at]))
    inodes = {int(one[8:-1]) for one in targets if one.startswith("socket:[")}
    known = sockets(pid, inodes) if inodes else {}
    counted = Counter(_what(one, known) for one in targets)
    most = counted.most_common(SHOWN)
    return FilesDocument(
        open=len(numbers),
        limit=_limit(pid),
        looked_at=looked_at if len(numbers) > looked_at else None,
        most=tuple(OpenedDocument(what=what, count=count) for what, count in most),
    )


def _targets(pid: int, numbers: Iterable[str]) -> Iterable[str]:
    for number in numbers:
        try:
            yield os.readlink(f"/proc/{pid}/fd/{number}")  # noqa: PTH115 - no such file
        except FileNotFoundError:
            continue  # closed meanwhile


def _what(target: str, known: Mapping[int, str]) -> str:
    if target.startswith("socket:["):
        return known.get(int(target[8:-1]), "socket")
    kind, found, _ = target.partition(":[")
    if found:  # pipe:[123], anon_inode:[eventpoll]
        return target if kind == "anon_inode" else kind
    plain = "".join(char if char.isprintable() else "?" for char in target)
    return plain if len(plain) <= _NAME else f"…{plain[-_NAME:]}"


def _limit(pid: int) -> int | None:
    try:
        soft, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    except OSError:
        return _from_limits(pid)
    return None if soft == resource.RLIM_INFINITY else soft


def _from_limits(pid: int) -> int | None:
    """Whoever may not ask for another user's limits may still read them."""
    for line in proc.text(pid, "limits").splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            return int(soft) if soft.isdecimal() else None
    return None
