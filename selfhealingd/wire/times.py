"""Times as the daemon writes them, for people and scripts."""

from datetime import UTC, datetime


def rfc3339(when: datetime) -> str:
    """Write an aware time as ``2026-11-23T13:09:00.123Z``.

    Cut to milliseconds, never rounded into the future. Raises ValueError for a naive
    one, whose zone could only be guessed.
    """
    if when.tzinfo is None:
        raise ValueError("cannot write a time without its zone")
    plain = when.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(timespec="milliseconds") + "Z"
