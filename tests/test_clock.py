from datetime import UTC

from selfhealingd import clock


def test_the_wall_clock_is_read_in_utc() -> None:
    """A time without its zone could only be guessed at."""
    assert clock.utc_now().tzinfo is UTC


def test_the_boot_is_named_and_timed() -> None:
    """One boot has one id, and time since it only grows."""
    assert clock.boot_id() == clock.boot_id()
    assert len(clock.boot_id()) == 36
    assert 0 < clock.boottime() <= clock.boottime()
