import pytest

from selfhealingd.core.spans import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (0.04, "0 s"),
        (0.44, "0.4 s"),
        (5, "5 s"),
        (9.97, "10 s"),
        (12.3, "12 s"),
        (59.7, "1 min"),
        (60, "1 min"),
        (320, "5 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (3605, "1 h"),
        (90_000, "1 d 1 h"),
        (86_400, "1 d"),
    ],
)
def test_spans(seconds: float, words: str) -> None:
    """At most two units, and tenths only where they say something."""
    assert words == span(seconds)
