"""What a program's sign is called, where people read of it."""

import pytest

from selfhealingd.core.readiness import Line, Notify, Sign, Tcp, Unix


@pytest.mark.parametrize(
    ("sign", "sought", "missing"),
    [
        (Notify(), "READY=1", "it has not sent READY=1"),
        (
            Line("up on \\d+"),
            "a line with /up on \\d+/",
            "it has not written a line with /up on \\d+/",
        ),
        (Tcp("", 80), "a listener on :80", "nothing listens on :80"),
        (Tcp("::1", 80), "a listener on [::1]:80", "nothing listens on [::1]:80"),
        (Unix("/run/x"), "a listener on /run/x", "nothing listens on /run/x"),
    ],
)
def test_in_words(sign: Sign, sought: str, missing: str) -> None:
    """As the operator wrote it in the config."""
    assert (sought, missing) == (sign.sought, sign.missing)
