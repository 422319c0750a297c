"""Which services a word stands for: a name, a group, a pattern, or all of them.

Daemon and client must agree on it, so the rule stands here.
"""

import difflib
import fnmatch
import re
from collections.abc import Collection, Mapping

ALL = "all"
OF_GROUP = ":*"

_LONGEST = 200
"""Characters of a pattern: two names and a colon have fewer."""

_NEAR = 3
_SHOWN = 5
_CUTOFF = 0.5
_WILD = re.compile(r"[*?\[]")


def is_pattern(word: str) -> bool:
    """Whether it is a glob, such as ``web-*``; no name has its characters."""
    return bool(_WILD.search(word.removesuffix(OF_GROUP)))


def named_by(word: str, known: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The services that are meant, in their own order; none where it means nothing.

    ``known``: each service's name and the groups that it is in. ``group:*`` means all
    of a group, and so does the group's name. A service that is in no group of its name
    is its own, as supervisord's users know it. A pattern is one of names, or of
    ``group:name``.
    """
    if word == ALL:
        return tuple(known)
    if word in known:
        return (word,)
    if is_pattern(word):
        return _matching(word, known) if len(word) <= _LONGEST else ()
    group = word.removesuffix(OF_GROUP)
    its_own = tuple(name for name, groups in known.items() if group in groups)
    return its_own or ((group,) if group in known else ())


def _matching(pattern: str, known: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    return tuple(
        name
        for name, groups in known.items()
        if any(
            fnmatch.fnmatchcase(full, pattern)
            for full in (name, *(f"{group}:{name}" for group in groups or (name,)))
        )
    )


def near(word: str, known: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The names of services and groups that were probably meant, the likeliest first.

    Where none is like a pattern, the first few that there are.
    """
    word = word[:_LONGEST]
    groups = (group for groups in known.values() for group in groups)
    names = tuple(dict.fromkeys((*known, *groups)))
    if not is_pattern(word):
        return tuple(difflib.get_close_matches(word.removesuffix(OF_GROUP), names, n=1))
    plain = _WILD.sub("", word)
    like = difflib.get_close_matches(plain, names, n=_NEAR, cutoff=_CUTOFF)
    return tuple(like) or names[:_SHOWN]


def no_such(kind: str, word: str, known: Mapping[str, Collection[str]]) -> str:
    """Say that there is none of that name, or that matches; and what was meant."""
    likely = near(word, known)
    if is_pattern(word):
        there = f"; there are: {', '.join(likely)}" if likely else ""
        if there and (left := len(known.keys() - set(likely))):
            there += f" and {left} more"
        return f"no {kind} matches {word[:_LONGEST]!r}{there}"
    meant = f"; did you mean {likely[0]}?" if likely else ""
    return f"there is no {kind} {word.removesuffix(OF_GROUP)[:_LONGEST]!r}{meant}"
