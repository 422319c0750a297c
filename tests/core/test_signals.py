"""Signals by name and by number."""

import pytest

from selfhealingd.core.signals import signal_name, signal_number


def test_signals_have_their_names() -> None:
    """A signal without a name is called by its number."""
    assert ["SIGTERM", "SIGHUP", "signal 99"] == [signal_name(n) for n in (15, 1, 99)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("HUP", 1),
        ("SIGHUP", 1),
        ("sigusr1", 10),
        ("9", 9),
        ("0", None),
        ("999", None),
        ("-1", None),
        ("SIGNONE", None),
        ("", None),
    ],
)
def test_a_signal_by_name_or_number(text: str, number: int | None) -> None:
    """With or without SIG, in any case; None for what is none."""
    assert number == signal_number(text)
