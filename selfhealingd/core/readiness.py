"""What tells that a program is ready, and how that is said.

A program without one of these is ready as soon as it has been up for ``startsecs``.
"""

from typing import TypeAlias

import msgspec


class Notify(msgspec.Struct, frozen=True, tag=True):
    """It says ``READY=1`` itself, by the protocol of sd_notify(3)."""

    @property
    def sought(self) -> str:
        """What is waited for."""
        return "READY=1"

    @property
    def missing(self) -> str:
        """What is wrong while it hasn't come, if nothing better is known."""
        return "it has not sent READY=1"


class Line(msgspec.Struct, frozen=True, tag=True):
    """It writes a line in which this regular expression is found."""

    pattern: str

    @property
    def sought(self) -> str:
        """What is waited for."""
        return f"a line with /{self.pattern}/"

    @property
    def missing(self) -> str:
        """What is wrong while it hasn't come, if nothing better is known."""
        return f"it has not written a line with /{self.pattern}/"


class Tcp(msgspec.Struct, frozen=True, tag=True):
    """It listens on this port; an empty ``host`` is this host itself."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def sought(self) -> str:
        """What is waited for."""
        return f"a listener on {self}"

    @property
    def missing(self) -> str:
        """What is wrong while it hasn't come, if nothing better is known."""
        return f"nothing listens on {self}"


class Unix(msgspec.Struct, frozen=True, tag=True):
    """It listens on this Unix socket."""

    path: str

    def __str__(self) -> str:
        return self.path

    @property
    def sought(self) -> str:
        """What is waited for."""
        return f"a listener on {self}"

    @property
    def missing(self) -> str:
        """What is wrong while it hasn't come, if nothing better is known."""
        return f"nothing listens on {self}"


class Answers(msgspec.Struct, frozen=True, tag=True):
    """It answers a probe; ``what`` says which, and is all that decisions need of it."""

    what: str

    @property
    def sought(self) -> str:
        """What is waited for."""
        return f"an answer of {self.what}"

    @property
    def missing(self) -> str:
        """What is wrong while it hasn't come, if nothing better is known."""
        return f"no answer of {self.what} yet"


Sign: TypeAlias = Notify | Line | Tcp | Unix | Answers


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Which sign makes a program ready, and until when it must have come.

    ``within``: seconds from its start; a start that takes longer has failed.
    ``period``: seconds from one try of what is tried to the next; ``timeout``: how
    long one may take.
    """

    sign: Sign
    within: float = 60.0
    period: float = 0.5
    timeout: float = 1.0
