"""How one command talks: to which socket, for how long, in JSON or in words."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from selfhealctl import client
from selfhealctl.errors import Garbage, Interrupted
from selfhealctl.output import write_json
from selfhealingd.wire.methods import Params
from selfhealingd.wire.places import default_socket

SOCKET_VARIABLE = "SELFHEALCTL_SOCKET"
TIMEOUT = 10.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choices:
    """What was typed before or after the command; None where nothing was."""

    socket: str | None = None
    timeout: float | None = None
    as_json: bool | None = None

    def over(self, other: "Choices") -> "Choices":
        """Return these choices, with ``other``'s where these say nothing."""
        return Choices(
            socket=other.socket if self.socket is None else self.socket,
            timeout=other.timeout if self.timeout is None else self.timeout,
            as_json=other.as_json if self.as_json is None else self.as_json,
        )


@dataclass(frozen=True, slots=True)
class Session:
    """One command's way to the daemon. ``timeout``: seconds for an answer."""

    socket: Path
    timeout: float
    as_json: bool
    chosen_json: bool

    @classmethod
    def of(cls, choices: Choices) -> "Session":
        """Fill what was not chosen from the environment, the user and stdout."""
        return cls(
            socket=Path(choices.socket) if choices.socket else usual_socket(),
            timeout=choices.timeout or TIMEOUT,
            as_json=not is_terminal() if choices.as_json is None else choices.as_json,
            chosen_json=bool(choices.as_json),
        )

    def ask(self, method: str, params: Params | None = None) -> bytes:
        """Ask one thing and return the result as the daemon wrote it."""
        return client.ask(self.socket, method, params, self.timeout)

    def order(self, method: str, params: Params | None = None) -> bytes:
        """Have something short done; Ctrl-C says that it may be done all the same."""
        try:
            return self.ask(method, params)
        except KeyboardInterrupt:
            raise Interrupted(
                "interrupted: what was asked may be done all the same",
                "see how it is: selfhealctl status",
            ) from None

    def wrote_json(self, raw: bytes) -> bool:
        """Print a result as it was sent, if JSON is wanted; tell whether it was.

        So that a view, and rich with it, is loaded only when a person looks.
        """
        if self.as_json:
            write_json(raw)
        return self.as_json


def usual_socket() -> Path:
    """Return the socket to use when none was named on the command line."""
    named = os.environ.get(SOCKET_VARIABLE)
    return Path(named) if named else default_socket(os.geteuid(), os.environ)


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def read(raw: bytes, kind: type[T]) -> T:
    """Decode a result; raises Garbage when it is not a ``kind``."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Garbage(
            f"cannot understand the answer: {error}",
            "daemon and client may be of different versions: selfhealctl version",
        ) from error
