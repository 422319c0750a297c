"""Words made fit for a terminal: no controls, short durations, local times."""

import re
from datetime import datetime

# A colour sequence as a whole, so that its letters do not stay behind.
_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[ -/]*[0-~]"
)
# JSON lets these stand unescaped, and some terminals obey them.
_CONTROLS = re.compile("[\x7f-\x9f]")
_FULL = 1000  # three digits at most: 1000 KiB is shown as 1.0 MiB
_HUNDRED = 99.95  # what would be shown as 100.0
_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86400

QUOTED = "│ "
"""Before the words of programs: what comes after it is theirs, and not ours."""


def clean(words: str) -> str:
    """Return ``words`` on one line, without anything that steers a terminal."""
    if words.isprintable():
        return words
    plain = _SEQUENCES.sub("", words)
    return "".join(
        char if char.isprintable() else " " if char.isspace() else "" for char in plain
    )


def escaped(json: str) -> str:
    """Return JSON in which all that steers a terminal is escaped."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def duration(seconds: float) -> str:
    """Return a duration by its two largest units, such as ``3h 12m``."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (_SECOND, "s")):
        count, left = divmod(left, size)
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def size(number: float) -> str:
    """Return bytes with three digits and a unit, such as ``12.5 MiB``."""
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while number >= _FULL and len(units) > 1:
        number /= 1024
        del units[0]
    digits = 0 if number >= _HUNDRED or units[0] == "B" else 1
    return f"{number:.{digits}f} {units[0]}"


def moment(stamp: str | None) -> str:
    """Return an RFC 3339 time in the reader's zone; what is none, as it is."""
    if stamp is None:
        return ""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return clean(stamp)
