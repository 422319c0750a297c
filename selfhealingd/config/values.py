"""One written value in, one typed value out.

Each function takes a TOML value and returns what it means, or raises ``Expected`` with
what should have stood there. Numbers and booleans may also be strings, because that is
what a variable such as ``"${PORT}"`` expands to.
"""

import math
import re
import resource
import shlex
import signal
from collections.abc import Callable
from decimal import Decimal
from typing import Literal, TypeGuard

from selfhealingd.config.mistakes import likely
from selfhealingd.core.listening import SocketAs
from selfhealingd.core.policy import Autorestart, Preventive

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_PART = r"(?:([0-9]{{1,12}}(?:\.[0-9]{{1,9}})?){unit})?"
_DURATION = re.compile(
    "".join(_PART.format(unit=u) for u in ("d", "h", "m", "s", "ms"))
)
_UNIT_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_UNIT = re.compile(r"[A-Za-z0-9:_\\@][A-Za-z0-9:_.\\@-]{0,240}")
_OTHER_UNITS = (".socket", ".target", ".timer", ".path", ".mount", ".slice", ".scope")
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_LONGEST = 10 * 366 * 86400.0
_SIZE = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?) ?([A-Za-z]{0,3})")
_ADDRESS = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9_.-]*)):(?P<port>[0-9]{1,5})"
)
_LAST_PORT = 65535
_SHA256 = re.compile(r"sha256:([0-9A-Fa-f]{64})")
_OCTAL = re.compile(r"(?:0o)?[0-7]{1,4}")
_ALL_BITS = 0o777
_BIGGEST = 2**63 - 1
TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
SIGNALS = {one.name.removeprefix("SIG"): int(one) for one in signal.Signals}
RLIMITS = {
    name.removeprefix("RLIMIT_").lower(): getattr(resource, name)
    for name in dir(resource)
    if name.startswith("RLIMIT_")
}
_SIGNAL_LIKE = re.compile(r"[A-Z0-9+-]+")
_FACTORS = {"": 1, "b": 1}
for _power, _prefix in enumerate("kmgtp", start=1):
    _FACTORS |= {f"{_prefix}b": 1000**_power, f"{_prefix}ib": 1024**_power}


class Expected(ValueError):
    """The value is not what it should be; ``what`` completes "expected …"."""

    def __init__(self, what: str, suggestion: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.suggestion = suggestion


def text(value: object) -> str:
    """Return a string as it is."""
    if isinstance(value, str):
        return value
    raise Expected("a string")


def boolean(value: object) -> bool:
    """Return a boolean, also from ``"yes"``, ``"off"``, ``"1"`` and their like."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    raise Expected("true or false")


def integer(lowest: int, highest: int) -> Callable[[object], int]:
    """Return a reader of whole numbers from ``lowest`` to ``highest``."""

    def read(value: object) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if _is_integer(value) and lowest <= value <= highest:
            return value
        raise Expected(f"a whole number from {lowest} to {highest}")

    return read


def share(value: object) -> float:
    """Return a share: a number from 0 to 1."""
    number = _number(value)
    if number is not None and 0.0 <= number <= 1.0:
        return number
    raise Expected("a share from 0 to 1")


def amount(value: object) -> float:
    """Return an amount of money: a number from 0."""
    number = _number(value)
    if number is not None and number >= 0:
        return number
    raise Expected("a number from 0, such as 1 or 0.25")


def duration(value: object) -> float:
    """Return seconds: from a number of them or a string such as ``"1h30m"``."""
    number = _number(value)
    if number is None and isinstance(value, str):
        number = _duration_in_words(value)
    if number is None or number < 0:
        raise Expected('a duration such as 1 or "10s"')
    if number > _LONGEST:
        raise Expected("a duration of at most ten years")
    return number


def positive_duration(value: object) -> float:
    """Return seconds, more than zero."""
    seconds = duration(value)
    if seconds > 0:
        return seconds
    raise Expected('a duration longer than 0, such as 1 or "10s"')


def size(value: object) -> int:
    """Return bytes: from a number of them or a string such as ``"500MiB"``.

    ``"1MB"`` is a million bytes, ``"1MiB"`` 1048576; a bare ``M`` could be taken for
    either and is refused.
    """
    number = value
    if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
        factor = _FACTORS.get(found[2].lower())
        if factor is not None:
            number = round(Decimal(found[1]) * factor)
    if _is_integer(number) and 0 <= number <= _BIGGEST:
        return number
    raise Expected('a size such as 1024 or "500MiB"')


def signal_number(value: object) -> int:
    """Return a signal's number, from ``"TERM"``, ``"SIGTERM"`` or ``15``."""
    suggestion = ""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, str):
        name = value.upper().removeprefix("SIG")
        if name in SIGNALS:
            return SIGNALS[name]
        suggestion = likely(name, SIGNALS)
    if _is_integer(value) and value in signal.valid_signals():
        return int(value)
    raise Expected('a signal such as "TERM" or 15', suggestion)


