"""Sockets that programs are handed: where they listen, and how. Plain data."""

from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias

import msgspec

BACKLOG = 4096
"""What the kernel's cap, net.core.somaxconn, is by default since Linux 5.4."""


class Inet(msgspec.Struct, frozen=True, tag=True):
    """A port at a numeric address; ``::`` is every address, of IPv4 as well."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.v6 else f"{self.host}:{self.port}"

    @property
    def v6(self) -> bool:
        """Whether the address is one of IPv6."""
        return ":" in self.host

    def overlaps(self, other: "Inet") -> bool:
        """Whether only one of the two can be listened on."""
        if self.port != other.port:
            return False
        if self.host == other.host or "::" in (self.host, other.host):
            return True
        # A wildcard of IPv4 leaves the addresses of IPv6 alone.
        any_of_v4 = "0.0.0.0" in (self.host, other.host)  # noqa: S104 - compared only
        return any_of_v4 and not (self.v6 or other.v6)

    @property
    def packed(self) -> bytes:
        """The address as the kernel has it, 4 or 16 bytes."""
        return ip_address(self.host.partition("%")[0]).packed


class Unix(msgspec.Struct, frozen=True, tag=True):
    """A file."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address: TypeAlias = Inet | Unix


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[socket.NAME]``.

    ``mode``, ``uid`` and ``gid`` are a unix socket's, -1 for the daemon's own.
    ``reuse_port``: others may listen at the same address, too (SO_REUSEPORT).
    """

    name: str
    address: Address
    datagram: bool = False
    backlog: int = BACKLOG
    mode: int = 0o660
    uid: int = -1
    gid: int = -1
    reuse_port: bool = False

    def __str__(self) -> str:
        return f"[socket.{self.name}] {self.address}"

    def clashes(self, other: "Listening") -> bool:
        """Whether only one of the two can be opened."""
        if self.datagram is not other.datagram:
            # A path is one file; ports of TCP and UDP are two things.
            return isinstance(self.address, Unix) and self.address == other.address
        if isinstance(self.address, Inet) and isinstance(other.address, Inet):
            both = self.reuse_port and other.reuse_port
            return not both and self.address.overlaps(other.address)
        return self.address == other.address


class SocketAs(Enum):
    """How a program is handed its sockets."""

    LISTEN_FDS = "listen-fds"
    """From descriptor 3 on, with LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES set."""

    STDIN = "stdin"
    """Its only one as descriptor 0, as FastCGI has it."""
