"""Whom to tell of events, and how: plain data, opaque to the decisions."""

from typing import Literal, TypeAlias
from urllib.parse import SplitResult

import msgspec

from selfhealingd.core.kinds import LEVELS
from selfhealingd.core.launch import Launch


class Execute(msgspec.Struct, frozen=True, kw_only=True):
    """Run a command with the event on its stdin; ``timeout`` in seconds."""

    launch: Launch
    timeout: float

    def __str__(self) -> str:
        return self.launch.argv[0].rpartition("/")[2]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """Send it by HTTP. ``target``: path and query; ``timeout``: seconds for one try.

    ``secret``: what to sign with; ``authorities``: a file of whom to trust, None for
    the system's. ``style``: the whole event, or its words in the form of a chat.
    """

    secure: bool
    host: str
    port: int
    target: str
    timeout: float
    headers: tuple[tuple[str, str], ...] = ()
    secret: str | None = None
    authorities: str | None = None
    style: Literal["event", "chat"] = "event"

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"

    def __str__(self) -> str:
        # Not the target: that of a chat is a secret.
        scheme = "https" if self.secure else "http"
        return SplitResult(scheme, self.authority, "", "", "").geturl()


class Notify(msgspec.Struct, frozen=True, kw_only=True):
    """Send a short message to people, by the services that ``urls`` name.

    ``launch``: what sends it; ``timeout``: seconds for one of them.
    """

    urls: tuple[str, ...]
    launch: Launch
    timeout: float

    @property
    def names(self) -> tuple[str, ...]:
        """What each is called where its URL, which is a secret, must not be seen."""
        schemes = [url.partition("://")[0].lower() for url in self.urls]
        if len(schemes) == 1:
            return tuple(schemes)
        return tuple(f"{one} ({at})" for at, one in enumerate(schemes, start=1))

    def __str__(self) -> str:
        return ", ".join(self.names)


Way: TypeAlias = Execute | Post | Notify


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which to tell of some events.

    ``kind``: the only one that is meant, None for any. ``level``: the least loud one.
    ``services``: of whom, None for any and also for what is about none.
    """

    name: str
    way: Way
    kind: str | None = None
    level: str = LEVELS[0]
    services: frozenset[str] | None = None

    def wants(self, *, kind: str, level: str, service: str | None) -> bool:
        """Whether such an event is to be told."""
        return (
            self.kind in {None, kind}
            and LEVELS.index(level) >= LEVELS.index(self.level)
            and (self.services is None or service in self.services)
        )
