"""One finding: how bad, about what, and what to type."""

from collections.abc import Iterable
from enum import IntEnum

import msgspec


class Level(IntEnum):
    """How bad it is; the worst is the least."""

    PROBLEM = 0
    WARNING = 1
    OK = 2

    @property
    def word(self) -> str:
        """Its name in words and in JSON."""
        return self.name.lower()


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """``what`` it is about, ``where`` it is, and in ``do`` the next command."""

    level: Level
    what: str
    words: str
    where: str | None = None
    do: str | None = None


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    level: str
    what: str
    words: str
    where: str | None
    do: str | None


def ok(what: str, words: str, where: str | None = None) -> Finding:
    """Return that it is well."""
    return Finding(Level.OK, what, words, where)


def warning(what: str, words: str, where: str | None = None, *, do: str) -> Finding:
    """Return that it may go wrong."""
    return Finding(Level.WARNING, what, words, where, do)


def problem(what: str, words: str, where: str | None = None, *, do: str) -> Finding:
    """Return that it is wrong."""
    return Finding(Level.PROBLEM, what, words, where, do)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return them in order."""
    return tuple(sorted(findings, key=lambda one: one.level))


def as_json(findings: Iterable[Finding]) -> bytes:
    """Return them as an array of objects."""
    return msgspec.json.encode(
        [
            _Told(
                level=one.level.word,
                what=one.what,
                words=one.words,
                where=one.where,
                do=one.do,
            )
            for one in findings
        ]
    )
