"""Who has a listening socket, by what /proc tells; and a copy of it for us. Blocks."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from selfhealingd.core.listening import Inet, Listening, Unix
from selfhealingd.supervise.identity import processes, read_proc

_PIDFD_GETFD = 438  # pidfd_getfd(2): one number on all machines but Alpha
_LISTENING = "0A"  # TCP_LISTEN of the kernel's tcp_states.h
_UNCONNECTED = "07"  # TCP_CLOSE: what a datagram socket without a peer is in
_ACCEPTS = 0x10000  # __SO_ACCEPTCON of the kernel's net.h
_STREAM, _DGRAM = 1, 2


@dataclass(frozen=True, slots=True)
class Holding:
    """A descriptor of a process that is a socket."""

    pid: int
    fd: int
    inode: int


def inodes(wanted: Listening) -> frozenset[int]:
    """Sockets that listen where ``wanted`` would, in our network namespace."""
    match wanted.address:
        case Inet() as address:
            kind = "udp" if wanted.datagram else "tcp"
            tables = ("tcp", "tcp6") if kind == "tcp" else ("udp", "udp6")
            found = (one for table in tables for one in _of_ports(table))
            return frozenset(i for bound, i in found if bound.overlaps(address))
        case Unix(path=path):
            kind_number = _DGRAM if wanted.datagram else _STREAM
            return frozenset(_of_path(os.fsencode(path), kind_number))


def holdings(pid: int, wanted: frozenset[int]) -> Iterator[Holding]:
    """Descriptors of a process that are one of these sockets.

    None if it is gone; raises PermissionError if it is not ours to look into.
    """
    try:
        names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - names suffice
    except (FileNotFoundError, ProcessLookupError):
        return
    for name in names:
        with suppress(FileNotFoundError, ProcessLookupError):
            target = os.readlink(f"/proc/{pid}/fd/{name}")  # noqa: PTH115 - no path
            if target.startswith("socket:[") and (inode := int(target[8:-1])) in wanted:
                yield Holding(pid, int(name), inode)


def holder_of(wanted: Listening) -> str | None:
    """Who listens where ``wanted`` would, for people; None if we can't see it."""
    found = inodes(wanted)
    if not found:
        return None
    for stat in processes():
        with suppress(PermissionError):
            for holding in holdings(stat.pid, found):
                return f"{os.fsdecode(stat.name)} (pid {holding.pid})"
    return None


def take(holding: Holding) -> int:
    """Return a descriptor of our own for what another process has open.

    Raises OSError, PermissionError above all: it takes the right to trace the process.
    """
    import ctypes  # noqa: PLC0415 - for this one call

    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(holding.pid)
    try:
        fd = int(libc.syscall(_PIDFD_GETFD, pidfd, holding.fd, 0))
    finally:
        os.close(pidfd)
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return fd


def _of_ports(table: str) -> Iterator[tuple[Inet, int]]:
    state = _LISTENING if table.startswith("tcp") else _UNCONNECTED
    for line in _lines(table):
        fields = line.split()
        if fields[3] == state:
            host, _, port = fields[1].partition(":")
            yield Inet(_host(host), int(port, 16)), int(fields[9])


def _host(written: str) -> str:
    """Read an address as the kernel writes it: words of 4 bytes as numbers."""
    raw = bytes.fromhex(written)
    if sys.byteorder == "little":
        raw = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
    found = ip_address(raw)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(found)


def _of_path(path: bytes, kind: int) -> Iterator[int]:
    for line in _lines("unix"):
        fields = line.split(maxsplit=7)
        if len(fields) < 8:  # noqa: PLR2004 - the last one is the path, if it has one
            continue
        accepts = bool(int(fields[3], 16) & _ACCEPTS)
        right = int(fields[4], 16) == kind and accepts is (kind == _STREAM)
        if right and os.fsencode(fields[7]) == path:
            yield int(fields[6])


def _lines(table: str) -> Iterable[str]:
    text = read_proc(os.getpid(), f"net/{table}")
    return [] if text is None else os.fsdecode(text).splitlines()[1:]
