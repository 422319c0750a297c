"""Logs: each line names its component, reads well at 3 am, and never holds the loop.

A component is a name such as ``CircuitBreaker``; debug lines of it are switched on by
``DEBUG=self-healing:circuit-breaker``, of all by ``DEBUG=self-healing:*``.
"""

import logging
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO, TypeAlias, cast

import msgspec

from selfhealingd.clock import utc_now
from selfhealingd.lean import absent, late
from selfhealingd.logwriter import Writer
from selfhealingd.wire.times import rfc3339

# The client needs rich, so it is installed; structlog would load it, with all that it
# needs (4 MiB), for a way to show tracebacks that is not ours.
# And asyncio, with what it needs (1.5 MiB), is for programs that run under that.
late("asyncio")
if sys.version_info >= (3, 12):
    # Else each record looks for its task in there.
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]
with absent("rich"):
    import structlog
    from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

Level: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]
Format: TypeAlias = Literal["console", "json"]
Fields: TypeAlias = MutableMapping[str, Any]
Render: TypeAlias = Callable[[Fields], bytes]

LEVELS: dict[str, int] = {
    "debug": 10,
    "info": 20,
    "warning": 30,
    "error": 40,
    "critical": 50,
}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_WIDTH = 18
_NAMESPACE = "self-healing:"
REPEAT_SECS = 10.0
_DIM, _RESET = "\x1b[2m", "\x1b[0m"
_COLOURS = {
    "debug": _DIM,
    "warning": "\x1b[33m",
    "error": "\x1b[31m",
    "critical": "\x1b[1;31m",
}
_NOT_EXTRA = frozenset({"at", "level", "component", "event", "exception"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BARE = re.compile(r"[^\s\"'=]+")


def get(component: str) -> FilteringBoundLogger:
    """Return the logger of a component; may be called before ``configure``."""
    return cast("FilteringBoundLogger", structlog.get_logger(component=component))


def configure(
    *,
    level: Level,
    fmt: Format,
    debug: str | None,
    stream: TextIO,
    color: bool = False,
    journal: bool = False,
) -> Writer:
    """Set logging up for this process; return what writes, whose ``run`` to start.

    ``debug``: the value of ``$DEBUG``. ``stream``: must have a file descriptor; it is
    written to directly. Without ``color`` the level is a word before the sentence.
    ``journal``: it leads to systemd's, which knows the time and is told the level.
    """
    render: Render = (
        render_json if fmt == "json" else _Console(color=color, stamped=not journal)
    )
    if journal:
        render = _for_journal(render)
    stream.flush()
    writer = Writer(stream.fileno(), notice=lambda lost: render(_notice(lost)))
    patterns = DebugPatterns(debug or "")
    lowest = "debug" if patterns.wanted else level

    def lines(_logger: WrappedLogger, _method: str, fields: Fields) -> bytes:
        return render(fields)

    processors: list[Processor] = [
        _Filter(LEVELS[level], patterns),
        _stamp,
        structlog.processors.format_exc_info,
        lines,
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[lowest]),
        logger_factory=lambda *_: _Sink(writer),
        cache_logger_on_first_use=False,
    )
    logging.lastResort = _Libraries()
    return writer


class _Libraries(logging.Handler):
    """What libraries log, as a line of ours; each library once in ``REPEAT_SECS``.

    trio tells of a lack of descriptors ten times a second, with a traceback.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record over."""
        words = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            words += f": {record.exc_info[1]}"
        now = time.monotonic()
        if now < self._said.get(record.name, -math.inf) + REPEAT_SECS:
            return
        self._said[record.name] = now
        get("Daemon").warning(words, library=record.name)


def wants_color(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Say whether colour is welcome: on a terminal, and nobody said NO_COLOR."""
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def debug_name(component: str) -> str:
    """Return what ``DEBUG`` calls a component: ``self-healing:circuit-breaker``."""
    return _NAMESPACE + _HUMP.sub("-", component).lower()


class DebugPatterns:
    """``$DEBUG`` as node's debug reads it: ``*`` matches all, ``-`` in front excludes.

    Patterns are separated by commas or blanks; an exclusion wins wherever it stands.
    A component may also be named as the log has it: ``self-healing:CircuitBreaker``.
    """

    def __init__(self, text: str) -> None:
        words = [word for word in re.split(r"[\s,]+", text) if word.strip("-")]
        self.wanted = [_pattern(w) for w in words if not w.startswith("-")]
        self._excluded = [_pattern(w[1:]) for w in words if w.startswith("-")]

    def match(self, component: str) -> bool:
        """Say whether a component's debug lines are wanted."""
        names = (debug_name(component), f"{_NAMESPACE}{component}")
        if _any(self._excluded, names):
            return False
        return _any(self.wanted, names)


def _any(patterns: Iterable[re.Pattern[str]], names: tuple[str, ...]) -> bool:
    return any(pattern.fullmatch(name) for pattern in patterns for name in names)


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, word.split("*"))))


