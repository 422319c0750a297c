"""What a service can be asked, and what can come of it: ok, failed, or unknown."""

from enum import Enum
from typing import TypeAlias

import msgspec

from selfhealingd.core.readiness import Tcp, Unix


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """How TLS is spoken. Unless ``verify`` is set, any certificate will do.

    ``authorities``: a file of those to trust; None for the system's. ``name``: whom the
    certificate has to name, and what is asked for by SNI; None for the host.
    """

    verify: bool = False
    authorities: str | None = None
    name: str | None = None


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """One request. ``target``: path and query; ``socket``: a Unix socket to send it to.

    ``statuses`` are ranges, both ends included; ``body``: a regular expression that has
    to be found in what comes.
    """

    host: str
    port: int
    target: str = "/"
    tls: Tls | None = None
    socket: str | None = None
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    statuses: tuple[tuple[int, int], ...] = ((200, 399),)
    body: str | None = None

    @property
    def place(self) -> Tcp | Unix:
        """Where to connect to."""
        return Tcp(self.host, self.port) if self.socket is None else Unix(self.socket)

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        usual = 80 if self.tls is None else 443
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == usual else f"{host}:{self.port}"

    def __str__(self) -> str:
        scheme = "http" if self.tls is None else "https"
        # A query may have a secret in it, and this is shown.
        url = f"{scheme}://{self.authority}{self.target.partition('?')[0]}"
        return url if self.socket is None else f"{url} over {self.socket}"


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """A connection to a port or a Unix socket; perhaps with something to say.

    ``expect``: a regular expression to be found in what comes, once ``send`` was sent.
    """

    place: Tcp | Unix
    tls: Tls | None = None
    send: str | None = None
    expect: str | None = None

    def __str__(self) -> str:
        return f"{self.place} by TLS" if self.tls is not None else str(self.place)


class Exec(msgspec.Struct, frozen=True):
    """A command that exits with status 0 if all is well."""

    argv: tuple[str, ...]

    def __str__(self) -> str:
        return self.argv[0].rpartition("/")[2]


Ask: TypeAlias = Http | Connect | Exec


class Outcome(Enum):
    """What an answer amounts to; unknown (it could not be asked) counts neither way."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Answer(msgspec.Struct, frozen=True):
    """What came of asking. ``words`` say what was seen.

    ``gist``: the same for answers that are alike, whatever their words; empty for the
    words themselves.
    """

    outcome: Outcome
    words: str
    gist: str = ""

    def like(self, other: "Answer | None") -> bool:
        """Whether another one says nothing else."""
        if other is None or other.outcome is not self.outcome:
            return False
        return (other.gist or other.words) == (self.gist or self.words)


def ok(words: str) -> Answer:
    """All is well."""
    return Answer(Outcome.OK, words)


def failed(words: str, gist: str = "") -> Answer:
    """It isn't."""
    return Answer(Outcome.FAILED, words, gist)


def unknown(words: str, gist: str = "") -> Answer:
    """It could not be asked."""
    return Answer(Outcome.UNKNOWN, words, gist)
