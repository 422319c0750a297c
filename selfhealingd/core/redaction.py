"""What must not leave this host in a text, and the text without it.

Three nets, one behind the other: what is configured as a secret, exactly, in each of
the encodings of ``forms``; what has the shape of a secret; what is too random to be
anything else. The first is a promise, and checked again by ``Redactor.check``; the
others are as good as their patterns. A word too many that is left out costs little.
"""

import base64
import binascii
import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from copy import copy
from functools import cache
from urllib.parse import quote, quote_plus

from selfhealingd.core.randomness import LONG_ENOUGH, looks_random
from selfhealingd.core.shapes import MARK, all_shapes

SHORTEST = 4
"""Characters: what is shorter than this stands in every text by chance."""

LONGEST = 2000
"""Characters of a line: patterns look at each of them many times."""

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})

LONGEST_KEY = 120
"""Lines: those of an RSA key of 8,192 bits are 101."""

_WORDS = frozenset(
    ("true", "false", "none", "null", "always", "never", "required", "enabled")
)
_CUT_LINE = "… ("
"""How ``core.evidence.plain`` marks where a line was cut."""


class RedactionError(Exception):
    """The text may still hold a secret; it must not be sent."""


def forms(secret: str) -> Iterator[str]:
    """Return how a secret may be written: plain, quoted, in URLs, hex and base64.

    Quoted as in JSON, also within JSON, by Python, by shells, in HTML and XML.
    Of base64 only the characters that are the secret's alone, so that it is found at
    each place of what was encoded with it: ``user:password``, say.
    """
    raw = secret.encode("utf-8", "surrogateescape")
    printable = "".join(char if char.isprintable() else "?" for char in secret)
    as_json = json.dumps(secret)[1:-1]
    yield from (secret, printable, as_json, json.dumps(as_json)[1:-1])
    yield from (json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1])
    yield re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", secret)
    yield from (secret.replace("'", put) for put in (r"'\''", "'\"'\"'"))
    html = secret.translate(_ENTITIES)
    yield from (html, html.replace("'", "&#39;"), html.replace("'", "&#x27;"))
    yield from (quote(raw, safe=""), quote(raw), quote_plus(raw))
    yield binascii.hexlify(raw).decode()
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(raw)) * 8 // 6
        standard = base64.b64encode(b"\0" * before + raw).decode()[skipped:whole]
        yield from (standard, standard.replace("+", "-").replace("/", "_"))
        yield from (quote(standard, safe=""),)


class Redactor:
    """Takes secrets out of lines; ``secrets`` are the exact ones that are known.

    Those of several lines are known by each of their longer lines as well.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known: dict[str, None] = {}
        for secret in secrets:
            for part in (secret.strip(), *secret.split("\n")):
                stripped = part.strip()
                if stripped == secret.strip() or len(stripped) >= LONG_ENOUGH:
                    known |= dict.fromkeys(_worth(stripped))
        found = {form for one in known for form in forms(one) if len(form) >= SHORTEST}
        self._forms = sorted(found)
        self._folded = [(form.casefold(), form) for form in self._forms]
        self._shapes = all_shapes()

    def narrowed(self, text: str) -> "Redactor":
        """Return one that is as good for parts of ``text``, and quicker at it.

        Of thousands of forms hardly one is in a text: finding out which is a hundred
        times as quick as a pattern of them all.
        """
        folded = text.casefold()
        narrow = copy(self)
        here = [one for one in self._folded if one[0] in folded]
        narrow._folded = here  # noqa: SLF001 - another of our own kind
        narrow._shapes = self._shapes.narrowed(folded)  # noqa: SLF001 - the same
        return narrow

    def lines(self, lines: Iterable[str], *, guess: bool = True) -> tuple[str, ...]:
        """Return them without secrets, a line each.

        Private keys lose all their lines, also where the first or the last one is not
        there. Without ``guess``, words stay that are random and may be anything.
        """
        lines = tuple(lines)
        narrow = self.narrowed("\n".join(lines))
        redacted: list[str] = []
        left = 0
        for line in lines:
            of_key = "PRIVATE KEY" in line
            if of_key and _BEGIN in line:
                left = LONGEST_KEY
            elif of_key and not left and _END in line:
                _take_back(redacted)
            inside = left > 0 or (of_key and _END in line)
            redacted.append(MARK if inside else narrow.line(line, guess=guess))
            left = 0 if _END in line else max(left - 1, 0)
        return tuple(redacted)

    def line(self, line: str, *, guess: bool = True) -> str:
        """Return one line without secrets."""
        if len(line) > LONGEST:
            line = f"{line[:LONGEST]}{_CUT_LINE}{len(line) - LONGEST} more)"
        whole = self._without_halves(line)
        left = self._exact(whole).sub(MARK, whole)
        left = self._shapes.without(left)
        if not guess:
            return left
        return _token().sub(lambda m: MARK if looks_random(m[0]) else m[0], left)

    def check(self, text: str) -> None:
        """Raise RedactionError if what is known exactly is in there after all."""
        if self._exact(text).search(text) is not None:
            raise RedactionError("a configured secret is left in what would be sent")

    def _exact(self, text: str) -> re.Pattern[str]:
        """Find those that may be in a text; the longest first, as one may hold another.

        Of hex and of percent-encoding either case is meant, so of all: it does no harm.
        A pattern of nothing matches nothing.
        """
        folded = text.casefold()
        found = [form for fold, form in self._folded if fold in folded]
        words = "|".join(re.escape(form) for form in sorted(found, key=len)[::-1])
        return re.compile(words or r"(?!)", re.IGNORECASE)

    def _without_halves(self, line: str) -> str:
        """Take out the beginning of a secret where the line was cut inside it."""
        kept, cut, more = line.rpartition(_CUT_LINE)
        if not cut:
            return line
        longest = max(map(len, self._forms), default=0)
        for length in range(min(longest - 1, len(kept)), SHORTEST - 1, -1):
            half = kept[-length:]
            place = bisect_left(self._forms, half)
            if "".join(self._forms[place : place + 1]).startswith(half):
                return f"{kept[:-length]}{MARK}{cut}{more}"
        return line


def _worth(secret: str) -> Iterator[str]:
    short_number = secret.isdecimal() and len(secret) < SHORTEST + 2
    if len(secret) >= SHORTEST and secret.lower() not in _WORDS and not short_number:
        yield secret


def _take_back(lines: list[str]) -> None:
    """Take out what a key has of those lines, the last of which were its body."""
    for place in range(len(lines) - 1, max(len(lines) - LONGEST_KEY, 0) - 1, -1):
        if _body().fullmatch(lines[place]) is None:
            return
        lines[place] = MARK


_BEGIN, _END = "-----BEGIN", "-----END"


@cache
def _token() -> re.Pattern[str]:
    return re.compile(rf"[A-Za-z0-9+/_=-]{{{LONG_ENOUGH},}}")


@cache
def _body() -> re.Pattern[str]:
    return re.compile(rf"\s*[A-Za-z0-9+/=]{{1,76}}\s*|{re.escape(MARK)}")
