"""Who holds a listening socket: told by its inode, which no other socket has. Blocking.

A port that answers may be that of somebody who was there before. What can't be found
out here (``/proc`` not readable, a listener of another network namespace) is never
held against a program.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from selfhealingd.core.readiness import Tcp, Unix

_NET = Path("/proc/self/net")
_LISTEN = b"0A"  # TCP_LISTEN of <net/tcp_states.h>
_ACCEPTS = 0x10000  # __SO_ACCEPTCON of <linux/net.h>


def listeners(place: Tcp | Unix) -> frozenset[int]:
    """Return the inodes of the sockets that listen there now; none if not known."""
    match place:
        case Tcp(port=port):
            return frozenset(_tcp("tcp", port)) | frozenset(_tcp("tcp6", port))
        case Unix(path=path):
            return frozenset(_unix(os.fsencode(path)))


def _tcp(table: str, port: int) -> Iterator[int]:
    end = b":%04X" % port
    for line in _rows(table):
        fields = line.split()
        if fields[3] == _LISTEN and fields[1].endswith(end):
            yield int(fields[9])


def _unix(path: bytes) -> Iterator[int]:
    for line in _rows("unix"):
        fields = line.rstrip(b"\n").split(None, 7)
        if fields[-1] == path and int(fields[3], 16) & _ACCEPTS:
            yield int(fields[6])


def _rows(table: str) -> Iterator[bytes]:
    with suppress(OSError), (_NET / table).open("rb") as rows:
        next(rows, None)  # the heads of its columns
        yield from rows


def held_by(pids: Iterable[int], inodes: frozenset[int]) -> bool:
    """Whether one of these processes has one of these sockets open, or may have."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    return any(_holds(pid, wanted) for pid in pids)


def _holds(pid: int, wanted: set[str]) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        with os.scandir(folder) as files:
            for file in files:
                with suppress(FileNotFoundError):  # it was closed meanwhile
                    if str(Path(file.path).readlink()) in wanted:
                        return True
    except PermissionError:
        return True
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has ended
    return False
