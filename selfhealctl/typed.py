"""What was typed, read: times, reasons, seconds that were left out."""

import re

from selfhealctl.errors import UsageError

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_STEP = r"(\d+(?:\.\d+)?)(s|min|m|h|d)?"

WATCH_SECS = 2.0
WATCH = ("--watch", "-w")
NUMBER = r"\d*\.?\d+|\d+\."


def with_seconds(typed: list[str]) -> list[str]:
    """Return what was typed, with the seconds of --watch where they were left out."""
    given: list[str] = []
    for at, word in enumerate(typed):
        if word == "--":
            return [*given, *typed[at:]]
        given.append(word)
        following = typed[at + 1] if at + 1 < len(typed) else ""
        if word in WATCH and not re.fullmatch(NUMBER, following):
            given.append(f"{WATCH_SECS:g}")
    return given


def seconds_of(since: str) -> float:
    """Return how long ``30m``, ``1h30m`` or ``90`` (seconds) are; raises UsageError."""
    text = since.strip().replace(" ", "").lower()
    steps = re.findall(_STEP, text) if re.fullmatch(rf"(?:{_STEP})+", text) else []
    seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in steps)
    if seconds <= 0:
        raise UsageError(
            f"cannot read {since!r}: expected a time such as 30m, 2h or 1d",
            "example: --since 2h",
        )
    return seconds


def required_reason(command: str, reason: str | None, example: str) -> str:
    """Return the reason; raises UsageError with the example when there is none."""
    if reason and any(map(str.isalnum, reason)):
        return reason
    if reason and reason.strip():
        raise UsageError(
            f"cannot {command}: the reason {reason.strip()!r} says nothing",
            f"example: {example}",
        )
    raise UsageError(
        f"cannot {command} without a reason: it is recorded with who gave it",
        f"example: {example}",
    )
