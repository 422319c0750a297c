"""What must not leave this host in a text, and the text without it.

Three nets, one behind the other: what is configured as a secret, exactly, in each of
the encodings of ``forms``; what has the shape of a secret; what is too random to be
anything else. The first is a promise, and checked again by ``Redactor.check``; the
others are as good as their patterns. A word too many that is left out costs little.
"""

import base64
import binascii
import json
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from itertools import zip_longest
from urllib.parse import quote, quote_plus, unquote, urlsplit

MARK = "[redacted]"

SHORTEST = 4
"""Characters: what is shorter than this stands in every text by chance."""

LONGEST = 2000
"""Characters of a line: patterns look at each of them many times."""

_NAMES = (
    r"pass(?:word|wd|phrase|code)|pass(?![a-z])|pwd|secret|token|api[_-]?key"
    r"|(?:access|private|encryption|signing)[_-]?key|credential|cookie|session[_-]?id"
    r"|signature|(?<![a-z])(?:salt|otp|pin)(?![a-z])"
)
_ENVIRONMENT = rf"{_NAMES}|key|auth|dsn|webhook|cred"
_PLACES = r"(?:OLD)?PWD|\w+_(?:FILE|PATH|DIR|SOCK|SOCKET)"
"""Variables that hold where something is, which no message can do without."""

_WORDS = frozenset(
    ("true", "false", "none", "null", "always", "never", "required", "enabled")
)
_TOKENS = (
    r"sk-ant-[\w-]{8,}",
    r"sk-[\w-]{20,}",
    r"[sr]k_(?:live|test)_\w{10,}",
    r"gh[pousr]_\w{20,}",
    r"github_pat_\w{20,}",
    r"glpat-[\w-]{16,}",
    r"xox[abeprs]-[\w-]{10,}",
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    r"AIza[\w-]{30,}",
    r"ya29\.[\w-]{20,}",
    r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",
    r"npm_\w{30,}",
    r"hf_\w{20,}",
    r"pypi-[\w-]{20,}",
    r"SG\.[\w-]{16,}\.[\w-]{16,}",
    r"dop_v1_\w{20,}",
    r"AGE-SECRET-KEY-\w+",
)
"""How keys and tokens look that say whose they are."""

_CUT_LINE = "… ("
"""How ``core.evidence.plain`` marks where a line was cut."""

_SHORTEST_TOKEN = 8
_HOST = r"(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"

_LONG_ENOUGH, _RANDOM_BITS, _RANDOM_PATH_BITS, _RANDOM_HEX_BITS = 20, 3.6, 4.6, 2.8
"""Shannon's entropy in bits a character: words have 2 to 3.5, base64 of 24 random
bytes some 4.4; hex has 4 at most."""


class RedactionError(Exception):
    """The text may still hold a secret; it must not be sent."""


def of_environment(variables: Mapping[str, str]) -> Iterator[str]:
    """Find the values that are secrets, by their names or because they are random."""
    for name, value in variables.items():
        named = re.search(_ENVIRONMENT, name, re.IGNORECASE)
        place = value.startswith("/") and re.fullmatch(_PLACES, name, re.IGNORECASE)
        if (named and not place) or _looks_random(value):
            yield value
        yield from of_url(value)


def of_command(argv: Sequence[str]) -> Iterator[str]:
    """Find the values of a command's flags that are secrets."""
    for flag, following in zip_longest(argv, argv[1:], fillvalue=""):
        name, has_value, value = flag.partition("=")
        if re.search(_NAMES, name, re.IGNORECASE):
            if has_value:
                yield value
            elif flag.startswith("-") and not following.startswith("-"):
                yield following
        yield from of_url(flag)


def of_url(text: str) -> Iterator[str]:
    """Find the password in a URL."""
    try:
        password = urlsplit(text).password if "://" in text else None
    except ValueError:
        return
    if password:
        yield password


def of_address(url: str) -> Iterator[str]:
    """Find what of a notification's URL lets whoever has it write there, too.

    Where in it that stands is for each service to say: it may be the host or the path.
    So it is all that could be one, but for names of hosts and of people.
    """
    yield url
    yield from of_url(url)
    for part in re.split(r"[/:@?&=,;#]+", url.partition("://")[2]):
        told = unquote(part)
        if len(part) >= _SHORTEST_TOKEN and not re.fullmatch(_HOST, part):
            yield from (part, told) if told != part else (part,)


def of_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Find what headers of requests prove somebody's identity with."""
    for name, value in headers:
        if re.search(_ENVIRONMENT, name, re.IGNORECASE):
            yield value
            yield from value.split()[1:]  # without "Bearer"


