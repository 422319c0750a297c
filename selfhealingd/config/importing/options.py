"""One option of a program, one key of ours, or a comment with what to do instead."""

import signal
from collections.abc import Callable, Mapping

import msgspec

from selfhealingd.config import accounts
from selfhealingd.config.importing import advice
from selfhealingd.config.importing.document import Key, Note
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import fixed, rendered, variables
from selfhealingd.config.mistakes import likely

_TRUE = frozenset({"yes", "true", "on", "1"})
_FALSE = frozenset({"no", "false", "off", "0"})
_MOST = 1_000_000
_FARTHEST = 99_999
_ALL_BITS = 0o777
_LARGEST_CODE = 255
_SIZES = {"kb": "KiB", "mb": "MiB", "gb": "GiB"}
_STREAMS = {
    "/dev/fd/1": "/dev/stdout",
    "/proc/self/fd/1": "/dev/stdout",
    "/dev/fd/2": "/dev/stderr",
    "/proc/self/fd/2": "/dev/stderr",
}

Reader = Callable[[str], object]


def boolean(text: str) -> bool:
    """Return what supervisord takes for true or false; raises ``Unusable``."""
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise Unusable("neither true nor false")


def integer(text: str) -> int:
    """Return a whole number; raises ``Unusable``."""
    try:
        return int(text)
    except ValueError:
        raise Unusable("not a whole number") from None


