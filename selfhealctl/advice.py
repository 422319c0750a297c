"""Commands that are recommended, as they can be pasted where they are read."""

import re
import shlex
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from selfhealctl.table import COMMANDS

_socket: ContextVar[str] = ContextVar("socket", default="")


def use_socket(path: str) -> None:
    """From now on, recommended commands go to this socket, as what was typed did."""
    _socket.set(f"--socket {shlex.quote(str(Path(path).absolute()))} ")


def pasteable(words: str) -> str:
    """Return ``words`` with each command in it as it has to be typed."""
    chosen = _socket.get()
    if not chosen:
        return words
    return _commands().sub(lambda found: found[0] + chosen, words)


@cache
def _commands() -> re.Pattern[str]:
    names = "|".join(re.escape(row.name) for row in COMMANDS)
    return re.compile(rf"\bselfhealctl (?=(?:{names}|--help)(?![\w-]))")
