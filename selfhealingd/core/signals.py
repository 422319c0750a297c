"""Signals by name and by number."""

import signal


def signal_name(number: int) -> str:
    """``SIGTERM`` for 15; the number itself where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def signal_number(text: str) -> int | None:
    """A signal by name (``HUP``, ``SIGHUP``, in any case) or number; None if none."""
    if text.isdecimal():
        number = int(text)
        return number if number in signal.valid_signals() else None
    name = text.upper()
    try:
        return signal.Signals[name if name.startswith("SIG") else f"SIG{name}"].value
    except KeyError:
        return None