def octal(value: object) -> int:
    """Return permission bits, from ``"022"`` or ``0o22``, at most 0777."""
    if isinstance(value, str) and _OCTAL.fullmatch(value):
        value = int(value.removeprefix("0o"), 8)
    if _is_integer(value) and 0 <= value <= _ALL_BITS:
        return value
    raise Expected('octal permission bits such as "022" or 0o22')


def exitcodes(value: object) -> frozenset[int]:
    """Return exit codes, from one number or a list of them."""
    code = integer(0, 255)
    try:
        return frozenset(code(item) for item in _listed(value))
    except Expected:
        raise Expected("a list of exit codes from 0 to 255, such as [0, 2]") from None


def autorestart(value: object) -> Autorestart:
    """Return when to start again; true is "always" and false "never"."""
    word = str(value).lower() if isinstance(value, bool) else value
    if word in ("true", "false"):
        return Autorestart.ALWAYS if word == "true" else Autorestart.NEVER
    return Autorestart(_autorestart_word(word))


def one_of(*words: str) -> Callable[[object], str]:
    """Return a reader that takes one of ``words``, in any case."""

    def read(value: object) -> str:
        if isinstance(value, str) and value.lower() in words:
            return value.lower()
        close = likely(value, words) if isinstance(value, str) else ""
        raise Expected("one of " + ", ".join(f'"{word}"' for word in words), close)

    return read


def autostart(value: object) -> bool | Literal["on-connection"]:
    """Return whether to start with the daemon, or with the first connection."""
    if value == "on-connection":
        return "on-connection"
    try:
        return boolean(value)
    except Expected:
        close = likely(value, ["on-connection"]) if isinstance(value, str) else ""
        raise Expected('true, false or "on-connection"', close) from None


def socket_as(value: object) -> SocketAs:
    """Return how sockets are handed down."""
    return SocketAs(_socket_as_word(value))


def preventive(value: object) -> Preventive:
    """Return what is done about predictions."""
    return Preventive(_preventive_word(value))


def unit(value: object) -> str:
    """Return the name of a service unit; the suffix may be left out."""
    usable = isinstance(value, str) and _UNIT.fullmatch(value)
    if usable and isinstance(value, str) and not value.endswith(_OTHER_UNITS):
        return value if value.endswith(".service") else f"{value}.service"
    raise Expected('a service unit such as "nginx.service"')


def split_reload(value: object) -> object:
    """Split a command as ``split`` does; leave what is meant as a signal as it is."""
    plain = isinstance(value, str) and _SIGNAL_LIKE.fullmatch(value)
    return value if plain else split(value)


def reload_by(value: object) -> int | tuple[str, ...]:
    """Return a signal's number or a command's words."""
    return signal_number(value) if isinstance(value, str | int) else command(value)


_preventive_word = one_of(*(one.value for one in Preventive))


_autorestart_word = one_of(*(one.value for one in Autorestart))


_socket_as_word = one_of(*(one.value for one in SocketAs))