class _Filter:
    """Drops what is below the level, but for debug lines that were asked for."""

    def __init__(self, level: int, patterns: DebugPatterns) -> None:
        self._level = level
        self._patterns = patterns

    def __call__(self, _logger: WrappedLogger, method: str, fields: Fields) -> Fields:
        low = LEVELS.get(method, self._level) < self._level
        if low and not self._patterns.match(str(fields.get("component", ""))):
            raise structlog.DropEvent
        return fields


def _stamp(_logger: WrappedLogger, method: str, fields: Fields) -> Fields:
    fields["at"] = utc_now()
    fields["level"] = method
    fields.setdefault("component", "Daemon")
    return fields


def _notice(lost: int) -> Fields:
    words = f"{lost} log lines were dropped: nobody took them in time"
    fields: Fields = {"component": "Daemon", "event": words}
    return _stamp(None, "warning", fields)


def escape(text: str) -> str:
    r"""Make control characters, and what else a terminal might obey, visible.

    They become ``\n``, ``\x1b``, ``\u202e``: a value can neither begin a line of its
    own nor paint the terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class _Console:
    """``13:09:01 SelfHealing        web: crashed pid=7``: local time.

    What goes to a file is read another day, so it has the date as well.
    """

    def __init__(self, *, color: bool, stamped: bool = True) -> None:
        self._color = color
        self._stamp = "%H:%M:%S " if color else "%Y-%m-%d %H:%M:%S "
        if not stamped:
            self._stamp = ""

    def __call__(self, fields: Fields) -> bytes:
        component = escape(str(fields["component"]))
        stamp = fields["at"].astimezone().strftime(self._stamp)
        start = f"{stamp}{component:<{_WIDTH}} "
        lines = [start + self._sentence(fields) + self._extras(fields)]
        # A traceback is worth its lines, and each of them can be grepped for.
        lines += [
            f"{start}| {escape(line)}"
            for line in str(fields.get("exception", "")).splitlines()
        ]
        return ("\n".join(lines) + "\n").encode()

    def _sentence(self, fields: Fields) -> str:
        level, sentence = fields["level"], escape(str(fields["event"]))
        if level == "info":
            return sentence
        if not self._color:
            return f"{level}: {sentence}"
        return f"{_COLOURS.get(level, '')}{sentence}{_RESET}"

    def _extras(self, fields: Fields) -> str:
        extras = "".join(
            f" {escape(key)}={_value(value)}"
            for key, value in fields.items()
            if key not in _NOT_EXTRA
        )
        return f"{_DIM}{extras}{_RESET}" if self._color and extras else extras


def _for_journal(render: Render) -> Render:
    """Begin each line with its priority, as sd-daemon(3) has it."""

    def lines(fields: Fields) -> bytes:
        mark = b"<%d>" % _PRIORITIES.get(fields["level"], _PRIORITIES["error"])
        return b"".join(
            mark + line for line in render(fields).splitlines(keepends=True)
        )

    return lines


def _value(value: object) -> str:
    text = str(value)
    if _BARE.fullmatch(text):
        return escape(text)
    return '"' + escape(text).replace('"', '\\"') + '"'


def render_json(fields: Fields) -> bytes:
    """Write one object a line: at, level, component, event, then the extras."""
    ordered = {
        "at": rfc3339(fields["at"]),
        "level": fields["level"],
        "component": fields["component"],
        "event": fields["event"],
    }
    whole = ordered | {k: v for k, v in fields.items() if k not in ordered}
    try:
        return msgspec.json.encode(whole, enc_hook=str) + b"\n"
    except (UnicodeEncodeError, TypeError, RecursionError, OverflowError):
        # Lone surrogates (bytes that are no text) and the like: a line in which values
        # are text and these are escaped is better than none.
        plain = {_text(key): _text(value) for key, value in whole.items()}
        return msgspec.json.encode(plain) + b"\n"


def _text(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


class _Sink:
    """What structlog calls with a line, by the level's name."""

    def __init__(self, writer: Writer) -> None:
        self.debug = self.info = self.warning = writer.put
        self.error = self.critical = writer.put
