"""Sockets by their inode in words, from the kernel's tables in ``/proc/PID/net``.

psutil reads the same tables, but all of each: with a hundred thousand connections on
the host that takes a second, of which we have five.
"""

import socket
import sys
from collections.abc import Container, Iterator

from selfhealingd.observe.evidence import proc

MOST_BYTES = 4 * 1024 * 1024
"""Of each table: about 25,000 sockets."""

_STATES = {
    "01": "ESTABLISHED",
    "02": "SYN_SENT",
    "03": "SYN_RECV",
    "04": "FIN_WAIT1",
    "05": "FIN_WAIT2",
    "06": "TIME_WAIT",
    "07": "CLOSE",
    "08": "CLOSE_WAIT",
    "09": "LAST_ACK",
    "0A": "LISTEN",
    "0B": "CLOSING",
}


def sockets(pid: int, inodes: Container[int]) -> dict[int, str]:
    """Say what these are: ``tcp 0.0.0.0:80 LISTEN``, ``unix /run/x.sock``.

    Of connections to the same place the own port is left out, so that they count
    together. What is in no table that we may read is missing.
    """
    found: dict[int, str] = {}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in _lines(pid, table):
            fields = line.split()
            if len(fields) > 9 and int(fields[9]) in inodes:  # noqa: PLR2004 - inode
                found[int(fields[9])] = _internet(table, fields)
    for line in _lines(pid, "unix"):
        fields = line.split(maxsplit=7)
        if len(fields) > 6 and int(fields[6]) in inodes:  # noqa: PLR2004 - inode
            path = fields[7] if len(fields) > 7 else "(no name)"  # noqa: PLR2004
            found[int(fields[6])] = f"unix {path}"
    return found


def _lines(pid: int, table: str) -> Iterator[str]:
    try:
        rows = proc.text(pid, f"net/{table}", MOST_BYTES).splitlines()[1:]
    except OSError:
        return  # no IPv6 here, or none of our business
    yield from rows


def _internet(table: str, fields: list[str]) -> str:
    kind = table.removesuffix("6")
    state = _STATES.get(fields[3], fields[3])
    own, peer = _end(fields[1]), _end(fields[2])
    if peer.endswith(":0"):
        return f"{kind} {own} {state}" if kind == "tcp" else f"{kind} {own}"
    return f"{kind} to {peer} {state}" if kind == "tcp" else f"{kind} to {peer}"


def _end(field: str) -> str:
    """Read ``0100007F:1F90``: words of four bytes, each in the host's order."""
    address, _, port = field.partition(":")
    raw = bytes.fromhex(address)
    if sys.byteorder == "little":
        raw = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
    if len(raw) == 4:  # noqa: PLR2004 - IPv4
        return f"{socket.inet_ntoa(raw)}:{int(port, 16)}"
    six = socket.inet_ntop(socket.AF_INET6, raw).removeprefix("::ffff:")
    return f"[{six}]:{int(port, 16)}"