def strings(value: object) -> tuple[str, ...]:
    """Return several strings, from a list or from a single one."""
    items = _listed(value)
    if all(isinstance(item, str) and item for item in items):
        return tuple(str(item) for item in items)
    raise Expected("a list of strings")


def command(value: object) -> tuple[str, ...]:
    """Return a command's words: a list, in which the first is the program."""
    if isinstance(value, list) and value and value[0]:
        words = tuple(item for item in value if isinstance(item, str))
        if len(words) == len(value):
            return words
    raise Expected('a command such as ["prog", "arg"] or "prog arg"')


def split(value: object) -> object:
    """Split a string into words as a shell would; leave anything else alone.

    Splitting comes before expansion, so that a variable never becomes two words.
    """
    if not isinstance(value, str):
        return value
    try:
        return shlex.split(value)
    except ValueError as error:
        problem = str(error)[:1].lower() + str(error)[1:]
        raise Expected(f"a command that a shell could split ({problem})") from None


def path(value: object) -> str:
    """Return a path, absolute or relative; ``~`` is refused, not expanded."""
    if isinstance(value, str) and value:
        if value.startswith("~"):
            raise Expected("a path without ~", 'write "${HOME}/…"')
        return value
    raise Expected("a path")


def pattern(value: object) -> str:
    """Return a regular expression, as Python's ``re`` takes it."""
    if not isinstance(value, str) or not value:
        raise Expected('a regular expression such as "listening on"')
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise Expected(f"a regular expression ({error})") from None
    return value


def address(value: object) -> tuple[str, int]:
    """Return host and port, from ``"host:port"``, ``"[::1]:port"`` or ``":port"``."""
    if isinstance(value, str) and (found := _ADDRESS.fullmatch(value)):
        port = int(found["port"])
        if 0 < port <= _LAST_PORT:
            return found["six"] or found["host"], port
    raise Expected('a host and a port such as "127.0.0.1:8000"')


def certificate(value: object) -> str | tuple[str, int]:
    """Return where a certificate is: a file's path, or a server's host and port."""
    try:
        return address(value)
    except Expected:
        if isinstance(value, str) and value and not value.startswith("~"):
            return value
    raise Expected('a path, or a host and a port such as "example.org:443"')


def checksum(value: object) -> str:
    """Return ``unchanged``, or the 64 hexadecimal digits after ``sha256:``."""
    if value == "unchanged":
        return "unchanged"
    if isinstance(value, str) and (found := _SHA256.fullmatch(value)):
        return found[1].lower()
    close = likely(value, ["unchanged"]) if isinstance(value, str) else ""
    raise Expected('"unchanged", or "sha256:" and 64 hexadecimal digits', close)


def rlimit(value: object) -> tuple[int, int]:
    """Return (soft, hard), -1 for unlimited, from one value or a list of two."""
    values = value if isinstance(value, list) else [value, value]
    if len(values) != 2:  # noqa: PLR2004 - soft and hard
        raise Expected('a limit such as 4096, "1GiB", "unlimited" or [soft, hard]')
    soft, hard = _limit(values[0]), _limit(values[1])
    if hard >= 0 and not 0 <= soft <= hard:
        raise Expected("a soft limit that is not above the hard one")
    return soft, hard


def _limit(value: object) -> int:
    if isinstance(value, str) and value.lower() in {"unlimited", "infinity"}:
        return resource.RLIM_INFINITY
    try:
        return size(value)
    except Expected:
        raise Expected(
            'a limit such as 4096, "1GiB", "unlimited" or [soft, hard]'
        ) from None


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> float | None:
    """Return a plain number, also from a string; None for anything else."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if _is_integer(value):
        return float(max(-1, min(value, _BIGGEST)))
    return None


def _duration_in_words(written: str) -> float | None:
    """Return the seconds of a string such as ``"1h30m"``; None if it is not one."""
    found = _DURATION.fullmatch(written)
    if found is None or not any(found.groups()):
        return None
    return math.fsum(
        float(amount) * seconds
        for amount, seconds in zip(found.groups(), _UNIT_SECONDS, strict=True)
        if amount
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
