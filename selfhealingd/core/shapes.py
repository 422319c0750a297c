r"""How secrets look that nobody told us of: by what is around them, or by themselves.

Keys, flags and headers that say what their value is, in code, JSON (also JSON within
JSON), YAML, XML, logs in colour, URLs, environments and command lines; tokens that say
whose they are; text in base64 that holds one of these.

Words that follow such a key in every log (``token: expired``, ``password=None``), names
of classes and files, and places (``PWD=/srv``) stay, as they tell the cause.
"""

import base64
import re
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple

from selfhealingd.core.tokens import TOKENS

MARK = "[redacted]"

NAMES = (
    r"pass(?:word|wort|wd|phrase|code)|(?<!com)(?<!by)(?<!sur)(?<!tres)"
    r"(?!(?-i:PASS: ))passw?(?![a-z])"
    r"|pwd|psw|(?<![a-z])(?:pw|psk|salt|otp|pin)(?![a-z])|kennwort|contrase[nñ]a"
    r"|secret(?!ar)|(?<!unexpected )(?<!invalid )(?<!illegal )token(?!i[sz])"
    r"|(?:api|access|private|encryption|signing|shared|account|secret|master)[ _-]?key"
    r"|credential|cookie|sess(?:ion)?[ _-]?id|connect\.sid|signature|hmac"
)
"""Of keys, flags, variables and headers; to be looked for without regard to case."""

ENVIRONMENT = rf"{NAMES}|key|auth|dsn|webhook|cred"
"""Of variables and headers in a config, where a name means more than in a log."""

PLACES = r"(?:OLD)?PWD|\w+_(?:FILE|PATH|DIR|SOCK|SOCKET)"
"""Variables that hold where something is, which no message can do without."""

_PLAIN = (
    r"true|false|none|null|nil|undefined|yes|no|not|off|on|ok|set|unset|empty|missing"
    r"|invalid|valid|incorrect|wrong|expire[ds]|required|rejected|denied|failed|failure"
    r"|unknown|unsupported|mismatch|must|cannot|could|too|is|are|was|has|for|permission"
    r"|operation|input/output|errno|error|default|enabled|disabled|always|never"
    r"|parameter|string|str|bytes|int|number|boolean|bool|optional"
)
_CODE = (
    r"(?:self|this|cls|os|config|settings|conf|env|request|req|process)[.(\[]|get\w*\("
    r"|(?:password|passwd|token|secret)[,)]"
)
_ROOTS = r"etc|run|var|srv|home|opt|usr|tmp|proc|dev|root|mnt|data|app|secrets"
_NO_VALUE = (
    rf"(?!(?:\\{{0,8}}[\"'])?(?:(?:{_PLAIN})\.?(?=[\s,;:)\]}}\"'<&\\]|$)|{_CODE}"
    rf"|/(?:{_ROOTS})\b|\$\{{[\w:.-]+\}}|%\(\w+\)s|\*+(?![^\s*])))"
)
"""What follows a key in every log: words, code, places, what is to be filled in."""

_QUOTED = (
    r"(\\{1,8}[\"'])(?:(?!(?<!\\)\2).)*(?:\2)?"
    r"|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?"
)
_VALUE = (
    rf"{_NO_VALUE}(?:[bru]{{1,2}}(?=[\"']))?"
    rf"(?:{_QUOTED}|\[[^\]\n]*\]?|[^\s,;&\"'<>(){{}}\[\]][^\s,;&\"'<>]{{3,}})"
)
"""In quotes up to their end, else a word of four characters or more; has group 2."""

_NO_SECRETS = (
    r"(?![\w-]{0,30}?(?:errors?|exceptions?|warning|service|filter|encoder|manager"
    r"|provider|handler|factory|utils?|impl|controller|validator|interceptor|repository"
    r"|resolver|policy|types?|names?|file|path|dir|ttl|len|length|count|limit|lifetime"
    r"|expir\w*)(?![a-z])|s[\"']?\s{0,3}[:=]\s{0,3}\d)"
)
"""How names end of what has to do with secrets and is none; counts of tokens, too."""

_COLOUR = r"(?:(?:[\x1b?]|\\u001b|\\x1b)\[[\d;]{0,10}m){0,3}"
_AFTER_KEY = (
    rf"{_COLOUR}\\{{0,8}}[\"']?\]?{_COLOUR}\s{{0,3}}(?:=>|:=|[:=]|%3[ADad]){_COLOUR}"
    rf"\s{{0,3}}{_COLOUR}"
)
_VARIABLE = (
    r"(?:PASS(?:WORD|WD|PHRASE)?|_P?PWD?|SECRET|TOKEN|KEY|AUTH|DSN|CREDENTIALS?|CREDS?"
    r"|WEBHOOK(?:_URL)?)"
)


