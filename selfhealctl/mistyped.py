"""What was typed and can't be read: what is wrong with it, and what was meant.

Loaded only when something is.
"""

import difflib
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise

from selfhealctl.typed import NUMBER, WATCH

_ELSEWHERE = {
    "ps": "status",
    "ls": "status",
    "list": "status",
    "services": "status",
    "avail": "status",
    "describe": "explain",
    "why": "explain",
    "log": "logs",
    "fg": "tail -f",
    "maintail": "events",
    "kill": "signal KILL NAME, or: selfhealctl stop NAME",
    "up": "start",
    "down": "stop",
    "quit": "shutdown",
    "exit": "shutdown",
    "check": "doctor",
    "daemon-reload": "reload",
    "start-all": "start all",
    "stop-all": "stop all",
}
"""What supervisorctl, systemctl, docker and pebble call it, and what it is here."""

_ALIKE = 0.7
"""How much two words have to have in common, of 1."""

_TOO_MUCH = "this is too much: "
_WORDS = (
    (r"is not a valid (?:float|integer)(?: range)?$", "is no number"),
    (r"(\S+) is not in the range x>=(\S+)$", r"\1 is less than \2"),
    (r"(\S+) is not in the range (\S+)<=x<=(\S+)$", r"expected \2 to \3, got \1"),
    (r"^got unexpected extra argument\S* \((.*)\)$", rf"{_TOO_MUCH}\1"),
    (r" \(possible options?: (.*)\)$", r"; did you mean \1?"),
)

_INSTEAD = {
    "reload": "to apply the settings of some: selfhealctl update {names}; to have"
    " themselves read theirs: selfhealctl signal HUP {names}",
    "top": "in it, / shows only what has these words in its name",
    "health": "of some alone: selfhealctl status {names}",
    "tasks": "all of them: selfhealctl tasks",
    "runbooks": "all of them: selfhealctl runbooks",
    "flags": "all of them: selfhealctl flags",
    "breakers": "all of them: selfhealctl breakers --all",
    "doctor": "to look at a config: selfhealctl doctor --config {names}",
    "show": "one at a time; all of one service: selfhealctl incidents NAME",
    "evidence": "one at a time; all of one service: selfhealctl incidents NAME",
    "explain": "one at a time; several: selfhealctl status {names}",
    "tail": "several: selfhealctl logs NAME...",
}
"""What those want who type more than a command takes."""


def no_command(word: str, known: Sequence[str]) -> str:
    """Return what was probably meant by a command that there isn't."""
    hint = "all of them: selfhealctl --help"
    if word in _ELSEWHERE:
        return f"here it is: selfhealctl {_ELSEWHERE[word]}; {hint}"
    near = [name for name in known if name.startswith(word)]
    near = near or difflib.get_close_matches(word, known, cutoff=_ALIKE)
    return f"did you mean {' or '.join(near)}? {hint}" if near else hint


def in_words(told: str) -> str:
    """Return what typer or click says of it, as a person would."""
    words = told.rstrip(".")
    words = words[:1].lower() + words[1:]
    for pattern, better in _WORDS:
        words = re.sub(pattern, better, words, flags=re.IGNORECASE)
    return words


def meant(command: str, typed: list[str], words: str) -> str | None:
    """Return what was probably meant by what can't be read; None where nobody knows.

    ``words``: what is wrong with it, as ``in_words`` has it.
    """
    first, *rest = typed or [""]
    if command == "signal" and re.fullmatch(r"-[A-Z0-9][A-Z0-9]*", first):
        return (
            f"without the dash: selfhealctl {shlex.join([command, first[1:], *rest])}"
        )
    for word, following in pairwise(typed):
        if word in WATCH and not re.fullmatch(NUMBER, following):
            return f"it takes seconds, as: selfhealctl {command} --watch 5"
    if command in _INSTEAD and words.startswith(_TOO_MUCH):
        names = shlex.join(word for word in typed if not word.startswith("-"))
        return _INSTEAD[command].format(names=names)
    return None
