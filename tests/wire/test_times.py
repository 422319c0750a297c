from datetime import UTC, datetime, timedelta, timezone

import pytest

from selfhealingd.wire.times import rfc3339

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "written"),
    [
        (NOON, "2026-11-23T12:00:00.000Z"),
        (NOON + timedelta(microseconds=123_999), "2026-11-23T12:00:00.123Z"),
        (
            datetime(2026, 11, 23, 14, 9, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-23T12:09:00.000Z",
        ),
    ],
)
def test_a_time_is_written_in_utc_cut_to_milliseconds(
    when: datetime, written: str
) -> None:
    """Any zone becomes Z, and nothing is rounded up."""
    assert written == rfc3339(when)


def test_a_time_without_zone_is_refused() -> None:
    """A naive time could only be guessed at."""
    with pytest.raises(ValueError, match="zone"):
        rfc3339(datetime(2026, 11, 23))  # noqa: DTZ001 - the mistake meant
