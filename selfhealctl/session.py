"""How one command talks: to which socket, for how long, in JSON or in words."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from selfhealctl import client
from selfhealctl.errors import Garbage, Interrupted
from selfhealctl.output import write_json, write_json_lines
from selfhealingd.wire.methods import Params
from selfhealingd.wire.places import default_socket

SOCKET_VARIABLE = "SELFHEALCTL_SOCKET"
TIMEOUT = 10.0

T = TypeVar("T")


class Output(StrEnum):
    """How an answer is shown: as people read it, or as scripts do."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"


class Choices(msgspec.Struct, frozen=True):
    """What was typed before or after the command; None where nothing was."""

    socket: str | None = None
    timeout: float | None = None
    output: Output | None = None
    pager: bool | None = None

    def over(self, other: "Choices") -> "Choices":
        """Return these choices, with ``other``'s where these say nothing."""
        return Choices(
            socket=other.socket if self.socket is None else self.socket,
            timeout=other.timeout if self.timeout is None else self.timeout,
            output=other.output if self.output is None else self.output,
            pager=other.pager if self.pager is None else self.pager,
        )


class Session(msgspec.Struct, frozen=True):
    """One command's way to the daemon. ``timeout``: seconds for an answer.

    ``one_of_many``: answers follow each other, so that each document is a line.
    """

    socket: Path
    timeout: float
    output: Output
    chosen: bool
    pager: bool = True
    one_of_many: bool = False

    @classmethod
    def of(cls, choices: Choices) -> "Session":
        """Fill what was not chosen from the environment, the user and stdout."""
        return cls(
            socket=Path(choices.socket) if choices.socket else usual_socket(),
            timeout=choices.timeout or TIMEOUT,
            output=choices.output or (Output.TABLE if is_terminal() else Output.JSON),
            chosen=choices.output is not None,
            pager=choices.pager is not False,
        )

    @property
    def as_json(self) -> bool:
        """Whether JSON is wanted, in either of its forms."""
        return self.output in (Output.JSON, Output.JSONL)

    @property
    def chosen_json(self) -> bool:
        """Whether somebody asked for JSON, and not the pipe alone."""
        return self.chosen and self.as_json

    @property
    def wide(self) -> bool:
        """Whether every column is wanted, however wide the terminal is."""
        return self.output is Output.WIDE

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

        So that a view is loaded only when a person looks.
        """
        match self.output:
            case Output.JSON:
                write_json(raw, in_a_line=self.one_of_many)
            case Output.JSONL:
                write_json_lines(raw)
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
