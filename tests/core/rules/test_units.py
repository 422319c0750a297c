"""Values as rules write them and as people read them."""

import pytest

from selfhealingd.core.rules.units import exact, human
from selfhealingd.core.sample import Unit


@pytest.mark.parametrize(
    ("unit", "value", "written", "read"),
    [
        (Unit.PERCENT, 90, "90%", "90 %"),
        (Unit.PERCENT, 92.5, "92.5%", "92.5 %"),
        (Unit.PERCENT, 0.0625, "0.0625%", "0.06 %"),
        (Unit.BYTES, 0, "0B", "0 B"),
        (Unit.BYTES, 1000, "1000B", "1000 B"),
        (Unit.BYTES, 500 * 1024**2, "500MiB", "500 MiB"),
        (Unit.BYTES, 1.5 * 1024**3, "1536MiB", "1.5 GiB"),
        (Unit.BYTES, 1024**6, "1024PiB", "1024 PiB"),
        (Unit.BYTES_PER_SECOND, 10 * 1024**2, "10MiB/s", "10 MiB/s"),
        (Unit.SECONDS, 0, "0ms", "0 s"),
        (Unit.SECONDS, 0.25, "250ms", "0.2 s"),
        (Unit.SECONDS, 90, "90s", "1 min 30 s"),
        (Unit.SECONDS, 600, "10min", "10 min"),
        (Unit.SECONDS, 7 * 86400, "7d", "7 d"),
        (Unit.COUNT, 48213, "48213", "48213"),
        (Unit.PLAIN, 2.5, "2.5", "2.5"),
    ],
)
def test_a_value_is_said_exactly_and_readably(
    unit: Unit, value: float, written: str, read: str
) -> None:
    """A rule's words lose nothing; a sentence keeps what says something."""
    assert written == exact(unit, value)
    assert read == human(unit, value)
