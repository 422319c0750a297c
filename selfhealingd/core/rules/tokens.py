"""A rule's text as words, numbers and signs, each with its column."""

import re
from enum import Enum

import msgspec


class RuleError(ValueError):
    """The text is no rule. ``column`` counts from 1; ``hint`` may be empty."""

    def __init__(self, column: int, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        whole = f"column {self.column}: {self.problem}"
        return f"{whole}; {self.hint}" if self.hint else whole


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    SIGN = "sign"
    PATH = "path"
    END = "end"


class Token(msgspec.Struct, frozen=True):
    """One of them; ``column`` is where it begins, counted from 1."""

    kind: Kind
    text: str
    column: int

    @property
    def shown(self) -> str:
        """How a message names it."""
        return "the end" if self.kind is Kind.END else f'"{self.text}"'


_TOKENS = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<word>%|[A-Za-z][A-Za-z0-9_-]*(?:/s\b)?)
      | (?P<path>/[^\s"]*|"[^"]*")
      | (?P<sign>[<>]=?|[=!]=?)""",
    re.VERBOSE,
)


def tokens(text: str) -> list[Token]:
    """Return them, the last one being the end; raises RuleError."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            raise RuleError(at + 1, _stray(text, at))
        if match.lastgroup != "space":
            kind = Kind(match.lastgroup)
            found.append(Token(kind, match[0], at + 1))
        at = match.end()
    # Where a word is missing is where it would go: one after the last.
    end = len(text.rstrip()) + 1
    found.append(Token(Kind.END, "", end if not found else end + 1))
    return found


def _stray(text: str, at: int) -> str:
    if text[at] == "-":
        return "no value is below 0"
    if text[at] == '"':
        return 'a closing " is missing'
    return f'"{text[at]}" has no place in a rule'
