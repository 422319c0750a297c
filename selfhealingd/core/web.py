"""Where the daemon is seen by HTTP, and by whom: plain data."""

import hashlib
import hmac
from ipaddress import ip_address
from pathlib import Path

import msgspec


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """One listener. ``host`` is an address, never a name.

    ``certfile`` and ``keyfile``: with TLS by these. ``token_file``: what whoever
    changes something has to know. ``reading``: whoever looks has to know it, too.
    ``hosts``: names by which it is known besides its address.
    """

    host: str = "127.0.0.1"
    port: int = 3001
    certfile: Path | None = None
    keyfile: Path | None = None
    token_file: Path | None = None
    reading: bool = False
    hosts: tuple[str, ...] = ()

    @property
    def loopback(self) -> bool:
        """Whether only this host can reach it."""
        return ip_address(self.host).is_loopback

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.certfile is not None

    @property
    def url(self) -> str:
        """Where a browser on this host finds it."""
        scheme = "https" if self.secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


class Token(msgspec.Struct, frozen=True):
    """What whoever acts has to know; only its digest is kept. ``problem``: or why not.

    ``digest`` None: there is none that can be used.
    """

    digest: bytes | None = None
    problem: str | None = None

    def is_this(self, said: str) -> bool:
        """Compare in a time that does not tell how much of it is right."""
        other = digest(said)
        return self.digest is not None and hmac.compare_digest(self.digest, other)


def digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