def forms(secret: str) -> Iterator[str]:
    """Return how a secret may be written: plain, in JSON, URLs, hex and base64.

    Of base64 only the characters that are the secret's alone, so that it is found at
    each place of what was encoded with it: ``user:password``, say.
    """
    raw = secret.encode("utf-8", "surrogateescape")
    printable = "".join(char if char.isprintable() else "?" for char in secret)
    yield from (secret, printable, json.dumps(secret)[1:-1])
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
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
                if stripped == secret.strip() or len(stripped) >= _LONG_ENOUGH:
                    known |= dict.fromkeys(_worth(stripped))
        found = {form for one in known for form in forms(one) if len(form) >= SHORTEST}
        self._forms = sorted(found)
        self._folded = [(form.casefold(), form) for form in self._forms]

    def narrowed(self, text: str) -> "Redactor":
        """Return one that is as good for parts of ``text``, and quicker at it.

        Of thousands of forms hardly one is in a text: finding out which is a hundred
        times as quick as a pattern of them all.
        """
        folded = text.casefold()
        narrow = copy(self)
        here = [one for one in self._folded if one[0] in folded]
        narrow._folded = here  # noqa: SLF001 - another of our own kind
        return narrow

    def lines(self, lines: Iterable[str], *, guess: bool = True) -> tuple[str, ...]:
        """Return them without secrets, a line each; private keys lose all lines.

        Without ``guess``, words stay that are random and may be anything.
        """
        lines = tuple(lines)
        narrow = self.narrowed("\n".join(lines))
        redacted = []
        inside = False
        for line in lines:
            began = inside or (_BEGIN in line and "PRIVATE KEY" in line)
            inside = began and _END not in line
            redacted.append(MARK if began else narrow.line(line, guess=guess))
        return tuple(redacted)

    def line(self, line: str, *, guess: bool = True) -> str:
        """Return one line without secrets."""
        if len(line) > LONGEST:
            line = f"{line[:LONGEST]}{_CUT_LINE}{len(line) - LONGEST} more)"
        whole = self._without_halves(line)
        left = self._exact(whole).sub(MARK, whole)
        for pattern, put in _shapes():
            left = pattern.sub(put, left)
        if not guess:
            return left
        return _token().sub(lambda m: MARK if _looks_random(m[0]) else m[0], left)

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


_BEGIN, _END = "-----BEGIN", "-----END"


@cache
def _shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Made when they are needed; each with what takes the place of what it finds."""
    value = r"(?:\"[^\"]*\"?|'[^']*'?|[^\s,;&\"']+)"
    known = "|".join(_TOKENS)
    return (
        (re.compile(rf"\b(?:{known})"), MARK),
        (re.compile(r"(?<=://)[^\s/@:]{0,200}:[^\s/@]{1,200}(?=@)"), MARK),
        (
            re.compile(
                r"(authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?)[^\"'\n]+",
                re.IGNORECASE,
            ),
            rf"\1{MARK}",
        ),
        (
            re.compile(r"(cookie[\"']?\s{0,3}:\s{0,3})[^\n]+", re.IGNORECASE),
            rf"\1{MARK}",
        ),
        (
            re.compile(r"\b(bearer|basic)\s{1,3}[\w.~+/=-]{8,}", re.IGNORECASE),
            rf"\1 {MARK}",
        ),
        (
            re.compile(
                rf"((?:{_NAMES})\w{{0,20}}\\?[\"']?\s{{0,3}}(?:=>|[:=])\s{{0,3}}\\?){value}",
                re.IGNORECASE,
            ),
            rf"\1{MARK}",
        ),
        (
            re.compile(
                rf"((?<!\S)--?[\w-]{{0,40}}(?:{_NAMES})[\w-]{{0,20}}\s{{1,3}})(?!-){value}",
                re.IGNORECASE,
            ),
            rf"\1{MARK}",
        ),
    )


@cache
def _token() -> re.Pattern[str]:
    return re.compile(rf"[A-Za-z0-9+/_=-]{{{_LONG_ENOUGH},}}")


def _looks_random(text: str) -> bool:
    """Whether a word is too random for a name, a number or a path."""
    if re.fullmatch(r"[A-Za-z0-9+/_=-]+", text) is None:
        return False
    if "/" in text:
        if any(_random_word(part) for part in text.split("/")):
            return True
        mixed = all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        return mixed and len(text) >= _LONG_ENOUGH and _bits(text) >= _RANDOM_PATH_BITS
    return _random_word(text)


def _random_word(word: str) -> bool:
    if len(word) < _LONG_ENOUGH or word.isdecimal():
        return False
    if re.fullmatch(r"(?:0x)?[0-9a-fA-F-]+", word):
        return re.search("[0-9]", word) is not None and _bits(word) >= _RANDOM_HEX_BITS
    # Names of classes are as long and as mixed, but have no digits.
    digits = re.search("[0-9]", word) is not None
    longest = max(len(part) for part in re.split("[_=+-]", word))
    spoken = longest < _LONG_ENOUGH // 2
    return digits and not spoken and _bits(word) >= _RANDOM_BITS


def _bits(text: str) -> float:
    counted = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counted)