_KEYS = (
    *("pass", "pwd", "psw", "pw", "psk", "salt", "otp", "pin", "kennwort", "contrase"),
    *("secret", "token", "key", "credential", "cookie", "sess", "connect.sid"),
    *("signature", "hmac", "auth"),
)
_VARIABLES = ("pass", "pw", "secret", "token", "key", "auth", "dsn", "cred", "webhook")


class Shape(NamedTuple):
    """One way: ``hints``, one of which is in each text that has it, folded.

    Of what ``pattern`` finds its first group stays.
    """

    hints: tuple[str, ...]
    pattern: str


def _shape(hints: tuple[str, ...], *pattern: str) -> Shape:
    return Shape(hints, "".join(pattern))


_IN_URLS = (
    _shape(
        ("://",),
        r"((?<=://))[^\s/@:\"'<>\[]{0,200}:(?!\d{1,5}[/?#])[^\s\"'<>]{1,200}(?=@)",
    ),
    _shape(("://",), r"((?<=://))(?=[^\s/@]*\d)[^\s/@:\"'<>]{16,200}(?=@)"),
    _shape(
        ("?", "&", "u0026"),
        r"(?i:((?:[?&;]|\\u0026)(?:[\w-]*key|sig|auth|code|hash)(?:=|%3D)))",
        r"[^\s&\"'<>\\;]{8,}",
    ),
    _shape(
        ("@tcp(", "@unix("), r"(\b[\w.-]{1,60}:)[^\s@\"']{1,200}(?=@(?:tcp|unix)\()"
    ),
    _shape(
        ("jdbc:oracle", "sqlplus"),
        r"((?:oracle:\w+:|sqlplus )[^\s/@]{1,60}/)[^\s@]+(?=@)",
    ),
)
_IN_HEADERS = (
    _shape(
        ("authorization",),
        r"(?i)(authorization\\{0,8}[\"']?\s{0,3}[:=]\s{0,3})",
        r"(?!\s|\[redacted\]|(?:denied|failed|required|missing|invalid)\b)",
        rf"(?:{_QUOTED}|(?:=\\{{0,8}}\"[^\"\n]*\"|[^\"'\n])+)",
    ),
    _shape(
        ("cookie",),
        rf"(?i)(cookie2?\\{{0,8}}[\"']?\s{{0,3}}:\s{{0,3}})(?!\s|\[redacted\]){_NO_VALUE}",
        rf"(?:{_QUOTED}|[^\n]+)",
    ),
    _shape(
        ("bearer",),
        r"(?i)(\bbearer[\s:=]{1,3})(?!tokens?\b|auth|scheme|realm|error)[\w.~+/=-]{8,}",
    ),
    _shape(
        ("basic",),
        r"((?i:\bbasic)\s{1,3})(?![A-Za-z]?[a-z-]*(?![\w.~+/=-]))[\w.~+/=-]{8,}",
    ),
    _shape(
        ("auth ",),
        r"(\bAUTH (?:(?:PLAIN|LOGIN|XOAUTH2) )?)(?!PLAIN|LOGIN|CRAM)[\w+/=]{8,}",
    ),
    _shape(
        _KEYS,
        r"(?i)(\((?:b[\"']|[\"'](?=\w{1,30}-))",
        rf"[\w-]{{0,30}}(?:{NAMES})[\w-]{{0,20}}[\"'],\s{{0,3}}b?[\"'])",
        r"[^\"'\n]+(?=[\"']\))",
    ),
)
_BY_KEY = (
    _shape(
        _VARIABLES,
        r"(?m)(^\s{0,8}(?:export |declare -x )?(?!(?:OLD)?PWD=)\w{0,60}?",
        rf"{_VARIABLE}=)",
        rf"{_NO_VALUE}[^\n]{{4,}}",
    ),
    _shape(_VARIABLES, rf"((?<!\w)[A-Z0-9_]{{0,60}}?{_VARIABLE}=)(?!/){_VALUE}"),
    _shape(
        _KEYS,
        rf"(?i)((?:{NAMES}|(?<=[\"'])_?auth(?=\\{{0,8}}[\"'])|(?<![a-z])_auth(?==))",
        rf"{_NO_SECRETS}[\w-]{{0,20}}{_AFTER_KEY}){_VALUE}",
    ),
    _shape(
        ("</",),
        rf"(?i)(<[\w:-]{{0,30}}(?:{NAMES})[\w-]{{0,20}}>\s{{0,3}})[^<\s][^<]*",
    ),
)
_IN_COMMANDS = (
    _shape(
        _KEYS,
        rf"(?i)((?<![^\s\"'\[(,=])--?[\w-]{{0,40}}(?:{NAMES})",
        rf"{_NO_SECRETS}[\w-]{{0,20}}"
        rf"(?:\s{{1,3}}|\\{{0,8}}[\"'],\s{{0,3}}(?=[\\\"'])))(?![\"']?-){_VALUE}",
    ),
    _shape(
        ("mysql", "mariadb"),
        r"(\b(?:mysql|mariadb)[\w-]*\b[^\n|;]{0,200}?[\s\"']-p)[^\s\"']+",
    ),
    _shape(("sshpass",), r"(\bsshpass[\"',\s]+-p[\"',\s]*)[^\s\"']+"),
    _shape(
        ("login",),
        rf"(\blogin\b[^\n|;]{{0,200}}?[\s\"']-p(?:\s{{1,3}}|[\"'],\s?)){_VALUE}",
    ),
    _shape(
        ("redis-cli",),
        r"(\bredis-cli\b[^\n|;]{0,200}?[\s\"']-a[\"',\s]{1,4})[^\s\"']+",
    ),
    _shape(("ldap",), r"(\bldap\w+\b[^\n|;]{0,200}?[\s\"']-w[\"',\s]{1,4})[^\s\"']+"),
    _shape(
        ("-u", "--user", "--proxy-user"),
        r"((?<![^\s\"'\[(,])(?:-u|--user|--proxy-user)[\\\"',=\s]{1,8}[^\s:\"']{1,60}:)",
        r"(?!\d{1,10}(?![^\s\"']))[^\s\"']+",
    ),
    _shape(
        ("aws",), r"((?i:aws_secret_access_key|aws_session_token)\s{1,3})[^\s\"']{4,}"
    ),
)
_IN_WORDS = (
    _shape(
        ("password is", "password was", "passphrase is", "secret is", "token is"),
        r"(?i)((?:password|passphrase|secret|token) (?:is|was):? )",
        r"(?:\"[^\"]+\"?|'[^']+'?|(?=\S*[\d!$%^*#])\S{4,})",
    ),
    _shape(
        ("password",),
        r"(?i)((?:temporary|generated|initial|new|random|default) password\b",
        rf"[^\n:=]{{0,60}}[:=]\s{{1,3}}){_VALUE}",
    ),
    _shape(
        ("password '", "identified ", "set password"),
        r"(?i)((?:\bpassword|\bidentified (?:with \S+ )?(?:by|as)(?: password)?",
        r"|\bset password [^\n=]{0,60}=) {0,3})'[^']*'?",
    ),
    _shape(("login",), r"(\blogin\s{1,3}\S{1,100}\s{1,3}password\s{1,3})\S+"),
    _shape(
        ("requirepass", "masterauth", "bindpw", "rootpw"),
        r"(?i)(\b(?:requirepass|masterauth|bindpw|rootpw)[\s:=]{1,4})\S+",
    ),
    _shape(("> pass ",), r"(> PASS )\S+"),
    _shape(("$",), r"(\$(?:2[abxy]|1|5|6|7|y|apr1|argon2\w{1,2})\$)[^\s:,;\"']{8,}"),
)


