"""Which incidents are the same to a model: a cache of diagnoses, never of permissions.

Two are the same where what would be sent differs in times, pids, ids and measured
values alone, and is asked in the same way. How long something took is measured; how
long it may take is not. What was said then holds now; whether anything may be done
about it is decided anew.
"""

import hashlib
import re
from collections.abc import Iterable

import msgspec

from selfhealingd.core.answer import Json
from selfhealingd.core.diagnosis import Line
from selfhealingd.wire.diagnosis import ReportDocument

MOST = 100
MAX_AGE = 7 * 86400.0
"""Seconds: programs and hosts change, and what was so last week may not be so now."""

_MEASURED = frozenset({"process", "host", "files"})
"""Parts in which no number is like another."""

_LEFT_OUT = frozenset({"samples"})

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
}
_DURATION = r"\b(\d+(?:\.\d+)?)\ ?(ns|us|ms|s|sec|second|min|minute|h|hour)s?\b"
_LIMIT = r"time[sd]?[ -]?out|deadline|limit|no answer in|\bwithin\b"

_PASSING = re.compile(
    _DURATION
    + r"""
    | \d{4}[-/]\d\d[-/]\d\d                           # dates
    | \b(?:mon|tue|wed|thu|fri|sat|sun)\b,?
    | \b\d{0,2}\ ?/?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)
      (?:/\d{4}|\ +\d{1,2})\b
    | t?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?:z|\ ?[+-]\d\d:?\d\d)?
    | \[\ *\d+\.\d+\]                                 # the kernel's stamps
    | \b(?:pid|tid|ppid|process|thread|worker|run)[\ =:#]*\d+
    | \[\d+\]                                         # syslog's pids
    | \b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b
    | \b0x[\da-f]+\b
    | \b(?=[a-f]*\d)[\da-f]{12,}\b
    | \b1[5-9]\d{8}(?:\.\d+|\d{3})?\b                 # seconds since 1970
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def fingerprint(service: str, asked: Json, lines: Iterable[Line]) -> str:
    """Return what same incidents of a service have in common.

    ``asked``: the body of the request, of which the messages are in ``lines``. A line
    that comes again tells nothing new, as a log has what earlier runs wrote.
    """
    how = {name: value for name, value in asked.items() if name != "messages"}
    own = re.compile(rf"\b{re.escape(service)}-\d+")
    what = {
        (line.part, _lasting(line, own)) for line in lines if line.part not in _LEFT_OUT
    }
    whole = msgspec.json.encode([service, how, sorted(what)], order="deterministic")
    return hashlib.sha256(whole).hexdigest()[:32]


def _lasting(line: Line, own: re.Pattern[str]) -> str:
    """Return what of a line is not of that moment alone."""
    words = line.words
    if re.search(_LIMIT, words, re.IGNORECASE):
        words = re.sub(_DURATION, _rounded, words, flags=re.IGNORECASE)
    words = _PASSING.sub("~", own.sub("~", words))
    return _NUMBER.sub("~", words) if line.part in _MEASURED else words


def _rounded(duration: re.Match[str]) -> str:
    """Say how long a limit is; what was measured at its end is a little longer."""
    return f"<{float(duration[1]) * _UNITS[duration[2].lower()]:.0e}>"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A diagnosis: of which incident, and when (seconds of wall time)."""

    key: str
    incident: str
    at: float
    report: ReportDocument


class Cache(msgspec.Struct, frozen=True):
    """Those that are known, oldest first."""

    known: tuple[Known, ...] = ()


def find(cache: Cache, key: str, now: float) -> Known | None:
    """Return what is known of the same incident, None if nothing is (any more)."""
    kept = _kept(cache, now)
    return next((one for one in reversed(kept) if one.key == key), None)


def remember(cache: Cache, new: Known) -> Cache:
    """Add a diagnosis in the place of one of the same; what is too much or old goes."""
    kept = [one for one in _kept(cache, new.at) if one.key != new.key]
    return Cache((*kept, new)[-MOST:])


def forget(cache: Cache, incident: str) -> Cache:
    """Leave out the diagnosis of an incident, as it did not prove right."""
    return Cache(tuple(one for one in cache.known if one.incident != incident))


def _kept(cache: Cache, now: float) -> tuple[Known, ...]:
    """Those that are not too old; of a clock that went back none is of the future."""
    return tuple(one for one in cache.known if 0 <= now - one.at <= MAX_AGE)