def between(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers that takes the nearest that we know."""

    def read(text: str) -> int:
        return max(lowest, min(integer(text), highest))

    return read


def autorestart(text: str) -> str:
    """Return our word for when to start again; raises ``Unusable``."""
    if text.lower() == "unexpected":
        return "unexpected"
    return "always" if boolean(text) else "never"


def exitcodes(text: str) -> list[int]:
    """Return a list of exit codes; raises ``Unusable``."""
    codes = [integer(part) for part in text.split(",")] if text else []
    if any(not 0 <= code <= _LARGEST_CODE for code in codes):
        raise Unusable("exit codes are from 0 to 255")
    return codes


def stopsignal(text: str) -> str:
    """Return a signal's name without SIG; raises ``Unusable``."""
    try:
        if text.lstrip("+-").isdecimal():
            return signal.Signals(int(text)).name.removeprefix("SIG")
        name = text.strip().upper().removeprefix("SIG")
        return signal.Signals[f"SIG{name}"].name.removeprefix("SIG")
    except (KeyError, ValueError):
        raise Unusable("there is no such signal") from None


def octal(text: str) -> str:
    """Return permission bits as we write them; raises ``Unusable``."""
    try:
        bits = int(text, 8)
    except ValueError:
        raise Unusable("not an octal number") from None
    if not 0 <= bits <= _ALL_BITS:
        raise Unusable("more than 0777")
    return f"{bits:03o}"


def size(text: str) -> int | str:
    """Return a size; supervisord's KB, MB and GB are 1024 times each other."""
    unit = _SIZES.get(text[-2:].lower())
    number = integer(text[:-2] if unit else text)
    if number < 0:
        raise Unusable("less than 0")
    return f"{number}{unit}" if unit and number else number


def user(text: str) -> str:
    """Return a user's name or number as it is."""
    if not text:
        raise Unusable("empty")
    return text


SIMPLE: dict[str, Reader] = {
    "autostart": boolean,
    "autorestart": autorestart,
    "exitcodes": exitcodes,
    "startsecs": between(0, _MOST),
    "startretries": between(0, _MOST),
    "stopsignal": stopsignal,
    "stopwaitsecs": between(0, _MOST),
    "stopasgroup": boolean,
    "killasgroup": boolean,
    "priority": between(-_FARTHEST, _FARTHEST),
    "user": user,
    "umask": octal,
    "redirect_stderr": boolean,
    "stdout_logfile_maxbytes": size,
    "stdout_logfile_backups": between(0, _MOST),
    "stderr_logfile_maxbytes": size,
    "stderr_logfile_backups": between(0, _MOST),
}
"""The options that stand for themselves, by how they are read."""

ROTATION = tuple(option for option in SIMPLE if "_logfile_" in option)
"""Those of them that are about log files."""

ORDER = (
    "command",
    "process_name",
    "numprocs",
    "numprocs_start",
    "directory",
    *SIMPLE,
    "stdout_logfile",
    "stderr_logfile",
    "environment",
    *advice.PROGRAM,
)
"""All options of a program, in the order in which a reader expects them."""

# What other keys are compared with is not among these: it is settled now.
_LATE = frozenset({"autostart", "user", "umask", "stopsignal"})
_NUMBERS = frozenset({"startsecs", "startretries", "stopwaitsecs", "priority"})


def simple(option: str, template: str, environ: Mapping[str, str]) -> Key | Note:
    """Return the line for one of ``SIMPLE``.

    A value that is a variable stays one where any value of it would mean the same.
    """
    read = SIMPLE[option]
    names = variables(template)
    try:
        if names and _stays(option, template, environ):
            value: object = rendered(template, environ)
        else:
            value = read(fixed(template, environ).strip())
    except Unusable as error:
        return Note(f"{shown(option, template)}: {error}; left out")
    notes = [_unset(names, environ), _about(option, value)]
    if option in _NUMBERS and not names and value != integer(template):
        notes.append(f"was {template}")
    note = "; ".join(filter(None, notes))
    return Key(option, value, note)


def _stays(option: str, template: str, environ: Mapping[str, str]) -> bool:
    """Tell whether a value with a variable in it may be written with the variable.

    That is so where we read any value as supervisord does. Raises ``Unusable`` for one
    that neither can read.
    """
    if option in _LATE:
        if not _unset(variables(template), environ):
            SIMPLE[option](fixed(template, environ).strip())
        return True
    if option not in _NUMBERS:
        return False
    now = fixed(template, environ)
    return str(SIMPLE[option](now)) == now


def _about(option: str, value: object) -> str:
    if option != "user" or "${" in str(value):
        return ""
    try:
        accounts.user(str(value))
    except accounts.Unknown as error:
        return str(error)
    return ""


def _unset(names: list[str], environ: Mapping[str, str]) -> str:
    missing = sorted({name for name in names if name not in environ})
    what = " and ".join(missing)
    return advice.NOT_HERE.format(what=what) if missing else ""


def unset(template: str, environ: Mapping[str, str]) -> str:
    """Return what is to be said about a template's variables; empty when nothing."""
    return _unset(variables(template), environ)


def instead(option: str, written: str) -> Note:
    """Return the comment for an option that we have no key for."""
    if option not in advice.PROGRAM:
        hint = likely(option, ORDER)
        return Note(
            ": ".join(filter(None, [shown(option, written), advice.UNKNOWN, hint]))
        )
    if written.lower() in advice.IDLE[option]:
        return Note(f"{shown(option, written)}: nothing to do")
    return Note(f"{shown(option, written)}: {advice.PROGRAM[option]}")


def logfile(template: str) -> str:
    """Return a log file's name, supervisord's special ones in our spelling."""
    match template.lower():
        case "none" | "off":
            return "NONE"
        case "auto":
            return "AUTO"
        case "/dev/null":
            return "NONE"
        case _:
            return _STREAMS.get(template, template)


def shown(option: str, written: str) -> str:
    """Return ``option=value`` as it stood there, for a comment; marks made readable."""
    return f"{option}={show(written)}"


def show(template: str) -> str:
    """Return a template as supervisord's user knows it."""
    parts = template.split("\0")
    parts[1::2] = [f"%(ENV_{name})s" for name in parts[1::2]]
    return " ".join("".join(parts).split())


class Numbers(msgspec.Struct, frozen=True):
    """How many processes, and the number of the first."""

    numprocs: int = 1
    start: int = 0

    @property
    def range(self) -> range:
        """The processes' numbers."""
        return range(self.start, self.start + self.numprocs)