class Shapes:
    """Takes what has one of some shapes out of lines."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self._shapes = tuple(shapes)

    def narrowed(self, folded: str) -> "Shapes":
        """Return those that are as good for parts of a text, which is folded."""
        return Shapes(self._in(folded))

    def without(self, line: str) -> str:
        """Return a line without secrets, ``MARK`` in their places."""
        return _in_base64(self._plainly(line))

    def hidden(self, text: str) -> Iterator[str]:
        """Find secrets, without their quotes."""
        for shape in self._in(text.casefold()):
            for found in _compiled(shape.pattern).finditer(text):
                yield found[0][len(found[1]) :].strip("\\\"'")

    def has(self, text: str) -> bool:
        """Whether there is a secret in a text, as it is."""
        return self._plainly(text) != text

    def _in(self, folded: str) -> Iterator[Shape]:
        return (
            one for one in self._shapes if any(hint in folded for hint in one.hints)
        )

    def _plainly(self, line: str) -> str:
        for shape in self._in(line.casefold()):
            line = _compiled(shape.pattern).sub(rf"\g<1>{MARK}", line)
        return line


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Made when it is needed: some take milliseconds, and most never are."""
    return re.compile(pattern)


@cache
def all_shapes() -> Shapes:
    """Return those that are known."""
    tokens = _shape(
        tuple(chain.from_iterable(hints for hints, _ in TOKENS)),
        rf"(\b)(?:{'|'.join(pattern for _, pattern in TOKENS)})",
    )
    return Shapes(
        (tokens, *_IN_URLS, *_IN_HEADERS, *_BY_KEY, *_IN_COMMANDS, *_IN_WORDS)
    )


def _in_base64(line: str) -> str:
    word = _compiled(r"[A-Za-z0-9+/_-]{16,}={0,2}")
    return word.sub(lambda found: MARK if _holds(found[0]) else found[0], line)


def _holds(word: str) -> bool:
    """Whether a word is text in base64 in which there is a secret."""
    standard = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except NotBase64:
        return False
    if not raw.isascii():
        return False
    text = raw.decode().replace("\n", " ")
    return text.isprintable() and all_shapes().has(text)
