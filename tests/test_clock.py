from datetime import UTC

from selfhealingd import clock


def test_the_wall_clock_is_read_in_utc() -> None:
    """A time without its zone could only be guessed at."""
    assert clock.utc_now().tzinfo is UTC


def test_time_since_boot_only_grows() -> None:
    """Whatever is done to the wall clock."""
    assert 0 < clock.boottime() <= clock.boottime()
