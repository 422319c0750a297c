"""Kills that a cgroup counts are told once."""

from pathlib import Path

from selfhealingd.observe.evidence.memory import OomCounter, kills

EVENTS = "low 0\nhigh 3\nmax 12\noom 2\noom_kill {}\noom_group_kill 0\n"


def test_only_what_was_added_is_told(tmp_path: Path) -> None:
    """What was counted before the daemon, or told already, is no news."""
    file = tmp_path / "memory.events"
    file.write_text(EVENTS.format(4))
    counter = OomCounter(tmp_path)
    assert counter.news() is None
    file.write_text(EVENTS.format(5))
    words = counter.news()
    assert words is not None
    assert "killed a process" in words
    assert counter.news() is None
    file.write_text(EVENTS.format(8))
    assert "killed 3 processes" in str(counter.news())


def test_without_a_counter_nothing_is_known(tmp_path: Path) -> None:
    """No cgroup, no file, or a file without the number: silence, and no error."""
    assert OomCounter(None).news() is None
    assert OomCounter(tmp_path).news() is None
    assert kills("oom 3\n") is None
    assert kills("oom_kill many\n") is None
